package agent

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxCache is the longest that a PIN may be kept.
const maxCache = 15 * time.Minute

// rules of the configuration. Each names the keys that it is about.
func (c *Config) rules(lab bool) []error {
	return []error{
		secure("hub.issuer", c.Hub.Issuer, lab),
		onlyIf(c.Ticket.URL != "", secure("ticket.url", c.Ticket.URL, lab)),
		onlyIf(c.StateDir == "", errors.New("state_dir: is needed")),
		each("modules", c.Modules, filepath.IsAbs, "is not an absolute path"),
		each("origins", c.Origins, func(o string) bool { return isOrigin(o, lab) }, "is not an origin, such as https://sso.trust.example"),
		each("audiences", slices.Sorted(maps.Keys(c.Audiences)), func(o string) bool { return slices.Contains(c.Origins, o) }, "is not among origins"),
		each("ticket.origins", c.Ticket.Origins, func(o string) bool { return slices.Contains(c.Origins, o) }, "is not among origins"),
		eachPort(c.Ports),
		command("pin.command", c.PIN.Command), command("lock.command", c.Lock.Command), command("role.command", c.Role.Command),
		onlyIf(len(c.PIN.Command) > 0 && c.PIN.Program != "", errors.New("pin.command and pin.program exclude each other")),
		onlyIf(c.PIN.Timeout < 5*time.Second || c.PIN.Timeout > 10*time.Minute, errors.New("pin.timeout: 5s to 10m")),
		onlyIf(c.PIN.Cache < 0 || c.PIN.Cache > maxCache, fmt.Errorf("pin.cache: 0 to %s", maxCache)),
		onlyIf(new(slog.Level).UnmarshalText([]byte(c.Log.Level)) != nil, errors.New("log.level: debug, info, warn or error")),
	}
}

func (c *Config) check(lab bool) error { return errors.Join(c.rules(lab)...) }

func onlyIf(broken bool, why error) error {
	if broken {
		return why
	}
	return nil
}

// secure: https with a host; http on this machine in a rehearsal.
func secure(key, address string, lab bool) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !(lab && u.Scheme == "http" && isLocal(u.Hostname())) {
		return fmt.Errorf("%s: %q is not an https address", key, address)
	}
	return nil
}

// isLocal: the names of this machine (RFC 6761 6.3).
func isLocal(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || strings.HasSuffix(host, ".localhost")
}

func isOrigin(o string, lab bool) bool {
	u, err := url.Parse(o)
	return err == nil && secure("", o, lab) == nil && u.Path == "" && o == strings.ToLower(o) && originOf(o) == o
}

func each(key string, values []string, ok func(string) bool, why string) error {
	for _, v := range values {
		if !ok(v) {
			return fmt.Errorf("%s: %q %s", key, v, why)
		}
	}
	return nil
}

func eachPort(ports []int) error {
	for _, p := range ports {
		if p < 1024 || p > 65535 {
			return fmt.Errorf("ports: %d is not from 1024 to 65535", p)
		}
	}
	return nil
}

func command(key string, words []string) error {
	if len(words) > 0 && words[0] == "" {
		return fmt.Errorf("%s: names no program", key)
	}
	return nil
}
