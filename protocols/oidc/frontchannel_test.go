package oidc

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

const frontAddress = "https://epr.example/signed-out?tenant=1"

// fronted is a world in which the client basic can only be told by the browser, and what became of a sign-out there.
func fronted(t testing.TB, session bool) (*world, bridge.Delivery) {
	t.Helper()
	w := newWorld(t)
	w.change("basic", func(p *trust.Partner) {
		p.OIDC.BackchannelLogoutURI, p.OIDC.FrontchannelLogoutURI, p.OIDC.FrontchannelSession = "", frontAddress, session
	})
	claims, _ := w.verified(w.tokens(w.redeem("basic", w.browser().code("basic"))).ID)
	told, err := w.store.FindParticipant(context.Background(), trust.OIDC, "basic", claims["sid"].(string))
	must(t, err)
	report, err := w.hub.Logout(context.Background(), told.Session, bridge.LogoutCause{Reason: bridge.EndedByUser})
	must(t, err)
	d := report.Deliveries[0]
	if d.State != bridge.DeliveryFront || !strings.HasPrefix(d.FrontURL, issuer+frontPath+"?") || len(w.posted) != 0 {
		t.Fatalf("%+v, posted %v", d, w.posted)
	}
	return w, d
}

func (w *world) visit(address string) reply {
	w.t.Helper()
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	r.Host = "sso.rx1.example"
	w.router.ServeHTTP(rec, r)
	return read(w.t, rec.Result(), nil)
}

func (w *world) delivery(d bridge.Delivery) bridge.Delivery {
	w.t.Helper()
	ds, err := w.store.Deliveries(w.t.Context(), d.Logout)
	must(w.t, err)
	for _, x := range ds {
		if x.ID == d.ID {
			return x
		}
	}
	w.t.Fatal("the delivery is gone")
	return bridge.Delivery{}
}

// TestFrontChannel: the browser is sent to the client's page, with the session where the terms say so, and no more is claimed than
// that it was.
func TestFrontChannel(t *testing.T) {
	for name, session := range map[string]bool{"with iss and sid": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			w, d := fronted(t, session)
			for range 2 { // also when the frame is loaded again
				got := w.visit(d.FrontURL)
				if got.status != http.StatusSeeOther || got.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(got.to.String(), frontAddress) {
					t.Fatalf("%d %v", got.status, got.to)
				}
				q := got.to.Query()
				if (q.Get("iss") == issuer) != session || (q.Get("sid") == d.Participant.Index) != session || q.Get("tenant") != "1" || len(q) > 1 != session {
					t.Errorf("to %v", got.to)
				}
			}
			if x := w.delivery(d); x.State != bridge.DeliveryTold || x.FrontURL != "" {
				t.Errorf("afterwards %+v", x)
			}
		})
	}
}

// frontRows: an address that the hub did not make leads nowhere and changes nothing.
func frontRows(t *testing.T) {
	w, d := fronted(t, true)
	t.Run("195/front channel", func(t *testing.T) {
		for what, address := range map[string]string{
			"no code":          strings.Replace(d.FrontURL, "&v=", "&x=", 1),
			"another code":     d.FrontURL + "x",
			"another delivery": strings.Replace(d.FrontURL, "delivery="+d.ID, "delivery="+d.Logout+".2", 1),
			"another sign-out": strings.Replace(d.FrontURL, "logout="+d.Logout, "logout=x", 1),
			"nothing":          issuer + frontPath,
		} {
			if got := w.visit(address); got.status != http.StatusBadRequest || got.to != nil {
				t.Errorf("%s: %d %v", what, got.status, got.to)
			}
		}
		if x := w.delivery(d); x.State != bridge.DeliveryFront {
			t.Errorf("afterwards %+v", x)
		}
		w.change("basic", func(p *trust.Partner) { p.OIDC.FrontchannelLogoutURI = "" })
		if got := w.visit(d.FrontURL); got.status == http.StatusSeeOther || !strings.Contains(got.body, "Close its window") {
			t.Errorf("an address that was struck off: %d %v", got.status, got.to)
		}
		if x := w.delivery(d); x.State != bridge.DeliveryFront {
			t.Errorf("told of nothing, and yet %+v", x)
		}
	})
}

// TestBackChannelComesFirst: a client with both is told by the one that can be confirmed and tried again.
func TestBackChannelComesFirst(t *testing.T) {
	w := newWorld(t)
	w.change("basic", func(p *trust.Partner) { p.OIDC.FrontchannelLogoutURI = frontAddress })
	p, err := w.Partner(trust.OIDC, "basic")
	must(t, err)
	for status, want := range map[int]bridge.DeliveryState{200: bridge.DeliveryEnded, 500: bridge.DeliveryNoReply} {
		w.status = status
		if got, front := w.p.Propagate(t.Context(), bridge.Delivery{}, p); got != want || front != "" {
			t.Errorf("answer %d: %s %s", status, got, front)
		}
	}
	w.p.poster = nil // a hub without a way out tells through the browser
	if got, front := w.p.Propagate(t.Context(), bridge.Delivery{ID: "d"}, p); got != bridge.DeliveryFront || front == "" {
		t.Errorf("without a poster: %s %s", got, front)
	}
}

// TestAskingClientIsFramed: a client that asks for the sign-out is told through the browser too, and is not the worse for it.
func TestAskingClientIsFramed(t *testing.T) {
	w := newWorld(t)
	w.change("basic", func(p *trust.Partner) { p.OIDC.BackchannelLogoutURI, p.OIDC.FrontchannelLogoutURI = "", frontAddress })
	var report bridge.LogoutReport
	w.p.after = func(_ http.ResponseWriter, _ *http.Request, r bridge.LogoutReport, _ string) { report = r }
	b := w.browser()
	set := w.tokens(w.redeem("basic", b.code("basic")))
	b.get(logoutQuery("id_token_hint", set.ID, "post_logout_redirect_uri", landing))
	if !report.Everywhere() || !report.NeedsBrowser() {
		t.Fatalf("%+v", report)
	}
	w.visit(report.Deliveries[0].FrontURL)
	if d := w.delivery(report.Deliveries[0]); d.State != bridge.DeliveryEnded || d.FrontURL != "" {
		t.Errorf("afterwards %+v", d)
	}
}
