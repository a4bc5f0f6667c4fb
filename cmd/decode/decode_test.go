package decode

import (
	"bytes"
	"compress/flate"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/protocols/oidc"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

var now = time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)

type known struct{ set jose.KeySet }

func (k known) Of(issuer string) (jose.KeySet, string, bool) {
	return k.set, "the keys of the test", issuer != "stranger"
}

func signer(t *testing.T) (keyring.Key, Options) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.New(keyring.Key{State: keyring.Active, Signer: key, Certificate: &x509.Certificate{}})
	if err != nil {
		t.Fatal(err)
	}
	k, err := ring.Signing(keyring.ES256)
	if err != nil {
		t.Fatal(err)
	}
	return k, Options{Now: now, Keys: known{jose.OwnKeys(ring.Published())}, Assertions: func(client string) oidc.AssertionRules {
		return oidc.Face{}.AssertionRules(client, trust.ProfileBasic, &url.URL{Scheme: "https", Host: "sso.rx1.example"}, nil)
	}}
}

func text(t *testing.T, input string, o Options) (Report, string) {
	t.Helper()
	r, err := Explain(input, o)
	if err != nil {
		t.Fatalf("%.40s: %v", input, err)
	}
	var b bytes.Buffer
	if _, err := r.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return r, b.String()
}

// TestExplain wants each kind of input recognised, and what is wrong with it said.
func TestExplain(t *testing.T) {
	key, o := signer(t)
	jwt := func(typ, claims string) string {
		token, err := jose.Sign(key, keyring.ES256, typ, []byte(claims))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	agentJWT := func(typ, claims string) string {
		part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
		return part(`{"typ":"`+typ+`","alg":"ES256","kid":"stranger"}`) + "." + part(claims) + ".AAAA"
	}
	request := `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0" IssueInstant="2026-11-28T08:00:00Z"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://pas.example</saml:Issuer></samlp:AuthnRequest>`
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte(request))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	idToken := jwt("JWT", `{"iss":"https://sso.rx1.example","sub":"555","aud":"epr","exp":1795942860,"iat":1795942740,"auth_time":1795942700,"nonce":"n","acr":"AAL3_ANY"}`)
	for name, c := range map[string]struct {
		input string
		kind  string
		want  string
		sound bool
	}{
		"ID token":             {idToken, kindID, "signature valid, with the keys of the test", false},
		"logout token":         {jwt("logout+jwt", `{"iss":"x","aud":"epr","iat":1,"jti":"1","sid":"s","nonce":"n","events":{}}`), kindLogout, "holds a nonce", false},
		"client assertion":     {jwt("JWT", `{"iss":"epr","sub":"epr","aud":"https://other.example","jti":"1","exp":`+sec(now.Add(time.Hour))+`}`), kindAssertion, "exp of the client assertion is more than 5 minutes ahead", false},
		"offline proof":        {agentJWT("lanyard-proof+jwt", `{"iss":"stranger","aud":"epr","sub":"9c1","sid":"v2","iat":`+sec(now)+`,"exp":`+sec(now.Add(30*time.Second))+`,"seen":`+sec(now.Add(-90*time.Second))+`}`), kindOffline, "last heard from the hub 1m30s before", true},
		"long offline proof":   {agentJWT("lanyard-proof+jwt", `{"iss":"stranger","aud":"epr","sub":"9c1","iat":`+sec(now)+`,"exp":`+sec(now.Add(time.Hour))+`}`), kindOffline, "exp must be within 30 s after iat", false},
		"agent's message":      {agentJWT("lanyard-agent+jwt", `{"iss":"stranger","aud":"https://sso.rx1.example","act":"event","jti":"0123456789012345678901","iat":`+sec(now)+`,"exp":`+sec(now.Add(30*time.Second))+`}`), kindAgent, "not expired: 30s left", true},
		"agent's, of few bits": {agentJWT("lanyard-agent+jwt", `{"iss":"stranger","aud":"https://sso.rx1.example","act":"event","jti":"1","iat":`+sec(now)+`,"exp":`+sec(now.Add(30*time.Second))+`}`), kindAgent, "jti of the message must have 22", false},
		"agent's, to two hubs": {agentJWT("lanyard-agent+jwt", `{"iss":"stranger","aud":["a","b"],"act":"gone","jti":"0123456789012345678901","user":1,"iat":`+sec(now)+`,"exp":`+sec(now.Add(30*time.Second))+`}`), kindAgent, "act of the message is not one of enrol, event", false},
		"under another's name": {agentJWT("lanyard-agent+jwt", `{"iss":"bay5","aud":"x","act":"event","jti":"1","iat":1,"exp":2}`), kindAgent, "iss of the message is not the workstation", false},
		"good assertion":       {jwt("JWT", `{"iss":"epr","sub":"epr","aud":"https://sso.rx1.example","jti":"1","exp":`+sec(now.Add(time.Minute))+`}`), kindAssertion, "not expired: 1m0s left", true},
		"assertion for PAR":    {jwt("JWT", `{"iss":"epr","sub":"epr","aud":"https://sso.rx1.example/oidc/par","jti":"1","exp":`+sec(now.Add(time.Minute))+`}`), kindAssertion, "not expired: 1m0s left", true},
		"assertion elsewhere":  {jwt("JWT", `{"iss":"epr","sub":"epr","aud":"https://sso.rx1.example/oidc/userinfo","jti":"1","exp":`+sec(now.Add(time.Minute))+`}`), kindAssertion, "must be https://sso.rx1.example or https://sso.rx1.example/oidc/token", false},
		"stranger's token":     {jwt("JWT", `{"iss":"stranger","sub":"x","nonce":"n"}`), kindID, "no keys of", true},
		"tampered":             {idToken[:len(idToken)-8] + "AAAAAAAA", kindID, "signature: ", false},
		"unsigned":             {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"x","acr":"y"}`)) + ".", kindID, "alg none is never accepted", false},
		"encrypted":            {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RSA-OAEP"}`)) + ".a.b.c.d", "encrypted JWT (JWE)", "only its receiver", true},
		"SAML by redirect":     {"SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated.Bytes())) + "&RelayState=x", "parameters", "AuthnRequest was issued 1h0m0s ago", false},
		"SAML by form":         {base64.StdEncoding.EncodeToString([]byte(request)), "SAML AuthnRequest", "https://pas.example", false},
		"XML with a DTD":       {"<!DOCTYPE a><a/>", "XML", "refuses this document", false},
		"redirect with error":  {"https://epr.example/cb?error=invalid_scope&error_description=no&state=1", "parameters", "a scope is not allowed", false},
		"parameter sent twice": {"client_id=a&client_id=b", "parameters", "is there 2 times", false},
		"token response":       {`{"access_token":"opaque","token_type":"Bearer","id_token":"` + idToken + `"}`, "token response (RFC 6749, 5.1)", "ID token", false},
		"OAuth error":          {`{"error":"invalid_grant","error_description":"x"}`, "OAuth error (RFC 6749, 5.2)", "used already", false},
	} {
		t.Run(name, func(t *testing.T) {
			r, printed := text(t, c.input, o)
			if r.Parts[0].Kind != c.kind || !strings.Contains(printed, c.want) {
				t.Errorf("%s, want %s and %q in\n%s", r.Parts[0].Kind, c.kind, c.want, printed)
			}
			if c.sound != r.Sound() {
				t.Errorf("sound %t\n%s", r.Sound(), printed)
			}
		})
	}
}

func sec(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func TestExplainNothing(t *testing.T) {
	for _, input := range []string{"", "hello", "a.b.c", "{", "PHg=="} {
		if r, err := Explain(input, Options{Now: now}); err == nil {
			t.Errorf("%q was read as %v", input, r)
		}
	}
}

// TestPrintedIsPlain: what a stranger sent does not reach the terminal as it is.
func TestPrintedIsPlain(t *testing.T) {
	_, printed := text(t, "state=%1b%5b2J%0a%e2%80%ae", Options{Now: now})
	if strings.ContainsAny(printed, "\x1b\u202e") || strings.Count(printed, "\n") != 2 {
		t.Errorf("%q", printed)
	}
}

func FuzzExplain(f *testing.F) {
	for _, seed := range []string{"a.b.c", "SAMLResponse=PHg%2BPC94Pg==", `{"id_token":"x.y.z"}`, "<a/>", "https://x/?code=1#a=b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		r, err := Explain(input, Options{Now: now})
		if err == nil && len(r.Parts) == 0 {
			t.Error("recognised as nothing")
		}
		var b bytes.Buffer
		if _, err := r.WriteTo(&b); err != nil {
			t.Error(err)
		}
	})
}
