package ticket

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec/mutate"
)

// signedAssertion is the role assertion as a system whose terms ask for a signature gets it.
func signedAssertion(t *testing.T) mutate.Document {
	t.Helper()
	w := newWorld(t)
	key, _ := w.withKey()
	made := w.signedByTerms()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	l := xmlsec.TicketLimits()
	return mutate.Document{
		XML: made, Key: key, Other: other, Forge: []string{"uid=555021935107", "uid=555021935199"}, Elsewhere: "http://127.0.0.1:1/x",
		Bounds: mutate.Bounds{Bytes: l.MaxBytes, Depth: l.MaxDepth, Elements: l.MaxElements, Attributes: l.MaxAttributes, Value: l.MaxAttributeValue, Text: l.MaxText, Namespaces: l.MaxNamespaces},
	}
}

// TestMutants: no role assertion that the kit spoils is verified, and what is the same by the standards is.
func TestMutants(t *testing.T) {
	d := signedAssertion(t)
	keys := []crypto.PublicKey{d.Key.Public()}
	genuine, err := xmlsec.VerifyEnveloped(d.XML, xmlsec.TicketLimits(), keys)
	if err != nil {
		t.Fatal(err)
	}
	mutants, err := d.Mutants()
	if err != nil || len(mutants) < 300 {
		t.Fatalf("%d mutants, %v", len(mutants), err)
	}
	for _, m := range mutants {
		if v, err := xmlsec.VerifyEnveloped(m.Body, xmlsec.TicketLimits(), keys); err == nil || v.Root() != nil {
			t.Errorf("accepted: %s\n%.3000s", m, m.Body)
		}
	}
	same, err := d.Equivalents()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range same {
		v, err := xmlsec.VerifyEnveloped(m.Body, xmlsec.TicketLimits(), keys)
		if err != nil || !bytes.Equal(v.Root().Raw(), genuine.Root().Raw()) {
			t.Errorf("%s: %v", m, err)
		}
	}
	t.Logf("%d mutants, %d equivalents", len(mutants), len(same))
}
