package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// TestKeysOfOthers: keys that are in the ring for SAML alone are neither published nor offered, and nothing of a client's changes.
func TestKeysOfOthers(t *testing.T) {
	w := newWorld(t)
	before := w.browser().get(jwksPath).body
	discovery := w.browser().get("/.well-known/openid-configuration").body
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(t, err)
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	must(t, err)
	_, decrypts := keys()
	all := append([]keyring.Key{
		{State: keyring.Active, Signer: p384, Certificate: &x509.Certificate{}},
		{State: keyring.Next, Signer: p521, Certificate: &x509.Certificate{}},
		{Use: keyring.Encryption, State: keyring.Active, Signer: decrypts, Certificate: &x509.Certificate{}},
	}, w.ring.Published()...)
	w.ring, err = keyring.New(all...)
	must(t, err)
	if after := w.browser().get(jwksPath).body; after != before {
		t.Errorf("published %s, before %s", after, before)
	}
	if after := w.browser().get("/.well-known/openid-configuration").body; after != discovery {
		t.Errorf("discovery changed: %s", after)
	}
	var set jose.JSONWebKeySet
	must(t, json.Unmarshal([]byte(before), &set))
	algs := map[string]int{}
	for _, k := range set.Keys {
		algs[k.Algorithm]++
	}
	if fmt.Sprint(algs) != "map[ES256:2 RS256:1]" {
		t.Errorf("%v", algs)
	}
	b := w.browser()
	for _, id := range []string{"basic", "post"} { // ES256 and RS256
		w.verified(w.tokens(w.redeem(id, b.code(id))).ID)
	}
}
