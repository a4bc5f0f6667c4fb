package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/bridge"
)

// contextThatLeaves is that of a request whose peer goes away.
func contextThatLeaves(t *testing.T) (context.Context, func()) {
	ctx, cancel := context.WithCancel(t.Context())
	return ctx, cancel
}

// TestSecurityRegistration runs the rows of the attack catalogue about clients that come by themselves.
func TestSecurityRegistration(t *testing.T) {
	t.Run("064", jsonRow)
	t.Run("188", keySetRow)
	t.Run("192", sectorRow)
	t.Run("193", registrationRow)
}

// jsonRow: JSON that is meant to hurt whoever reads it.
func jsonRow(t *testing.T) {
	w := newRegistrations(t, false, permits)
	for name, body := range map[string]string{
		"100,000 nested arrays":    `{` + usual + `,"x":` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000) + `}`,
		"a name twice":             `{` + usual + `,` + usual + `}`,
		"a name twice, deep":       `{` + usual + `,"jwks":{"keys":[{"kty":"RSA","kty":"EC"}]}}`,
		"a number without end":     `{` + usual + `,"default_max_age":1e999}`,
		"an array":                 `[{` + usual + `}]`,
		"nothing":                  `null`,
		"two objects":              `{` + usual + `}{}`,
		"a thousand redirect URIs": `{"redirect_uris":[` + strings.TrimSuffix(strings.Repeat(`"https://a.example/",`, 1000), ",") + `]}`,
	} {
		code := "invalid_client_metadata"
		if strings.Contains(name, "redirect") {
			code = "invalid_redirect_uri"
		}
		w.refused(name, w.ask(http.MethodPost, registerPath, w.invite(1, ""), body), 400, code, code)
	}
	w.refused("64 KiB and more", w.ask(http.MethodPost, registerPath, w.invite(1, ""), `{`+usual+`,"x":"`+strings.Repeat("x", 64<<10)+`"}`), 413, "invalid_request", "too_large")
}

// keySetRow: key sets that are not what they should be, where they are registered and where they are fetched.
func keySetRow(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	set := func(keys ...jose.JSONWebKey) string {
		data, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
		must(t, err)
		return string(data)
	}
	public := func(kid, use string) jose.JSONWebKey { return jose.JSONWebKey{Key: key.Public(), KeyID: kid, Use: use} }
	thousand := make([]jose.JSONWebKey, 1000)
	for i := range thousand {
		thousand[i] = public(fmt.Sprint(i), "sig")
	}
	bad := map[string]string{
		"two keys of one kid":  set(public("k", "sig"), public("k", "sig")),
		"for encryption only":  set(public("k", "enc")),
		"a private key inside": set(jose.JSONWebKey{Key: key, KeyID: "k"}),
		"a symmetric key":      set(jose.JSONWebKey{Key: []byte("secret secret secret secret secre"), KeyID: "k"}),
		"a thousand keys":      set(thousand...),
		"no keys":              set(),
		"a page":               "<html></html>",
	}
	w := newRegistrations(t, false, permits)
	for name, keys := range bad {
		if !json.Valid([]byte(keys)) || len(keys) > 60<<10 {
			continue // the request is too large or no JSON, which row 64 is about
		}
		body := `{` + usual + `,"token_endpoint_auth_method":"private_key_jwt","jwks":` + keys + `}`
		w.refused(name, w.ask(http.MethodPost, registerPath, w.invite(1, ""), body), 400, "invalid_client_metadata", "invalid_client_metadata")
	}
	r := newRemote(t)
	for name, keys := range bad {
		r.advance(keysPause)
		r.documents[keysAt] = keys
		r.assertionDenied(t, name+", fetched", r.client.ID, r.signed(), "assertion_keys")
	}
	for _, at := range []string{"http://epr.example/jwks", "file:///etc/passwd", "https://user@epr.example/", "https:///jwks", "/jwks"} {
		w.refused(at, w.ask(http.MethodPost, registerPath, w.invite(1, ""), `{`+usual+`,"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"`+at+`"}`), 400, "invalid_client_metadata", "invalid_client_metadata")
	}
}

// sectorRow: a sector that does not list the client's addresses, or that cannot be looked at.
func sectorRow(t *testing.T) {
	const list = "https://sector.example/list"
	for name, document := range map[string]string{
		"other addresses":      `["https://other.example/"]`,
		"nearly the address":   `["` + strings.ToUpper(callback) + `", "` + callback + `/"]`,
		"an object":            `{"redirect_uris":["` + callback + `"]}`,
		"not strings":          `[1]`,
		"nothing":              ``,
		"not there":            "-",
		"a text with the list": callback,
	} {
		w := newRegistrations(t, false, "subject: pairwise\noidc: {scopes: [openid]}\n")
		if document != "-" {
			w.documents[list] = document
		}
		token := w.invite(1, "")
		body := `{` + usual + `,"subject_type":"pairwise","sector_identifier_uri":"` + list + `"}`
		w.refused(name, w.ask(http.MethodPost, registerPath, token, body), 400, "invalid_client_metadata", "invalid_client_metadata")
		if got := w.fetches(); got != list+" guarded" { // nothing inside the network, whatever the administrator's own partners may
			t.Errorf("%s: fetched %q", name, got)
		}
		w.documents[list] = `["` + callback + `"]`
		c := w.registered(w.ask(http.MethodPost, registerPath, token, body), 201)
		w.documents[list] = `[]`
		w.refused(name+", changed", w.ask(http.MethodPut, c.path(), c.Token, `{"client_id":"`+c.ID+`",`+body[1:]), 400, "invalid_client_metadata", "invalid_client_metadata")
	}
	w := newRegistrations(t, false, "subject: pairwise\noidc: {scopes: [openid]}\n")
	for _, at := range []string{"http://sector.example/", "https://127.0.0.1.nip.example:x/", "ftp://sector.example/", "https://localhost/"} {
		w.refused(at, w.ask(http.MethodPost, registerPath, w.invite(1, ""), `{`+usual+`,"sector_identifier_uri":"`+at+`"}`), 400, "invalid_client_metadata", "invalid_client_metadata")
	}
	w.refused("two hosts and no sector", w.ask(http.MethodPost, registerPath, w.invite(1, ""), `{"redirect_uris":["https://a.example/","https://b.example/"]}`), 400, "invalid_client_metadata", "invalid_client_metadata")
	if got := w.fetches(); got != "" {
		t.Errorf("fetched %s", got)
	}
}

// registrationRow: nobody registers who was not invited, no address leads elsewhere, and nothing that a client names is fetched.
func registrationRow(t *testing.T) {
	w := newRegistrations(t, false, permits)
	got := w.ask(http.MethodPost, registerPath, "", `{`+usual+`}`)
	w.refused("without a token", got, 401, "invalid_token", codeRegistrationToken)
	if challenge := got.header.Get("WWW-Authenticate"); challenge != `Bearer realm="`+issuer+`"` {
		t.Errorf("challenge %q", challenge)
	}
	good := w.invite(1, "")
	for _, token := range []string{"x", "a.b", good + "x", strings.ToUpper(good), good[:len(good)-1], strings.Split(good, ".")[0] + ".", "." + strings.Split(good, ".")[1], strings.Repeat("a", 9000)} {
		w.refused("token "+token[:1], w.ask(http.MethodPost, registerPath, token, `{`+usual+`}`), 401, "invalid_token", codeRegistrationToken)
	}
	for _, uri := range []string{"https://epr.example/cb#x", "https://epr.example/cb#", "javascript:alert(1)", "data:text/html,x", "http://epr.example/cb", "https://a:b@epr.example/", "//epr.example", "https://epr.localhost/"} {
		w.refused(uri, w.ask(http.MethodPost, registerPath, good, `{"redirect_uris":["`+uri+`"]}`), 400, "invalid_redirect_uri", "invalid_redirect_uri")
	}
	for _, uri := range []string{"javascript:alert(1)", "http://169.254.169.254/latest", "file:///etc/passwd"} {
		w.refused("logo "+uri, w.ask(http.MethodPost, registerPath, good, `{`+usual+`,"logo_uri":"`+uri+`"}`), 400, "invalid_client_metadata", "invalid_client_metadata")
	}
	c := w.registered(w.ask(http.MethodPost, registerPath, good, `{`+usual+`,"logo_uri":"https://10.0.0.1/","policy_uri":"https://10.0.0.2/","tos_uri":"https://10.0.0.3/","client_uri":"https://10.0.0.4/","initiate_login_uri":"https://10.0.0.5/"}`), 201)
	page := w.browser().authorize(c.ID, "redirect_uri", "https://evil.example/")
	if got := w.fetches(); got != "" || strings.Contains(page.body, "10.0.0.1") || page.status == http.StatusSeeOther {
		t.Errorf("fetched %s", got)
	}
	w.hub.Journal = brokenJournal{}
	if got := w.ask(http.MethodPost, registerPath, "", `{`+usual+`}`); got.status != 503 {
		t.Errorf("a refusal that cannot be recorded: %d %s", got.status, got.body)
	}
	if _, err := w.registrar.Invited(t.Context(), good); bridge.AsRefusal(err).Reason != bridge.Internal {
		t.Errorf("%v", err)
	}
}
