package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust"
)

// TestTestLogout: the token is a good one and about nobody; whatever comes back is named, and explained.
func TestTestLogout(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		says   string
		ok     bool
		hint   string
	}{
		"ended":           {200, "", true, "nothing to end"},
		"no content":      {204, "", true, "nothing to end"},
		"a page":          {200, " <!doctype html>", true, "sign-in page"},
		"refused":         {400, `{"error":"invalid_request","error_description":"no such\u202e session"}`, true, "section 2.8"},
		"redirect":        {302, "", false, "follows no redirect"},
		"forbidden":       {403, "", false, "only authentication"},
		"not found":       {404, "", false, "Nothing takes a POST"},
		"media type":      {415, "", false, "x-www-form-urlencoded"},
		"failed":          {500, "", false, "about a day"},
		"unknown session": {501, "", false, "answer 501"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.status, w.says = tc.status, tc.says
			p, err := w.Partner(trust.OIDC, "post")
			must(t, err)
			got, err := Faces{w.p}.TestLogout(t.Context(), p)
			must(t, err)
			if got.OK() != tc.ok || got.Status != tc.status || len(got.Hints) != 1 || !strings.Contains(got.Hints[0], tc.hint) {
				t.Errorf("%+v", got)
			}
			if name == "refused" && (got.Code != "invalid_request" || got.Text != "no such session") {
				t.Errorf("it said %q %q", got.Code, got.Text)
			}
			claims, h := w.verified(w.posted[0].form.Get("logout_token"))
			if h.Algorithm != "RS256" || claims["aud"] != "post" || claims["sub"] != got.Subject || claims["sid"] != got.SID || got.Subject == nurse || got.Token != w.posted[0].form.Get("logout_token") {
				t.Errorf("sent %v %v", h, claims)
			}
			if len(w.events(0)) != 0 {
				t.Error("something was recorded")
			}
		})
	}
}

func TestTestLogoutWithoutABackChannel(t *testing.T) {
	w := newWorld(t)
	p, err := w.Partner(trust.OIDC, "plain")
	must(t, err)
	if _, err := (Faces{w.p}).TestLogout(t.Context(), p); !errors.Is(err, ErrNoChannel) {
		t.Errorf("no channel: %v", err)
	}
	if _, err := (Faces{w.p}).TestLogout(t.Context(), trust.Partner{}); !errors.Is(err, ErrNoChannel) {
		t.Errorf("no client: %v", err)
	}
	w.change("plain", func(p *trust.Partner) { p.OIDC.FrontchannelLogoutURI, p.OIDC.FrontchannelSession = frontAddress, true })
	p, err = w.Partner(trust.OIDC, "plain")
	must(t, err)
	got, err := Faces{w.p}.TestLogout(t.Context(), p)
	if err != nil || !got.Front || len(w.posted) != 0 || !strings.Contains(got.Address, "sid="+got.SID) || len(got.Hints) != 1 {
		t.Errorf("front channel: %+v, %v", got, err)
	}
	w.p.poster = PosterFunc(func(_ context.Context, _ string, _ url.Values) (int, []byte, error) {
		return 0, nil, errors.New("connection refused")
	})
	p, err = w.Partner(trust.OIDC, "basic")
	must(t, err)
	if got, err := (Faces{w.p}).TestLogout(t.Context(), p); err != nil || got.OK() || got.Failure != "connection refused" || !strings.Contains(got.Hints[0], "does the name resolve") {
		t.Errorf("no answer: %+v, %v", got, err)
	}
	if (LogoutTest{Status: http.StatusFound}).OK() {
		t.Error("a redirect is an answer")
	}
}
