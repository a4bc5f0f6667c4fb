package oidc

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestSecurityCertificates: client certificates and sender-constrained tokens are not offered, and nothing that
// pretends to be one opens anything.
func TestSecurityCertificates(t *testing.T) {
	t.Run("182", func(t *testing.T) {
		w := newWorld(t)
		for _, method := range w.discovery().Methods {
			if strings.Contains(method, "tls") {
				t.Errorf("discovery offers %s", method)
			}
		}
		code := w.browser().code("basic")
		r := w.prepare(tokenPath, "basic", codeForm(code, "client_id", "basic"))
		r.Header.Del("Authorization")
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Raw: []byte("any")}}}
		if got := w.send(r); got.status != http.StatusUnauthorized || strings.Contains(got.body, "access_token") {
			t.Errorf("a certificate stood in for the secret: %d %s", got.status, got.body)
		}
	})
	t.Run("183", func(t *testing.T) {
		w := newWorld(t)
		if d := w.discovery(); d.Bound || len(d.DPoP) > 0 {
			t.Errorf("discovery offers bound tokens: %+v", d)
		}
		set := w.tokens(w.redeem("basic", w.browser().code("basic")))
		r := httptest.NewRequest(http.MethodGet, issuer+userinfoPath, nil)
		r.Header.Set("Authorization", "DPoP "+set.Access)
		r.Header.Set("DPoP", "e30.e30.e30")
		if got := w.send(r); got.status != http.StatusUnauthorized || strings.Contains(got.body, "sub") {
			t.Errorf("a bearer token went as DPoP-bound: %d %s", got.status, got.body)
		}
	})
}

// offered is what discovery says of certificates and proofs.
type offered struct {
	Methods []string `json:"token_endpoint_auth_methods_supported"`
	DPoP    []string `json:"dpop_signing_alg_values_supported"`
	Bound   bool     `json:"tls_client_certificate_bound_access_tokens"`
}

func (w *world) discovery() offered {
	w.t.Helper()
	var d offered
	must(w.t, json.Unmarshal([]byte(w.browser().get(discoveryPath).body), &d))
	if !slices.Contains(d.Methods, "private_key_jwt") {
		w.t.Fatalf("no discovery document: %+v", d)
	}
	return d
}
