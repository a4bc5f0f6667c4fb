package e2e

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// keyed is a client that has keys of its own: the suite holds them, and the hub their public halves.
type keyed struct {
	id       string
	secret   jose.JSONWebKeySet
	redirect string
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
	h.apply(k.id, fmt.Sprintf(`partner: %s
name: %s
protocol: oidc
stage: live
release: [{ set: cis2 }]
oidc:
  { jwks_file: %s.jwks, redirect_uris: [%q], grants: [authorization_code, refresh_token],
    scopes: [openid, profile, email, nhsperson, selectedrole], %s }
`, k.id, k.id, k.id, k.redirect, terms))
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
