package demo

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// TestSecurityOfTheBackChannel: the sample app takes logout tokens as OpenID Connect Back-Channel Logout 1.0, section 2.6, wants it of
// an app. Each of the tokens here is signed by the hub's own key, or by none.
func TestSecurityOfTheBackChannel(t *testing.T) {
	d, m := running(t)
	b := newBrowser(t, d.Dir(), m, who(t, m, "Ben"))
	b.open(m.Apps[1].URL)
	b.follow("Sign in")
	b.submit(`action="/signin/card"`, nil)
	var told visit
	for _, v := range d.epr.desk.visits {
		told = v
	}
	ring, err := hub.LoadRing(d.configuration().Keys)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ring.Signing(keyring.ES256)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	good := map[string]any{
		"iss": m.Issuer, "aud": d.epr.ID, "sub": told.subject, "sid": told.index, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"events": map[string]any{logoutEvent: map[string]any{}}, "jti": "0",
	}
	post := func(typ string, change map[string]any) int {
		t.Helper()
		claims := maps.Clone(good)
		for name, v := range change {
			if claims[name] = v; v == nil {
				delete(claims, name)
			}
		}
		payload, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		token := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"logout+jwt"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
		if typ != "none" {
			if token, err = jose.Sign(key, keyring.ES256, typ, payload); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := b.client.PostForm(d.epr.URL+"backchannel-logout", url.Values{"logout_token": {token}}) //nolint:noctx // the test ends it
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	t.Run("194", func(t *testing.T) {
		for name, tc := range map[string]struct {
			typ    string
			change map[string]any
		}{
			"an ID token's type":  {"JWT", nil},
			"a nonce":             {"logout+jwt", map[string]any{"jti": "1", "nonce": "n"}},
			"no events":           {"logout+jwt", map[string]any{"jti": "2", "events": nil}},
			"another event":       {"logout+jwt", map[string]any{"jti": "3", "events": map[string]any{"https://event.example/": map[string]any{}}}},
			"an event of no form": {"logout+jwt", map[string]any{"jti": "4", "events": map[string]any{logoutEvent: "yes"}}},
			"alg none":            {"none", map[string]any{"jti": "5"}},
			"another issuer":      {"logout+jwt", map[string]any{"jti": "6", "iss": "https://evil.example"}},
			"another audience":    {"logout+jwt", map[string]any{"jti": "7", "aud": "pas"}},
			"from tomorrow":       {"logout+jwt", map[string]any{"jti": "8", "iat": now.Add(24 * time.Hour).Unix()}},
			"over":                {"logout+jwt", map[string]any{"jti": "9", "exp": now.Add(-time.Hour).Unix()}},
			"about nobody":        {"logout+jwt", map[string]any{"jti": "10", "sub": nil, "sid": nil}},
			"no jti":              {"logout+jwt", map[string]any{"jti": nil}},
		} {
			if got := post(tc.typ, tc.change); got != http.StatusBadRequest {
				t.Errorf("%s: %d", name, got)
			}
		}
		b.open(m.Apps[1].URL)
		b.sees("Signed in as Ben Sample")
		if got := post("logout+jwt", map[string]any{"jti": "good"}); got != http.StatusOK {
			t.Errorf("a good one: %d", got)
		}
		if got := post("logout+jwt", map[string]any{"jti": "good"}); got != http.StatusBadRequest {
			t.Errorf("replayed: %d", got)
		}
		b.open(m.Apps[1].URL)
		b.lacks("Signed in as Ben Sample")
	})
}
