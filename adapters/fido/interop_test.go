package fido_test

import (
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/lanyard-hub/lanyard/bridge"
)

// TestOtherAuthenticator runs both ceremonies with an authenticator that shares no code with ours.
func TestOtherAuthenticator(t *testing.T) {
	rp := virtualwebauthn.RelyingParty{ID: rpID, Name: "Lanyard", Origin: origin}
	for name, kind := range map[string]virtualwebauthn.KeyType{"ES256": virtualwebauthn.KeyTypeEC2, "RS256": virtualwebauthn.KeyTypeRSA} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			options, state, err := d.keys.BeginEnrolment(t.Context(), d.person)
			if err != nil {
				t.Fatal(err)
			}
			creation, err := virtualwebauthn.ParseAttestationOptions(string(options))
			if err != nil {
				t.Fatal(err)
			}
			key := virtualwebauthn.NewAuthenticator()
			credential := virtualwebauthn.NewCredential(kind)
			response := virtualwebauthn.CreateAttestationResponse(rp, key, credential, *creation)
			made, err := d.keys.FinishEnrolment(t.Context(), d.person, state, []byte(response), d.now)
			if err != nil {
				t.Fatal(err)
			}
			a := made.Authenticator
			a.ID = "auth"
			d.shelf.all = append(d.shelf.all, a)
			key.Options.UserHandle = creationUser(t, options)
			key.AddCredential(credential)

			options, state, err = d.keys.BeginSignIn(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			request, err := virtualwebauthn.ParseAssertionOptions(string(options))
			if err != nil {
				t.Fatal(err)
			}
			response = virtualwebauthn.CreateAssertionResponse(rp, key, credential, *request)
			proof, err := d.keys.FinishSignIn(t.Context(), state, []byte(response), d.now)
			if err != nil || proof.UID != d.person.UID || proof.Assurance != bridge.Assurance(3) {
				t.Errorf("proof %+v, %v", proof, err)
			}
		})
	}
}
