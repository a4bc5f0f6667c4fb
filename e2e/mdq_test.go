package e2e

import (
	"bytes"
	"encoding/pem"
	"os"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestShibbolethMetadataQuery: a Shibboleth SP that knows nothing of the hub but its name asks for its metadata when somebody signs
// on, by the Metadata Query Protocol, and takes it by its signature. With a foreign key it takes nothing.
func TestShibbolethMetadataQuery(t *testing.T) {
	for name, foreign := range map[string]bool{"our key": false, "a foreign key": true} {
		t.Run(name, func(t *testing.T) {
			h := startHub(t, "")
			signer := h.path("signer.pem")
			h.write("signer.pem", string(firstCertificate(t, h.path("signing.pem"))))
			if foreign {
				signer = h.ca.File
			}
			sp := h.shibboleth(components.ShibbolethConfig{
				QueryURL: h.issuer + "/saml2/mdq", MetadataCert: signer, RequireValidity: true, SignRequests: true,
			}, "")
			s := h.newSurfer(nurse)
			s.open(sp.Secure)
			if foreign {
				if !strings.HasPrefix(s.url.String(), sp.Base) {
					s.fail("the app went to %s, whose metadata it cannot trust", s.url)
				}
				return
			}
			s.signInByCard("")
			s.autopost()
			if got := components.Variables(s.body)["uid"]; got != nurse {
				t.Log(sp.Log(t))
				s.fail("uid %q", got)
			}
			if !strings.Contains(sp.Log(t), "/saml2/mdq/entities/https%3A%2F%2Fhub.localhost") {
				t.Error("the app asked in another way")
			}
		})
	}
}

// firstCertificate takes the first certificate out of a PEM file with keys in it.
func firstCertificate(t *testing.T, file string) []byte {
	t.Helper()
	rest, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for len(rest) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			return bytes.TrimSpace(pem.EncodeToMemory(block))
		}
	}
	t.Fatal("no certificate in " + file)
	return nil
}
