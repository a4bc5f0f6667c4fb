package ticket

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestCMS has OpenSSL verify what we write, for RSA and EC cards.
func TestCMS(t *testing.T) {
	components.Gate(t)
	ca := components.NewCA(t, "Cards")
	for name, leaf := range map[string]*components.Leaf{
		"RSA": ca.Card(t, "999000000001"),
		"EC":  ca.Issue(t, components.Profile{Subject: pkix.Name{CommonName: "999000000002"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}),
	} {
		t.Run(name, func(t *testing.T) {
			const challenge = "a challenge\r\nwith anything in it"
			attributes, err := signedAttributes([]byte(challenge), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			_, signature, err := (&signer{leaf: leaf}).Sign(t.Context(), "", attributes)
			if err != nil {
				t.Fatal(err)
			}
			cms, err := signedMessage([]byte(challenge), attributes, signature, leaf.Certificate)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "cms.der")
			if err := os.WriteFile(file, cms, 0o600); err != nil {
				t.Fatal(err)
			}
			out, errs, code := components.Run(t, components.Command{Path: "openssl", Args: []string{"cms", "-verify", "-inform", "DER", "-in", file, "-CAfile", ca.File, "-purpose", "any", "-binary"}})
			if code != 0 || out != challenge {
				t.Errorf("exit %d, content %q: %s", code, out, errs)
			}
		})
	}
	if _, err := signedMessage(nil, []byte{0x31, 0}, nil, card.Certificate{Certificate: &x509.Certificate{}}.Certificate); err == nil {
		t.Error("a key of an unknown kind")
	}
}
