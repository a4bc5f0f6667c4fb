package oidc

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

const pingAddress = "https://epr.example/ping"

// pinged is what a client was sent when a person had decided.
type pinged struct{ target, bearer, body string }

// decoupledWorld has clients that wait: "tv" (public, device codes), "kiosk" (device codes, by secret), "till" (CIBA by polling), "desk"
// (the same), "pager" (CIBA with pings) and "bank" (CIBA of FAPI).
type decoupledWorld struct {
	*world
	sent   []pinged
	status int // of the answers to pings
}

func newDecoupledWorld(t testing.TB) *decoupledWorld {
	w := &decoupledWorld{world: newWorld(t), status: http.StatusNoContent}
	w.uid, w.role = nurse, roleOne
	w.p.later.notifier = NotifierFunc(func(_ context.Context, target, bearer string, body []byte) (int, error) {
		w.sent = append(w.sent, pinged{target, bearer, string(body)})
		return w.status, nil
	})
	as := func(id, from string, how func(*trust.OIDCTerms)) {
		c := w.clients[from]
		terms := *c.OIDC
		how(&terms)
		c.ID, c.Name, c.OIDC = id, "EPR "+id, &terms
		w.clients[id] = c
	}
	as("tv", "public", func(o *trust.OIDCTerms) { o.Grants = []string{trust.GrantDevice, trust.GrantRefresh} })
	as("kiosk", "basic", func(o *trust.OIDCTerms) { o.Grants, o.Refresh = []string{trust.GrantDevice}, false })
	for _, id := range []string{"till", "desk"} {
		as(id, "basic", func(o *trust.OIDCTerms) {
			o.Grants, o.CIBA = []string{trust.GrantCIBA, trust.GrantRefresh}, trust.CIBATerms{Mode: trust.CIBAPoll}
		})
	}
	as("pager", "jwt", func(o *trust.OIDCTerms) {
		o.Grants, o.CIBA = []string{trust.GrantCIBA}, trust.CIBATerms{Mode: trust.CIBAPing, Endpoint: pingAddress}
	})
	as("bank", "jwt", func(o *trust.OIDCTerms) {
		o.Profile, o.Grants, o.CIBA = trust.ProfileFAPI2, []string{trust.GrantCIBA}, trust.CIBATerms{Mode: trust.CIBAPoll}
		o.Request.Algorithm = "PS256"
	})
	return w
}

// device asks for a device code.
func (w *decoupledWorld) device(client string, pairs ...string) deviceResponse {
	w.t.Helper()
	got := w.call(deviceAuthPath, client, form(pairs...))
	var d deviceResponse
	if err := json.Unmarshal([]byte(got.body), &d); err != nil || got.status != http.StatusOK {
		w.t.Fatalf("no device code: %d %s", got.status, got.body)
	}
	return d
}

// ciba asks that the nurse approves.
func (w *decoupledWorld) ciba(client string, pairs ...string) backchannelResponse {
	w.t.Helper()
	got := w.call(backAuthPath, client, with(form("scope", "openid", "login_hint", nurse), pairs...))
	var b backchannelResponse
	if err := json.Unmarshal([]byte(got.body), &b); err != nil || got.status != http.StatusOK {
		w.t.Fatalf("no auth_req_id: %d %s", got.status, got.body)
	}
	return b
}

func form(pairs ...string) url.Values {
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

func (w *decoupledWorld) poll(client, secret string) reply {
	w.t.Helper()
	if w.clients[client].OIDC.May(trust.GrantDevice) {
		return w.call(tokenPath, client, form("grant_type", trust.GrantDevice, "device_code", secret))
	}
	return w.call(tokenPath, client, form("grant_type", trust.GrantCIBA, "auth_req_id", secret))
}

// code of an error answer; empty for tokens.
func (r reply) code() string {
	var e oauthError
	_ = json.Unmarshal([]byte(r.body), &e)
	return e.Error
}

var hiddenInput = regexp.MustCompile(`<input type="hidden" name="([a-z_]+)" value="([^"]*)">`)

// hidden are the hidden fields of a page, changed by pairs.
func (r reply) hidden(pairs ...string) url.Values {
	f := url.Values{}
	for _, m := range hiddenInput.FindAllStringSubmatch(r.body, -1) {
		if !f.Has(m[1]) {
			f.Set(m[1], m[2])
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

// enter types a user code, signs in, and returns the page that asks whether the device is theirs.
func (b *browser) enter(code string) reply {
	b.w.t.Helper()
	return b.submit(devicePath, b.get(devicePath).hidden("user_code", code))
}

// decide answers a device's request.
func (b *browser) decide(code, answer string) reply {
	b.w.t.Helper()
	sure := b.enter(code)
	if !strings.Contains(sure.body, "Is this your device?") {
		b.w.t.Fatalf("not asked: %d %s", sure.status, sure.body)
	}
	return b.submit(approvePath, sure.hidden("answer", answer))
}

// answer answers the first request of the list.
func (b *browser) answer(answer string) reply {
	b.w.t.Helper()
	list := b.get(approvalsPath)
	return b.submit(approvalsPath, list.hidden("answer", answer))
}

// authentication signs an authentication request of a client, changed by how.
func (w *decoupledWorld) authentication(client string, how func(map[string]any, *gojose.SignerOptions)) string {
	now := w.clock().Unix()
	claims := map[string]any{
		"iss": client, "aud": issuer, "nbf": now, "iat": now, "exp": now + 300, "jti": w.hub.NewID(),
		"scope": "openid", "login_hint": nurse, "binding_message": "W4SCT", "requested_expiry": 120,
	}
	o := (&gojose.SignerOptions{}).WithHeader("kid", "c1")
	if how != nil {
		how(claims, o)
	}
	return w.signAs(gojose.PS256, w.signer, claims, o)
}

func (w *decoupledWorld) count(kind ledger.Kind, after int64) int {
	n := 0
	for _, e := range w.events(after) {
		if e.Kind == kind {
			n++
		}
	}
	return n
}
