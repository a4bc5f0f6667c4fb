package bridge_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// onlyByBrowser are partners that nothing but the browser can tell, with a new address each time they are asked about.
type onlyByBrowser struct{ asked int }

// Propagate implements bridge.Propagator.
func (o *onlyByBrowser) Propagate(_ context.Context, d bridge.Delivery, _ trust.Partner) (bridge.DeliveryState, string) {
	o.asked++
	return bridge.DeliveryFront, fmt.Sprintf("https://app.example/%s/%d", d.Participant.Partner, o.asked)
}

// TestAskerIsToldAllTheSame: a participant that asks for a logout and wants to be told is told once, and is signed out whatever it says.
func TestAskerIsToldAllTheSame(t *testing.T) {
	for name, front := range map[string]bool{"by itself": false, "by the browser": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			if front {
				w.hub.Propagators[trust.Ticket] = &onlyByBrowser{}
			}
			_, next := w.signIn(request("lab"), uid)
			iss := w.issue(next)
			report, err := w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: bridge.EndedByPartner, Protocol: trust.Ticket, Partner: "lab", Tell: true})
			w.must(err)
			if !report.Everywhere() || report.NeedsBrowser() != front || !front && len(w.told) != 1 {
				t.Fatalf("told %v, report %+v", w.told, report)
			}
			if front { // the visit is noted; nothing else changes
				w.must(w.hub.WasTold(t.Context(), report.ID, report.Deliveries[0].ID))
				report, _, err = w.hub.Report(t.Context(), iss.SessionID)
				w.must(err)
				if !report.Everywhere() || report.NeedsBrowser() {
					t.Errorf("after the visit %+v", report)
				}
			}
			w.now = w.now.Add(time.Hour)
			w.must(w.hub.Retry(t.Context()))
			if len(w.told) > 1 {
				t.Errorf("told again: %v", w.told)
			}
		})
	}
}

// TestLeftOpen: a session ends far from its browser. Whoever signs in there next hears of apps that only this browser can tell; another
// subject hears of every app that may still be open.
func TestLeftOpen(t *testing.T) {
	for name, tc := range map[string]struct {
		front bool
		uid   string
		after time.Duration
		hears bool
	}{
		"the same subject, browser needed":    {true, uid, time.Minute, true},
		"another subject, browser needed":     {true, other, time.Minute, true},
		"the same subject, app without reply": {false, uid, time.Minute, false},
		"another subject, app without reply":  {false, other, time.Minute, true},
		"too late":                            {true, other, 25 * time.Hour, false},
		"one who may not sign in":             {true, "555021935999", time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			told := &onlyByBrowser{}
			if tc.front {
				w.hub.Propagators[trust.Ticket] = told
			}
			b, next := w.signIn(request("lab"), uid)
			iss := w.issue(next)
			report, err := w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: bridge.EndedByAdmin})
			w.must(err)
			w.now = w.now.Add(tc.after)
			s, err := w.hub.Sessions.Session(t.Context(), iss.SessionID)
			w.must(err)
			if open, err := w.hub.LeftOpen(t.Context(), s); err != nil || open != (tc.front && tc.after < 24*time.Hour) {
				t.Errorf("left open %t, %v", open, err)
			}
			left, err := w.hub.SwitchUser(t.Context(), b, tc.uid, "7K4M-2Q9X")
			w.must(err)
			if (left.ID == report.ID) != tc.hears || (left.ID != "") != tc.hears {
				t.Fatalf("hears of %+v", left)
			}
			if tc.hears && tc.front && left.Deliveries[0].FrontURL != "https://app.example/lab/1" {
				t.Errorf("a fresh address was made anew: %s", left.Deliveries[0].FrontURL)
			}
			if !tc.hears || !tc.front {
				return
			}
			w.now = w.now.Add(time.Second) // now it is stale
			left, err = w.hub.SwitchUser(t.Context(), b, tc.uid, "7K4M-2Q9X")
			w.must(err)
			if left.Deliveries[0].FrontURL != "https://app.example/lab/2" {
				t.Errorf("a stale address was given: %s", left.Deliveries[0].FrontURL)
			}
		})
	}
}

func TestLivingSessionIsNotLeftOpen(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	_, next := w.signIn(request("lab"), uid)
	s, err := w.hub.Sessions.Session(t.Context(), w.issue(next).SessionID)
	w.must(err)
	if open, err := w.hub.LeftOpen(t.Context(), s); open || err != nil {
		t.Errorf("left open %t, %v", open, err)
	}
}
