package bridge_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// TestPartnersOfReport: a partner that was told several names is one partner, and stands as the name with most left to do.
func TestPartnersOfReport(t *testing.T) {
	states := []bridge.DeliveryState{
		bridge.DeliveryEnded, bridge.DeliveryTold, bridge.DeliveryDropped, bridge.DeliveryNone, bridge.DeliveryRefused, bridge.DeliveryNoReply,
		bridge.DeliveryPending, bridge.DeliveryFront,
	}
	of := func(partner string, protocol trust.Protocol, name string, state bridge.DeliveryState) bridge.Delivery {
		return bridge.Delivery{ID: partner + name, State: state, Participant: bridge.Participant{Session: "s", Partner: partner, Protocol: protocol, Subject: name}}
	}
	for i, less := range states {
		for _, more := range states[i:] {
			for _, two := range [][]bridge.DeliveryState{{less, more}, {more, less}} {
				r := bridge.LogoutReport{Deliveries: []bridge.Delivery{
					of("a", trust.SAML2, "1", two[0]), of("b", trust.SAML2, "1", bridge.DeliveryEnded), of("a", trust.SAML2, "2", two[1]), of("a", trust.OIDC, "1", bridge.DeliveryEnded),
				}}
				got := r.Partners()
				if len(got) != 3 || got[0].Participant.Partner != "a" || got[0].State != more || got[1].Participant.Partner != "b" || got[2].Participant.Protocol != trust.OIDC {
					t.Errorf("%v: %+v", two, got)
				}
				if all := !slices.ContainsFunc(got, func(d bridge.Delivery) bool { return d.State != bridge.DeliveryEnded }); all != r.Everywhere() {
					t.Errorf("%v: everywhere %v", two, r.Everywhere())
				}
			}
		}
	}
}

// TestPartnersOfReportKeepTheLink: of two names that stand alike the one that the browser can still tell is shown.
func TestPartnersOfReportKeepTheLink(t *testing.T) {
	const link = "https://pas.example/slo"
	for _, links := range [][]string{{"", link}, {link, ""}, {link, link + "2"}} {
		var r bridge.LogoutReport
		for i, front := range links {
			r.Deliveries = append(r.Deliveries, bridge.Delivery{ID: fmt.Sprint(i), State: bridge.DeliveryNoReply, FrontURL: front, Participant: bridge.Participant{Partner: "a"}})
		}
		if got := r.Partners(); len(got) != 1 || got[0].FrontURL != link {
			t.Errorf("%v: %+v", links, got)
		}
	}
}

// TestDisowned: a name that a partner disowned in the browser counts as ended when it ended its session by another, waits while it may, and
// counts for nothing where another partner did. What it failed to end it did not disown.
func TestDisowned(t *testing.T) {
	const ended, none, front, told = bridge.DeliveryEnded, bridge.DeliveryNone, bridge.DeliveryFront, bridge.DeliveryTold
	for _, c := range []struct {
		disowned bool
		other    string // that was told the second name
		second   bridge.DeliveryState
		want     bridge.DeliveryState
	}{
		{true, "a", ended, ended}, {true, "a", front, front}, {true, "a", none, none}, {true, "a", told, none}, {true, "b", ended, none}, {true, "b", front, none},
		{false, "a", ended, none}, {false, "a", front, none},
	} {
		first := bridge.Delivery{State: none, Disowned: c.disowned, Participant: bridge.Participant{Partner: "a", Subject: "1"}}
		second := bridge.Delivery{State: c.second, Participant: bridge.Participant{Partner: c.other, Subject: "2"}}
		for i, ds := range [][]bridge.Delivery{{first, second}, {second, first}} {
			r := bridge.LogoutReport{Deliveries: ds}
			got := r.Weighed()
			if len(got) != 2 || got[i].State != c.want || got[1-i].State != c.second || r.Everywhere() != (c.want == ended && c.second == ended) || r.Deliveries[i].State != none {
				t.Errorf("%+v: %+v, everywhere %v", c, got, r.Everywhere())
			}
		}
	}
}

// TestSuspensionTellsEveryName: a partner that knows a session by two names is told of a suspension by both, and of the end by what it did not confirm.
func TestSuspensionTellsEveryName(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	_, next := w.signIn(request(partnerA), uid)
	iss := w.issue(next)
	told, err := w.store.Participants(t.Context(), iss.SessionID)
	w.must(err)
	for i := range 2 {
		again := told[0]
		again.Subject, again.Since = fmt.Sprint("name ", i), w.now.Add(time.Duration(i+1))
		w.must(w.store.Commit(t.Context(), bridge.AddParticipant{Participant: again}))
	}
	all, err := w.store.Participants(t.Context(), iss.SessionID)
	w.must(err)
	if last := bridge.LastTold(all); len(all) != 3 || len(last) != 1 || last[0].Subject != "name 1" {
		t.Errorf("%+v of %+v", last, all)
	}
	report, err := w.hub.Suspend(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: bridge.EndedByLock})
	w.must(err)
	if len(w.told) != 3 || len(report.Partners()) != 1 || !report.Everywhere() {
		t.Errorf("told %v: %+v", w.told, report.Deliveries)
	}
	report, err = w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: bridge.EndedByUser})
	w.must(err)
	if len(w.told) != 3 || len(report.Deliveries) != 0 {
		t.Errorf("told %v: %+v", w.told, report.Deliveries)
	}
}
