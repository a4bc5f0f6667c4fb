package bridge_test

import (
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// TestPassiveBrowser: a browser that shows only the key of its session is answered passively, and is nobody for anything else.
func TestPassiveBrowser(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b, next := w.signIn(request(partnerA), uid)
	w.issue(next)
	framed := bridge.Browser{Binding: binding, Passive: bridge.Key(b.Session)}
	passive := request(partnerA)
	passive.Passive = true
	next, err := w.hub.Begin(t.Context(), framed, passive)
	w.must(err)
	if iss := w.issue(next); iss.UID != uid {
		t.Errorf("issued for %s", iss.UID)
	}
	if next, err := w.hub.Begin(t.Context(), framed, request(partnerA)); err != nil || next.Step != bridge.StepAuthenticate {
		t.Errorf("not passive: step %q, %v", next.Step, err)
	}
	_, _, err = w.hub.Live(t.Context(), framed)
	w.refused(err, bridge.SessionExpired)
	_, err = w.hub.Begin(t.Context(), bridge.Browser{Session: "guess", Passive: framed.Passive}, passive)
	w.refused(err, bridge.NotAuthenticated)
	_, err = w.hub.Begin(t.Context(), bridge.Browser{Passive: "guess"}, passive)
	w.refused(err, bridge.NotAuthenticated)
}

// TestUnattendedEmergency: a request that nobody made is refused as it would be without emergency access, and offers none.
func TestUnattendedEmergency(t *testing.T) {
	w := newEmergencyWorld(t)
	b, _ := w.signIn(request("lab"), uid)
	next, err := w.hub.Begin(t.Context(), b, request(partnerA))
	if w.must(err); next.Step != bridge.StepEmergency {
		t.Errorf("step %q", next.Step)
	}
	b.Unattended = true
	_, err = w.hub.Begin(t.Context(), b, request(partnerA))
	w.refused(err, bridge.NoRole)
}

// TestUnattendedRequests do not keep a session from going idle, whether or not they find a role.
func TestUnattendedRequests(t *testing.T) {
	for name, roleAlready := range map[string]bool{"with a role": true, "finding the only one": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			first := request(partnerA)
			if !roleAlready {
				first = request("lab")
			}
			b, next := w.signIn(first, uid)
			w.issue(next)
			seen := w.now
			w.now = w.now.Add(5 * time.Minute)
			req := request(partnerA)
			req.Passive, b.Unattended = true, true
			next, err := w.hub.Begin(t.Context(), b, req)
			w.must(err)
			w.issue(next)
			next, err = w.hub.BeginLocal(t.Context(), b, bridge.Request{})
			w.must(err)
			w.must(w.hub.Finish(t.Context(), next))
			s, _, err := w.hub.Live(t.Context(), b)
			w.must(err)
			if !s.Seen.Equal(seen) || s.RoleID != roleA {
				t.Errorf("seen %v, role %s", s.Seen, s.RoleID)
			}
		})
	}
}
