package jose

import (
	"crypto"
	"encoding/json"
	"errors"
	"testing"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// TestExpectedKeyID: who expects a kid takes no token without it, whatever key would verify.
func TestExpectedKeyID(t *testing.T) {
	r := Rules{Algorithms: []keyring.Algorithm{keyring.ES256}, Types: []string{""}, KeyID: "bay4"}
	keys := SetOf(Key{ID: "bay4", Algorithm: keyring.ES256, Public: signerOf(keyring.ES256).Public()})
	if _, err := Verify(forge(t, keyring.ES256, `{"alg":"ES256","kid":"bay4"}`, `{}`), keys, r); err != nil {
		t.Error(err)
	}
	for name, header := range map[string]string{
		"none": `{"alg":"ES256"}`, "another": `{"alg":"ES256","kid":"bay5"}`, "empty": `{"alg":"ES256","kid":""}`, "longer": `{"alg":"ES256","kid":"bay4 "}`,
		"null": `{"alg":"ES256","kid":null}`, "a list": `{"alg":"ES256","kid":["bay4"]}`,
	} {
		if _, err := Verify(forge(t, keyring.ES256, header, `{}`), keys, r); !errors.Is(err, ErrKeyID) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPublicJWK: what is published is read again as the same key, and nothing else is published.
func TestPublicJWK(t *testing.T) {
	key := signerOf(keyring.ES256).Public()
	set, err := ReadKeySet([]byte(`{"keys":[` + string(PublicJWK(key, "bay \"4\"", keyring.ES256)) + `]}`))
	must(t, err)
	got := set.Keys()[0]
	if got.ID != `bay "4"` || got.Algorithm != keyring.ES256 || Thumbprint(got.Public) != Thumbprint(key) {
		t.Errorf("%+v", got)
	}
	var nothing json.RawMessage
	if nothing = PublicJWK(crypto.PublicKey("key"), "x", keyring.ES256); nothing != nil {
		t.Errorf("%s", nothing)
	}
}
