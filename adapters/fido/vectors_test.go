package fido_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// hexBytes are bytes that are written in hexadecimal.
type hexBytes []byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// TestSpecificationVectors enrols the keys of WebAuthn Level 3, section 16, that verified their owner: those of sections 16.1 to 16.14 with
// that flag. Two are refused: the key of Android says nothing of where it lives, which section 8.4 wants, and the TPM is of a maker that the
// Trusted Computing Group does not list (section 8.3.1).
func TestSpecificationVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors map[string]struct{ AttestationObject, ClientDataJSON, CredentialID, Challenge hexBytes }
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) != 5 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	person := people.Person{UID: "555000000001", Name: "Dr Asha Patel"}
	for name, v := range vectors {
		t.Run(name, func(t *testing.T) {
			keys, err := fido.New(fido.Options{
				RPID: "example.org", RPName: "Lanyard", Origins: []string{"https://example.org"}, Authenticators: &shelf{},
				Clock: func() time.Time { return start }, Random: bytes.NewReader(v.Challenge),
				Policy: fido.Policy{Mode: fido.ModeListed, Models: []fido.Model{{AAGUID: blue, Assurance: 3}}, TakeOthers: true},
			})
			if err != nil {
				t.Fatal(err)
			}
			_, state, err := keys.BeginEnrolment(t.Context(), person)
			if err != nil {
				t.Fatal(err)
			}
			encode := base64.RawURLEncoding.EncodeToString
			response, err := json.Marshal(map[string]any{
				"id": encode(v.CredentialID), "rawId": encode(v.CredentialID), "type": "public-key", "clientExtensionResults": map[string]any{},
				"response": map[string]any{"clientDataJSON": encode(v.ClientDataJSON), "attestationObject": encode(v.AttestationObject)},
			})
			if err != nil {
				t.Fatal(err)
			}
			made, err := keys.FinishEnrolment(t.Context(), person, state, response, start)
			if name == "Android key" || name == "TPM" {
				refused(t, err, bridge.CredentialUntrusted, "key_attestation")
				return
			}
			if err != nil || made.Assurance != 2 {
				t.Errorf("assurance %d, %v", made.Assurance, err)
			}
		})
	}
}
