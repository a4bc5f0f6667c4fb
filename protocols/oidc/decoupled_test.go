package oidc

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// TestDeviceFlow goes from the device to tokens (RFC 8628).
func TestDeviceFlow(t *testing.T) {
	for _, client := range []string{"tv", "kiosk"} {
		t.Run(client, func(t *testing.T) {
			w := newDecoupledWorld(t)
			d := w.device(client, "scope", "openid profile selectedrole")
			if d.URI != issuer+"/device" || d.Complete != d.URI+"?user_code="+d.UserCode || d.Expires != 600 || d.Interval != 5 || len(d.UserCode) != 9 {
				t.Errorf("answer %+v", d)
			}
			if got := w.poll(client, d.DeviceCode); got.status != http.StatusBadRequest || got.code() != codePending {
				t.Errorf("before: %d %s", got.status, got.body)
			}
			b := w.browser()
			b.code("basic") // somebody is signed in already
			at := w.clock()
			w.advance(5 * time.Minute)
			sure := b.enter(" " + strings.ToLower(strings.ReplaceAll(d.UserCode, "-", "")))
			for _, want := range []string{d.UserCode, "EPR " + client, "your name", "10.1.2.3", "the role you act in"} {
				if !strings.Contains(sure.body, want) {
					t.Errorf("the page does not say %q: %s", want, sure.body)
				}
			}
			before := w.lastSeq()
			if done := b.submit(approvePath, sure.hidden("answer", "approve")); !strings.Contains(done.body, "You approved") {
				t.Fatalf("%d %s", done.status, done.body)
			}
			got := w.poll(client, d.DeviceCode)
			set := w.tokens(got)
			claims, _ := w.verified(set.ID)
			if claims["sub"] != nurse || claims["aud"] != client || claims["selected_roleid"] != roleOne || claims["auth_time"] != float64(at.Add(5*time.Minute).Unix()) || claims["nonce"] != nil {
				t.Errorf("claims %v", claims)
			}
			if info := w.userinfo(set.Access); !strings.Contains(info.body, "Asha") {
				t.Errorf("userinfo %s", info.body)
			}
			if (set.Refresh != "") != (client == "tv") {
				t.Errorf("refresh token %q", set.Refresh)
			}
			events := w.events(before)
			if len(events) != 2 || events[0].Kind != ledger.AuthorizationGranted || events[0].Detail["way"] != "device" || events[0].Subject != nurse || events[1].Kind != ledger.TokenIssued {
				t.Errorf("recorded %+v", events)
			}
			if again := w.poll(client, d.DeviceCode); again.code() != errInvalidGrant || w.userinfo(set.Access).status != http.StatusOK {
				t.Errorf("again: %s", again.body)
			}
		})
	}
}

// TestCIBAFlow goes from the client to tokens, in both modes (CIBA Core 1.0).
func TestCIBAFlow(t *testing.T) {
	for _, client := range []string{"till", "pager"} {
		t.Run(client, func(t *testing.T) {
			w := newDecoupledWorld(t)
			before := w.lastSeq()
			r := w.ciba(client, "binding_message", "W4SCT-17", "client_notification_token", "tok.en-123", "scope", "openid profile", "acr_values", "AAL3_ANY")
			if r.Expires != 300 || r.Interval != 5 || w.count(ledger.AuthorizationAsked, before) != 1 {
				t.Errorf("answer %+v", r)
			}
			if got := w.poll(client, r.ID); got.code() != codePending {
				t.Errorf("before: %s", got.body)
			}
			b := w.browser()
			list := b.get(approvalsPath) // signs in first
			for _, want := range []string{"EPR " + client, "W4SCT-17", "your name"} {
				if !strings.Contains(list.body, want) {
					t.Errorf("the list does not say %q: %s", want, list.body)
				}
			}
			if n, path, err := w.p.Waiting(context.Background(), nurse); n != 1 || path != "/approvals" || err != nil {
				t.Errorf("%d wait at %s: %v", n, path, err)
			}
			proofs := w.count(ledger.SignedIn, before)
			if done := b.answer("approve"); !strings.Contains(done.body, "You approved") {
				t.Fatalf("%d %s", done.status, done.body)
			}
			if w.count(ledger.SignedIn, before) != proofs+1 {
				t.Error("approved without a new proof")
			}
			must(t, w.p.SendPings(context.Background()))
			if want := (pinged{pingAddress, "tok.en-123", `{"auth_req_id":"` + r.ID + `"}`}); client == "pager" && (len(w.sent) != 1 || w.sent[0] != want) || client == "till" && len(w.sent) != 0 {
				t.Errorf("pinged %+v", w.sent)
			}
			set := w.tokens(w.poll(client, r.ID)) // at once: it was told to
			claims, _ := w.verified(set.ID)
			if claims["sub"] != nurse || claims["aud"] != client || claims["acr"] != "AAL3_ANY" || claims["urn:openid:params:jwt:claim:auth_req_id"] != nil {
				t.Errorf("claims %v", claims)
			}
			if again := w.poll(client, r.ID); again.code() != errInvalidGrant || w.userinfo(set.Access).status != http.StatusOK {
				t.Errorf("again: %s", again.body)
			}
			if n, _, _ := w.p.Waiting(context.Background(), nurse); n != 0 {
				t.Errorf("%d still wait", n)
			}
			// the grant hangs on the session that approved
			if client == "till" {
				_, err := w.hub.Logout(context.Background(), claims["auditTrackingId"].(string), bridge.LogoutCause{Reason: "user"})
				must(t, err)
				if w.userinfo(set.Access).status != http.StatusUnauthorized || w.refresh(client, set.Refresh).status == http.StatusOK {
					t.Error("tokens outlive the session that approved")
				}
			}
		})
	}
}

// TestRefusals of persons: the app hears of it, once and for all.
func TestPersonRefuses(t *testing.T) {
	w := newDecoupledWorld(t)
	d, r := w.device("tv"), w.ciba("pager", "client_notification_token", "t")
	b := w.browser()
	before := w.lastSeq()
	if got := b.decide(d.UserCode, "refuse"); !strings.Contains(got.body, "You refused") {
		t.Errorf("%d %s", got.status, got.body)
	}
	proofs := w.count(ledger.SignedIn, 0)
	if got := b.answer("refuse"); !strings.Contains(got.body, "You refused") || w.count(ledger.SignedIn, 0) != proofs {
		t.Errorf("%d %s", got.status, got.body)
	}
	for range 3 {
		for client, secret := range map[string]string{"tv": d.DeviceCode, "pager": r.ID} {
			if got := w.poll(client, secret); got.code() != codeDenied || got.status != http.StatusBadRequest {
				t.Errorf("%s: %d %s", client, got.status, got.body)
			}
		}
	}
	if w.count(ledger.AuthorizationRefused, before) != 2 || w.count(ledger.TokenRefused, before) != 0 {
		t.Errorf("recorded %+v", w.events(before))
	}
	must(t, w.p.SendPings(context.Background()))
	if len(w.sent) != 1 {
		t.Errorf("pinged %+v", w.sent)
	}
	if got := b.enter(d.UserCode); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the code still works: %d", got.status)
	}
}

// TestPolling: pending, slower, expired; none of it is written to the record.
func TestPolling(t *testing.T) {
	w := newDecoupledWorld(t)
	before := w.lastSeq()
	r := w.ciba("till", "requested_expiry", "60")
	if r.Expires != 60 {
		t.Errorf("answer %+v", r)
	}
	for i, step := range []struct {
		wait time.Duration
		want string
	}{
		{0, codePending}, {5 * time.Second, codePending}, {4 * time.Second, codeSlowDown}, {5 * time.Second, codeSlowDown}, {15 * time.Second, codePending},
		{14 * time.Second, codeSlowDown}, {20 * time.Second, codeExpired}, {0, codeExpired}, {0, codeExpired}, {9 * time.Minute, codeExpired}, {2 * time.Minute, errInvalidGrant},
	} {
		w.advance(step.wait)
		if got := w.poll("till", r.ID); got.code() != step.want {
			t.Errorf("step %d: %s, want %s", i, got.body, step.want)
		}
	}
	if n := w.count(ledger.TokenRefused, before); n != 1 { // the last one
		t.Errorf("%d refusals on record", n)
	}
	if got := w.browser().get(approvalsPath); !strings.Contains(got.body, "No app waits") {
		t.Errorf("an expired request is listed: %s", got.body)
	}
}

// TestDecoupledRequests lists requests to begin, with their answers.
func TestDecoupledRequests(t *testing.T) {
	w := newDecoupledWorld(t)
	own := w.tokens(w.redeem("basic", w.browser().code("basic")))
	w.change("basic", func(p *trustPartner) {
		p.OIDC.Grants, p.OIDC.CIBA = append(p.OIDC.Grants, trust.GrantCIBA), trust.CIBATerms{Mode: trust.CIBAPoll}
	})
	w.advance(time.Hour) // the ID token has expired
	for name, c := range map[string]struct {
		path, client string
		form         []string
		status       int
		want         string
	}{
		"device":                         {deviceAuthPath, "tv", []string{"scope", "openid"}, 200, ""},
		"device, no scope":               {deviceAuthPath, "tv", nil, 200, ""},
		"device, a class nobody meets":   {deviceAuthPath, "tv", []string{"acr_values", "AAL1_USERPASS"}, 200, ""},
		"device, not allowed":            {deviceAuthPath, "basic", nil, 400, codeUnauthorizedClient},
		"device, scope not allowed":      {deviceAuthPath, "tv", []string{"scope", "openid professionalmemberships"}, 400, codeInvalidScope},
		"device, target not allowed":     {deviceAuthPath, "tv", []string{"resource", "https://other.example"}, 400, codeInvalidTarget},
		"CIBA":                           {backAuthPath, "till", []string{"scope", "openid", "login_hint", nurse}, 200, ""},
		"CIBA, ID token":                 {backAuthPath, "basic", []string{"scope", "openid", "id_token_hint", own.ID}, 200, ""},
		"CIBA, ID token of another":      {backAuthPath, "till", []string{"scope", "openid", "id_token_hint", own.ID}, 400, errInvalidRequest},
		"CIBA, no ID token":              {backAuthPath, "till", []string{"scope", "openid", "id_token_hint", "a.b.c"}, 400, errInvalidRequest},
		"CIBA, not allowed":              {backAuthPath, "tv", []string{"scope", "openid", "login_hint", nurse}, 400, codeUnauthorizedClient},
		"CIBA, no scope":                 {backAuthPath, "till", []string{"login_hint", nurse}, 400, codeInvalidScope},
		"CIBA, nobody":                   {backAuthPath, "till", []string{"scope", "openid"}, 400, errInvalidRequest},
		"CIBA, two hints":                {backAuthPath, "till", []string{"scope", "openid", "login_hint", nurse, "id_token_hint", own.ID}, 400, errInvalidRequest},
		"CIBA, a hint token":             {backAuthPath, "till", []string{"scope", "openid", "login_hint_token", "a.b.c"}, 400, errInvalidRequest},
		"CIBA, somebody unknown":         {backAuthPath, "till", []string{"scope", "openid", "login_hint", "555000000000"}, 400, codeUnknownUser},
		"CIBA, a message":                {backAuthPath, "till", []string{"scope", "openid", "login_hint", nurse, "binding_message", "Bett 7: Grüße"}, 200, ""},
		"CIBA, a long message":           {backAuthPath, "till", []string{"scope", "openid", "login_hint", nurse, "binding_message", strings.Repeat("x", 65)}, 400, codeBindingMessage},
		"CIBA, a message that turns":     {backAuthPath, "till", []string{"scope", "openid", "login_hint", nurse, "binding_message", "a\u202eb"}, 400, codeBindingMessage},
		"CIBA, a message of lines":       {backAuthPath, "till", []string{"scope", "openid", "login_hint", nurse, "binding_message", "a\nb"}, 400, codeBindingMessage},
		"CIBA, a message of nothing":     {backAuthPath, "till", []string{"scope", "openid", "login_hint", nurse, "binding_message", "  "}, 400, codeBindingMessage},
		"CIBA, for ever":                 {backAuthPath, "till", []string{"scope", "openid", "login_hint", nurse, "requested_expiry", "86400"}, 200, ""},
		"CIBA, for no time":              {backAuthPath, "till", []string{"scope", "openid", "login_hint", nurse, "requested_expiry", "0"}, 400, errInvalidRequest},
		"CIBA, for less than that":       {backAuthPath, "till", []string{"scope", "openid", "login_hint", nurse, "requested_expiry", "-1"}, 400, errInvalidRequest},
		"CIBA, user code":                {backAuthPath, "till", []string{"scope", "openid", "login_hint", nurse, "user_code", "1234"}, 200, ""},
		"pings without a token":          {backAuthPath, "pager", []string{"scope", "openid", "login_hint", nurse}, 400, errInvalidRequest},
		"pings with a header of its own": {backAuthPath, "pager", []string{"scope", "openid", "login_hint", nurse, "client_notification_token", "a\r\nX: y"}, 400, errInvalidRequest},
		"FAPI, unsigned":                 {backAuthPath, "bank", []string{"scope", "openid", "login_hint", nurse, "binding_message", "1"}, 400, errInvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			before := w.lastSeq()
			got := w.call(c.path, c.client, form(c.form...))
			if got.status != c.status || got.code() != c.want || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%d %s", got.status, got.body)
			}
			if refused := w.count(ledger.Refused, before) == 1; refused != (c.want != "") {
				t.Errorf("recorded %+v", w.events(before))
			}
		})
	}
}

// TestSignedAuthenticationRequest lists signed requests of CIBA; want is the error, empty for none.
func TestSignedAuthenticationRequest(t *testing.T) {
	w := newDecoupledWorld(t)
	now := w.clock().Unix()
	for name, c := range map[string]struct {
		claims []any
		beside []string
		want   string
	}{
		"good":                     {nil, nil, ""},
		"expiry as text":           {[]any{"requested_expiry", "30"}, nil, ""},
		"no iss":                   {[]any{"iss", nil}, nil, errInvalidRequest},
		"no aud":                   {[]any{"aud", nil}, nil, errInvalidRequest},
		"no exp":                   {[]any{"exp", nil}, nil, errInvalidRequest},
		"no iat":                   {[]any{"iat", nil}, nil, errInvalidRequest},
		"no nbf":                   {[]any{"nbf", nil}, nil, errInvalidRequest},
		"no jti":                   {[]any{"jti", nil}, nil, errInvalidRequest},
		"iss of another":           {[]any{"iss", "till"}, nil, errInvalidRequest},
		"client_id of another":     {[]any{"client_id", "till"}, nil, errInvalidRequest},
		"for another hub":          {[]any{"aud", "https://other.example"}, nil, errInvalidRequest},
		"expired":                  {[]any{"exp", now - 60}, nil, errInvalidRequest},
		"lives too long":           {[]any{"exp", now + 4200}, nil, errInvalidRequest},
		"not yet":                  {[]any{"nbf", now + 600, "exp", now + 900}, nil, errInvalidRequest},
		"from long ago":            {[]any{"nbf", now - 4200}, nil, errInvalidRequest},
		"holds another":            {[]any{"request", "a.b.c"}, nil, errInvalidRequest},
		"no message":               {[]any{"binding_message", nil}, nil, codeBindingMessage},
		"hint beside it":           {nil, []string{"login_hint", nurse}, errInvalidRequest},
		"scope beside it":          {nil, []string{"scope", "openid"}, errInvalidRequest},
		"client beside it, as may": {nil, []string{"client_id", "bank"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.call(backAuthPath, "bank", with(form(c.beside...), "request", w.authentication("bank", claiming(c.claims...))))
			if got.code() != c.want {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

// TestPingAgain: a client that does not answer is told again, a few times; one that refuses is not.
func TestPingAgain(t *testing.T) {
	for status, want := range map[int]int{http.StatusServiceUnavailable: 4, http.StatusUnauthorized: 1, http.StatusFound: 1, http.StatusOK: 1} {
		w := newDecoupledWorld(t)
		w.status = status
		w.ciba("pager", "client_notification_token", "t")
		w.browser().answer("approve")
		for range 200 {
			must(t, w.p.SendPings(context.Background()))
			w.advance(500 * time.Millisecond)
		}
		if len(w.sent) != want {
			t.Errorf("status %d: pinged %d times, want %d", status, len(w.sent), want)
		}
	}
}

// TestOtherFaceHasNoDeviceCodes: CIS2 has neither flow.
func TestOtherFaceHasNoDeviceCodes(t *testing.T) {
	w := newCIS2World(t)
	standard, cis2 := w.browser().get(discoveryPath).body, w.browser().get(cis2Base+discoveryPath).body
	for _, word := range []string{"device_authorization_endpoint", "backchannel_authentication_endpoint", trust.GrantDevice, trust.GrantCIBA, "backchannel_user_code_parameter_supported"} {
		if !strings.Contains(standard, word) || strings.Contains(cis2, word) {
			t.Errorf("%s: %s\n%s", word, standard, cis2)
		}
	}
	if got := w.browser().get(cis2Base + devicePath); got.status != http.StatusNotFound {
		t.Errorf("%d", got.status)
	}
}

// TestTooLate: an approval that was begun in time and is finished too late counts for nothing; one in the last second can be fetched for
// a while; one that nobody fetches is gone.
func TestTooLate(t *testing.T) {
	w := newDecoupledWorld(t)
	w.p.life.Device = time.Minute
	d := w.device("tv")
	b := w.browser()
	sure := b.enter(d.UserCode)
	w.advance(time.Minute)
	if got := b.submit(approvePath, sure.hidden("answer", "approve")); got.status != http.StatusBadRequest || w.reason() != "decoupled_expired" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := w.poll("tv", d.DeviceCode); got.code() != codeExpired {
		t.Errorf("%s", got.body)
	}
	for wait, want := range map[time.Duration]string{50 * time.Second: "", 61 * time.Second: errInvalidGrant} {
		d = w.device("tv")
		w.advance(59 * time.Second)
		b.decide(d.UserCode, "approve")
		w.advance(wait)
		if got := w.poll("tv", d.DeviceCode); got.code() != want {
			t.Errorf("fetched after %s: %s", wait, got.body)
		}
	}
}

// TestFetchedAgainWhenTokensAreDead: what was exchanged once is not exchanged again when nothing of it lives any more.
func TestFetchedAgainWhenTokensAreDead(t *testing.T) {
	w := newDecoupledWorld(t)
	w.p.life.Access = time.Minute
	d := w.device("kiosk")
	w.browser().decide(d.UserCode, "approve")
	w.tokens(w.poll("kiosk", d.DeviceCode))
	w.advance(2 * time.Minute)
	if got := w.poll("kiosk", d.DeviceCode); got.code() != errInvalidGrant {
		t.Errorf("%s", got.body)
	}
}

// TestSignedOutBeforeFetched: the grant is worth nothing once the session that approved has ended.
func TestSignedOutBeforeFetched(t *testing.T) {
	w := newDecoupledWorld(t)
	r := w.ciba("till")
	w.browser().answer("approve")
	for _, e := range w.events(0) {
		if e.Kind == ledger.AuthorizationGranted {
			_, err := w.hub.Logout(context.Background(), e.Tracking, bridge.LogoutCause{Reason: "user"})
			must(t, err)
		}
	}
	if got := w.poll("till", r.ID); got.code() != errInvalidGrant || w.reason() != "session_expired" {
		t.Errorf("%s", got.body)
	}
}

// TestSuspendedPersonIsUnknown: nobody waits for somebody who may not sign in.
func TestSuspendedPersonIsUnknown(t *testing.T) {
	w := newDecoupledWorld(t)
	w.person(func(p *person) { p.Status = "suspended" })
	if got := w.call(backAuthPath, "till", form("scope", "openid", "login_hint", nurse)); got.code() != codeUnknownUser {
		t.Errorf("%s", got.body)
	}
}

// TestAudienceOfAssertions: a client may name the hub, the token endpoint and the endpoint it calls (CIBA Core 1.0, section 7.1).
func TestAudienceOfAssertions(t *testing.T) {
	w := newDecoupledWorld(t)
	for aud, good := range map[string]bool{issuer: true, issuer + tokenPath: true, issuer + backAuthPath: true, issuer + pushPath: true, issuer + userinfoPath: false, "https://other.example": false} {
		f := form("scope", "openid", "login_hint", nurse, "client_notification_token", "t", "client_assertion_type", assertionType, "client_assertion", w.assertion("pager", func(c map[string]any, _ *jose.SignerOptions) { c["aud"] = aud }))
		r := httptest.NewRequest(http.MethodPost, issuer+backAuthPath, strings.NewReader(f.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if got := w.send(r); (got.status == http.StatusOK) != good {
			t.Errorf("%s: %d %s", aud, got.status, got.body)
		}
	}
}

// TestWaitingLives: how long a request waits is the hub's to say, and of CIBA the client's within that.
func TestWaitingLives(t *testing.T) {
	w := newDecoupledWorld(t)
	w.p.life.Device, w.p.life.CIBA, w.p.life.Longest = 2*time.Minute, time.Minute, 3*time.Minute
	d := w.device("tv")
	if d.Expires != 120 {
		t.Errorf("device: %+v", d)
	}
	for asked, want := range map[string]int64{"": 60, "30": 30, "150": 150, "181": 180, "86400": 180} {
		var pairs []string
		if asked != "" {
			pairs = []string{"requested_expiry", asked}
		}
		if got := w.ciba("till", pairs...); got.Expires != want {
			t.Errorf("CIBA, asked for %q: %+v", asked, got)
		}
	}
	w.advance(119 * time.Second)
	if got := w.poll("tv", d.DeviceCode); got.code() != codePending {
		t.Errorf("before: %s", got.body)
	}
	w.advance(6 * time.Second)
	if got := w.poll("tv", d.DeviceCode); got.code() != codeExpired {
		t.Errorf("after: %s", got.body)
	}
}
