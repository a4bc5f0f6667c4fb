package config

import "time"

// publicHosts are the host names that the public certificate has to be for.
func (l *loader) publicHosts() []string {
	hosts := []string{l.cfg.Host()}
	if agent := l.cfg.Tickets.Agent; agent.Enabled && l.good("tickets.agent.hosts") {
		hosts = append(hosts, agent.Hosts...)
	}
	return hosts
}

// checkSilence: agents are heard every 20 seconds, so less than a minute would be no silence.
func (l *loader) checkSilence() {
	const path = "workstation.silence"
	if after := l.cfg.Workstation.Silence; l.good(path) && after > 0 && after < time.Minute {
		l.fail(l.where(path), "%s: is 0s or at least 1m", path)
	}
}

// checkAgent asks for what the protocol of Smartcard agents cannot work without.
func (l *loader) checkAgent() {
	const group, enabled = "tickets.agent", "tickets.agent.enabled"
	agent := l.cfg.Tickets.Agent
	if !agent.Enabled {
		l.unheeded(enabled+": true", group+".hosts", group+".session_life", group+".networks", group+".sha1_challenges")
		return
	}
	if !l.cfg.Tickets.Enabled && l.good("tickets.enabled") {
		l.fail(l.where(enabled), "%s: has no effect while tickets.enabled is false", enabled)
	}
	if !l.cfg.Authenticators.Smartcard.Enabled && l.good("authenticators") {
		l.fail(l.where(enabled), "%s: agents show Smartcards, add smartcard to authenticators", enabled)
	}
	for _, host := range agent.Hosts {
		switch {
		case !l.good(group + ".hosts"):
		case host == l.cfg.Host():
			l.fail(l.where(group+".hosts"), "%s.hosts: %q is the issuer's own host; leave it out to have agents call that", group, host)
		case covers(l.cfg.Listeners.Card.HostPattern, host):
			l.fail(l.where(group+".hosts"), "%s.hosts: %q is a host of cards (listeners.card.host_pattern)", group, host)
		}
	}
	if agent.SHA1 && l.opts.Production {
		l.warn(l.where(group+".sha1_challenges"), "%s.sha1_challenges: SHA-1 is broken for signatures in general; switch it off when the last old agent is gone", group)
	}
}
