package agent

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// expected is what a message is held against.
type expected struct {
	act    string
	issuer string
	now    time.Time
}

// rules are what the claims of a message must keep, in this order. That it is new is found last, by who has a store.
var rules = [...]struct {
	name  string
	check func(m *Message, ask expected) *bridge.Refusal
}{
	{"iss is the workstation whose key signed", checkIssuer},
	{"aud is this hub and nobody else", checkAudience},
	{"act is what was asked", checkAct},
	{"iat is close to now", checkIssued},
	{"exp is at most a minute after iat, and not over", checkExpiry},
	{"jti has at least 128 bits, and is bounded", checkID},
}

func checkIssuer(m *Message, _ expected) *bridge.Refusal {
	if iss, err := m.Claims.Text("iss"); err != nil || iss != m.Workstation.ID {
		return malformed("iss of the message is not the workstation that signed it")
	}
	return nil
}

// checkAudience wants a string: a message to two hubs could be passed on by either.
func checkAudience(m *Message, ask expected) *bridge.Refusal {
	if aud, err := m.Claims.Text("aud"); err != nil || aud != ask.issuer {
		return bridge.Refuse(bridge.BadRequest, "The message is for another hub.").WithCode("agent_audience")
	}
	return nil
}

func checkAct(m *Message, ask expected) *bridge.Refusal {
	if act, err := m.Claims.Text("act"); err != nil || act != ask.act {
		return malformed("act of the message is not " + ask.act)
	}
	return nil
}

func checkIssued(m *Message, ask expected) *bridge.Refusal {
	iat, err := m.Claims.Whole("iat")
	if err != nil {
		return malformed("iat of the message is not a time in whole seconds")
	}
	m.issued = time.Unix(iat, 0)
	if m.issued.After(ask.now.Add(Skew)) {
		return clocks()
	}
	return nil
}

func checkExpiry(m *Message, ask expected) *bridge.Refusal {
	exp, err := m.Claims.Whole("exp")
	if err != nil {
		return malformed("exp of the message is not a time in whole seconds")
	}
	m.until = time.Unix(exp, 0)
	switch life := m.until.Sub(m.issued); {
	case life <= 0 || life > MaxLife:
		return malformed("exp of the message is not within a minute after iat")
	case !ask.now.Before(m.until.Add(Skew)):
		return clocks()
	}
	return nil
}

func clocks() *bridge.Refusal {
	return bridge.Refuse(bridge.Stale, "The message is too old or from the future. Compare the clocks of this workstation and the hub.").WithCode("agent_clock")
}

func checkID(m *Message, _ expected) *bridge.Refusal {
	id, err := m.Claims.Text("jti")
	if err != nil || len(id) < base64.RawURLEncoding.EncodedLen(16) || len(id) > maxID {
		return malformed("jti of the message must have 22 to 64 characters")
	}
	m.id = id
	return nil
}

// acts are all that a message can be about.
func acts() []string { return []string{"enrol", "event", "status", "presence"} }

// Judge says to people who look at a message what any hub would refuse it for at a time, by the hub's own rules: all that are broken. The
// workstation is whose key is said to have signed it. Which hub it is for, what it was asked for, and whether it is new, only that hub knows.
func Judge(claims jose.Claims, workstation string, now time.Time) (broken []string) {
	m := Message{Workstation: trust.Workstation{ID: workstation}, Claims: claims}
	ask := expected{act: "one of " + strings.Join(acts(), ", "), now: now}
	if aud, err := claims.Text("aud"); err == nil {
		ask.issuer = aud
	}
	if act, err := claims.Text("act"); err == nil && slices.Contains(acts(), act) {
		ask.act = act
	}
	for _, rule := range rules {
		if why := rule.check(&m, ask); why != nil {
			broken = append(broken, why.Detail)
		}
	}
	_, notUser := m.User()
	_, notCard := m.Certificate()
	for _, err := range []error{notUser, notCard} {
		if err != nil {
			broken = append(broken, bridge.AsRefusal(err).Detail)
		}
	}
	return broken
}
