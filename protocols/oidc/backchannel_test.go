package oidc

import (
	"bytes"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// TestLogoutTokenIsNewEachTime: a client that has not confirmed is told again, by a token of its own, until it does.
func TestLogoutTokenIsNewEachTime(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	set := w.tokens(w.redeem("post", b.code("post")))
	claims, _ := w.verified(set.ID)
	w.status, w.says = http.StatusBadRequest, `{"error":"logout_failed","error_description":"the ward list is locked"}`
	session, err := w.store.FindParticipant(t.Context(), trust.OIDC, "post", claims["sid"].(string))
	must(t, err)
	report, err := w.hub.Logout(t.Context(), session.Session, bridge.LogoutCause{Reason: bridge.EndedByUser})
	must(t, err)
	if d := report.Deliveries[0]; d.State != bridge.DeliveryRefused || d.Next.IsZero() || report.Everywhere() {
		t.Fatalf("%+v", report.Deliveries)
	}
	seen := map[any]bool{}
	for i, status := range []int{400, 500, 200, 200} {
		w.status = status
		w.advance(time.Hour)
		must(t, w.hub.Retry(t.Context()))
		if want := min(i+2, 4); len(w.posted) != want {
			t.Fatalf("told %d times, want %d", len(w.posted), want)
		}
	}
	for i, p := range w.posted {
		claims, h := w.verified(p.form.Get("logout_token"))
		_, nonce := claims["nonce"]
		if seen[claims["jti"]] || nonce || h.ExtraHeaders["typ"] != "logout+jwt" || len(p.form) != 1 || claims["exp"].(float64)-claims["iat"].(float64) != 120 {
			t.Errorf("token %d: %v %v", i, h, claims)
		}
		seen[claims["jti"]] = true
	}
	report, _, err = w.hub.Report(t.Context(), session.Session)
	must(t, err)
	if !report.Everywhere() {
		t.Errorf("%+v", report.Deliveries)
	}
}

// TestWhatAClientAnswersIsLogged: its error code and status, never its description, which may name people.
func TestWhatAClientAnswersIsLogged(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	w.p.log = slog.New(slog.NewTextHandler(&log, nil))
	w.status, w.says = http.StatusBadRequest, "{\"error\":\"no\\n_session\u202e\",\"error_description\":\"Asha Patel is unknown\"}"
	p, err := w.Partner(trust.OIDC, "basic")
	must(t, err)
	if got, _ := w.p.Propagate(t.Context(), bridge.Delivery{}, p); got != bridge.DeliveryRefused {
		t.Errorf("state %s", got)
	}
	if out := log.String(); !strings.Contains(out, "code=no_session") || !strings.Contains(out, "status=400") || strings.Contains(out, "Asha") {
		t.Errorf("log %s", out)
	}
	for _, body := range []string{"", "<html>", `{"error":5}`, `[]`, "null"} {
		if e := readLogoutError([]byte(body)); e != (logoutError{}) {
			t.Errorf("%q: %+v", body, e)
		}
	}
}

// TestClientThatEndsItself: by its terms a client is not told of the sign-out that it asked for, and of every other it is.
func TestClientThatEndsItself(t *testing.T) {
	for _, c := range []struct {
		name       string
		terms, own bool
		want       []string
	}{
		{"asks, as all do", false, true, []string{"basic", "post"}}, {"asks, and ends itself", true, true, []string{"post"}},
		{"another asks", true, false, []string{"basic", "post"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.change("basic", func(p *trust.Partner) { p.OIDC.EndsItself = c.terms })
			b := w.browser()
			asks := w.tokens(w.redeem("basic", b.code("basic"))).ID
			if other := w.tokens(w.redeem("post", b.code("post"))).ID; !c.own {
				asks = other
			}
			b.get(logoutQuery("id_token_hint", asks))
			var told []string
			for _, p := range w.posted {
				claims, _ := w.verified(p.form.Get("logout_token"))
				told = append(told, claims["aud"].(string))
			}
			if slices.Sort(told); !slices.Equal(told, c.want) {
				t.Errorf("told %v, want %v", told, c.want)
			}
		})
	}
}
