package e2e

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// keyed is a client that has keys of its own: the suite holds them, and the hub their public halves.
type keyed struct {
	id       string
	secret   jose.JSONWebKeySet
	redirect string
	grants   string // empty: the code grant and refreshing
}

// key makes a client with one ES256 key.
func (k *keyed) key(t *testing.T) {
	t.Helper()
	key := components.ECKey(t)
	k.secret = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key, KeyID: k.id + "-1", Use: "sig", Algorithm: "ES256"}}}
}

// approve registers the client.
func (k *keyed) approve(t *testing.T, h *hub, terms string) {
	t.Helper()
	public := jose.JSONWebKeySet{}
	for _, key := range k.secret.Keys {
		public.Keys = append(public.Keys, key.Public())
	}
	data, err := json.Marshal(public)
	if err != nil {
		t.Fatal(err)
	}
	h.write(k.id+".jwks", string(data))
	grants, redirects := k.grants, ""
	if grants == "" {
		grants = "[authorization_code, refresh_token]"
	}
	if k.redirect != "" {
		redirects = fmt.Sprintf(", redirect_uris: [%q]", k.redirect)
	}
	h.apply(k.id, fmt.Sprintf(`partner: %s
name: %s
protocol: oidc
stage: live
release: [{ set: cis2 }]
oidc:
  { jwks_file: %s.jwks, grants: %s%s,
    scopes: [openid, profile, email, nhsperson, selectedrole], %s }
`, k.id, k.id, k.id, grants, redirects, terms))
}

// section is what the suite is told of the client.
func (k *keyed) section() map[string]any {
	return map[string]any{"client_id": k.id, "scope": "openid profile", "jwks": k.secret, "dpop_signing_alg": "ES256"}
}

// suiteKeyed registers two clients that authenticate with keys in the OpenID Connect plans.
func suiteKeyed(t *testing.T, h *hub) map[string]any {
	t.Helper()
	first, second := keyed{id: "suite-key-1", redirect: suiteURL("callback")}, keyed{id: "suite-key-2", redirect: suiteURL("callback")}
	for _, k := range []*keyed{&first, &second} {
		k.key(t)
		k.approve(t, h, "auth: private_key_jwt, pkce: false")
	}
	return map[string]any{
		"alias": suiteAlias, "description": "Lanyard",
		"server": map[string]string{"discoveryUrl": h.issuer + "/.well-known/openid-configuration"},
		"client": first.section(), "client2": second.section(),
	}
}

// certified gives a client a certificate of the authority that the hub takes them from, and returns what the suite is told of it.
func (k *keyed) certified(t *testing.T, h *hub) map[string]string {
	t.Helper()
	leaf := h.ca.Issue(t, components.Profile{Subject: pkix.Name{CommonName: k.id}, Hosts: []string{k.id + ".example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	out := map[string]string{}
	for name, file := range map[string]string{"cert": leaf.CertFile, "key": leaf.KeyFile} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(data)
	}
	return out
}

// withCertificates serves clients with certificates at a host of their own, and returns its address.
func (h *hub) withCertificates() string {
	h.t.Helper()
	issuer, err := url.Parse(h.issuer)
	if err != nil {
		h.t.Fatal(err)
	}
	host := "mtls." + issuer.Hostname()
	leaf := h.ca.Issue(h.t, components.Profile{ // RSA: FAPI 1.0, which FAPI-CIBA is built on, lists no cipher suite with ECDSA
		Subject: pkix.Name{CommonName: host}, Hosts: []string{host, issuer.Hostname(), "*.card." + issuer.Hostname()}, Key: components.RSAKey(h.t),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err := os.Chmod(leaf.KeyFile, 0o600); err != nil {
		h.t.Fatal(err)
	}
	at := "https://" + host + ":" + issuer.Port()
	for name, value := range map[string]string{
		"MTLS__ADDRESS": "127.0.0.1:" + issuer.Port(), "MTLS__URL": at, "MTLS__CLIENT_CA": h.ca.File,
		"PUBLIC__TLS__CERT": leaf.CertFile, "PUBLIC__TLS__KEY_FILE": leaf.KeyFile,
	} {
		h.env["LANYARD_LISTENERS__"+name] = value
	}
	h.proc.Close()
	h.serve()
	return at
}

// suiteCertified registers the two clients of the FAPI plans with certificates: to authenticate, or for the tokens alone.
func suiteCertified(method, terms string) func(*testing.T, *hub) map[string]any {
	return func(t *testing.T, h *hub) map[string]any {
		t.Helper()
		at := h.withCertificates()
		first := keyed{id: "suite-fapi-1", redirect: suiteURL("callback")}
		second := keyed{id: "suite-fapi-2", redirect: suiteURL("callback?dummy1=lorem&dummy2=ipsum")}
		for _, k := range []*keyed{&first, &second} {
			k.key(t)
			name := ""
			if method == "tls_client_auth" {
				name = fmt.Sprintf(", tls_name: %q", "dns:"+k.id+".example")
			}
			k.approve(t, h, "profile: fapi2, bind: mtls, auth: "+method+name+terms)
		}
		return map[string]any{
			"alias": suiteAlias, "description": "Lanyard",
			"server": map[string]string{"discoveryUrl": h.issuer + "/.well-known/openid-configuration"},
			"client": first.section(), "client2": second.section(), "mtls": first.certified(t, h), "mtls2": second.certified(t, h),
			"resource": map[string]string{"resourceUrl": at + "/oidc/userinfo"},
		}
	}
}

// suiteFAPI registers the two clients of the FAPI plans.
func suiteFAPI(terms string) func(*testing.T, *hub) map[string]any {
	return func(t *testing.T, h *hub) map[string]any {
		t.Helper()
		first := keyed{id: "suite-fapi-1", redirect: suiteURL("callback")}
		second := keyed{id: "suite-fapi-2", redirect: suiteURL("callback?dummy1=lorem&dummy2=ipsum")}
		for _, k := range []*keyed{&first, &second} {
			k.key(t)
			k.approve(t, h, "profile: fapi2"+terms)
		}
		return map[string]any{
			"alias": suiteAlias, "description": "Lanyard",
			"server": map[string]string{"discoveryUrl": h.issuer + "/.well-known/openid-configuration"},
			"client": first.section(), "client2": second.section(),
			"resource": map[string]string{"resourceUrl": h.issuer + "/oidc/userinfo"},
		}
	}
}
