package mutate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func testKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const bare = `<p:Request xmlns:p="urn:p" ID="_1" To="urn:to"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">urn:from</saml:Issuer><p:Name>alice</p:Name></p:Request>`

// signed is bare with a signature that the kit makes.
func signed(t testing.TB) Document {
	t.Helper()
	d := Document{
		Key: testKey(t), Other: testKey(t), Forge: []string{">alice<", ">victim<"}, Once: []string{"p:Name"}, Exact: []string{"alice"}, URIs: []string{"urn:to"}, Elsewhere: "http://127.0.0.1:1/x",
		Bounds: Bounds{Bytes: 64 << 10, Depth: 40, Elements: 2000, Attributes: 40, Value: 8 << 10, Text: 32 << 10, Namespaces: 32},
	}
	at := strings.Index(bare, "<p:Name>")
	p := parts{before: bare[:at], after: bare[at:], id: "_1", idName: "ID", root: "p:Request"}
	out, err := sealed(p, signedInfo(p, d.Key), by(d.Key), "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data></ds:KeyInfo>")
	if err != nil {
		t.Fatal(err)
	}
	d.XML = []byte(out)
	return d
}

// TestMutants: each has a name of its own and differs from the genuine document and from every other.
func TestMutants(t *testing.T) {
	d := signed(t)
	all, err := d.Mutants()
	if err != nil {
		t.Fatal(err)
	}
	names, bodies := map[string]bool{}, map[string]bool{string(d.XML): true}
	for _, m := range all {
		if names[m.String()] {
			t.Errorf("two mutants are called %s", m)
		}
		if bodies[string(m.Body)] {
			t.Errorf("%s is another mutant, or genuine", m)
		}
		names[m.String()], bodies[string(m.Body)] = true, true
	}
	for _, family := range []string{"wrap", "identify", "duplicate", "resign", "encode", "limits", "edit"} {
		if Families(all)[family] < 50 {
			t.Errorf("%d of the family %s", Families(all)[family], family)
		}
	}
	for i := 1; i <= 9; i++ {
		if _, found := Find(all, "wrap/XSW"+string(rune('0'+i))); !found {
			t.Errorf("no XSW%d", i)
		}
	}
}

func TestDocumentsOfAnotherKind(t *testing.T) {
	good := string(signed(t).XML)
	for name, doc := range map[string]string{
		"empty": "", "no signature": bare, "another root": strings.Replace(good, ` ID="_1"`, ` ID="_2"`, 1), "no forgery": strings.ReplaceAll(good, "alice", "bob"),
	} {
		d := signed(t)
		d.XML = []byte(doc)
		if _, err := d.Mutants(); !errors.Is(err, errDocument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRandomIsSteady: the same program makes the same document, and no program is too wild.
func TestRandomIsSteady(t *testing.T) {
	d := signed(t)
	rapid.Check(t, func(t *rapid.T) {
		program := rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(t, "program")
		if string(d.Random(program)) != string(d.Random(program)) {
			t.Fatal("not the same")
		}
	})
}
