package e2e

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestOpenIDClientBound has a certified library get bound tokens in every way there is: by DPoP, with nonces and without, and by a
// certificate, at an address of its own. Whoever lacks the key or certificate can do nothing with the tokens.
func TestOpenIDClientBound(t *testing.T) {
	clientCA := components.NewCA(t, "Client CA")
	issued := clientCA.Issue(t, components.Profile{Subject: pkix.Name{CommonName: "EPR", Organization: []string{"RX1"}}, Hosts: []string{"epr.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	own := components.SelfSigned(t, "lab", components.ECKey(t))
	h := startHubListening(t, "", fmt.Sprintf(`mtls: { address: "127.0.0.1:PORT", client_ca: %q }`, clientCA.File), "")
	h.write("lab.jwks", certifiedJWKS(t, own))
	l := h.startLibrary(
		libraryClient{Name: "browser", ID: "999999999931.apps.national", Auth: "none", Alg: "ES256", DPoP: true},
		libraryClient{Name: "nonces", ID: "999999999932.apps.national", Auth: "client_secret_basic", Alg: "ES256", DPoP: true, Terms: ", bind: dpop, dpop_nonce: true"},
		libraryClient{Name: "fapi", ID: "999999999933.apps.national", Auth: "private_key_jwt", Alg: "PS256", DPoP: true, Terms: ", profile: fapi2, dpop_nonce: true"},
		libraryClient{Name: "issued", ID: "999999999934.apps.national", Auth: "tls_client_auth", Alg: "ES256", Cert: issued.CertFile, CertKey: issued.KeyFile, Terms: ", tls_name: 'dns:epr.example', bind: mtls"},
		libraryClient{Name: "fapitls", ID: "999999999935.apps.national", Auth: "tls_client_auth", Alg: "ES256", Cert: issued.CertFile, CertKey: issued.KeyFile, Terms: ", tls_name: 'dn:CN=EPR,O=RX1', profile: fapi2"},
		libraryClient{Name: "lab", ID: "999999999936.apps.national", Auth: "self_signed_tls_client_auth", Alg: "ES256", Cert: own.CertFile, CertKey: own.KeyFile, Terms: ", jwks_file: lab.jwks, bind: mtls"},
	)
	s := h.newSurfer(doctor)
	s.open(l.base + "/browser/start")
	s.signInByCard(doctorRole2)
	for _, c := range []struct {
		client, via, kind string
		rotates           bool
		refresh           string // error of a refresh without key or certificate
	}{
		{"browser", "", "dpop", true, "invalid_grant"},
		{"nonces", "", "dpop", false, "invalid_dpop_proof"},
		{"nonces", "par", "dpop", false, "invalid_dpop_proof"},
		{"fapi", "par", "dpop", false, "invalid_dpop_proof"},
		{"issued", "", "bearer", false, ""},
		{"fapitls", "par", "bearer", false, ""},
		{"lab", "", "bearer", false, ""},
	} {
		s.open(l.base + "/" + c.client + "/start?via=" + c.via)
		got := s.read()
		if got.Refused != nil || got.Claims.Sub != doctor || got.Type != c.kind || got.Userinfo["name"] != "Dr Asha Example" {
			s.fail("%s %s: %+v %+v", c.client, c.via, got, got.Refused)
		}
		for range 2 {
			s.open(l.base + "/" + c.client + "/refresh")
			again := s.read()
			if again.Refused != nil || again.Rotated != c.rotates || again.Userinfo["uid"] != doctor {
				s.fail("%s: refresh %+v %+v", c.client, again, again.Refused)
			}
			confirm, _ := again.Introspection["cnf"].(map[string]any)
			if c.client != "browser" && (confirm["jkt"] != nil) != (c.kind == "dpop") || c.kind == "bearer" && confirm["x5t#S256"] == nil {
				s.fail("%s: introspection %v", c.client, again.Introspection)
			}
		}
		s.open(l.base + "/" + c.client + "/steal")
		l.stolen(s, c.client, c.kind, c.refresh)
	}
}

// stolen checks what tokens were worth without what they are bound to.
func (l library) stolen(s *surfer, client, kind, refresh string) {
	s.t.Helper()
	var got struct {
		Bearer struct {
			Status    int
			Challenge string
		}
		Userinfo, Refresh json.RawMessage
	}
	if err := json.Unmarshal([]byte(s.body), &got); err != nil {
		s.fail("not JSON: %v", err)
	}
	if got.Bearer.Status != 401 || !strings.Contains(got.Bearer.Challenge, `error="invalid_token"`) || !strings.Contains(got.Bearer.Challenge, "DPoP ") {
		s.fail("%s: shown by a thief: %+v", client, got.Bearer)
	}
	var user, again refused
	if err := json.Unmarshal(got.Userinfo, &user); err != nil || user.Error != "invalid_token" {
		s.fail("%s: with another key: %s", client, got.Userinfo)
	}
	if err := json.Unmarshal(got.Refresh, &again); kind == "dpop" && (err != nil || again.Error != refresh) {
		s.fail("%s: refreshed without a key: %s", client, got.Refresh)
	}
}

// certifiedJWKS is the JWK Set of a certificate (RFC 8705, section 2.2.2).
func certifiedJWKS(t *testing.T, l *components.Leaf) string {
	t.Helper()
	key := jose.JSONWebKey{Key: l.Key.Public(), KeyID: "tls", Certificates: []*x509.Certificate{l.Certificate}}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}})
	if err != nil {
		t.Fatal(err)
	}
	return string(set)
}
