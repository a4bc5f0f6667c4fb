package metadata

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec/mutate"
)

var betweenTags = regexp.MustCompile(`>\s+<`)

// signedMetadata is the good partner's metadata as a federation signs it, alone or in an aggregate of one.
func signedMetadata(t testing.TB, aggregate bool, key crypto.Signer) mutate.Document {
	t.Helper()
	doc := betweenTags.ReplaceAllString(goodPartner(t), "><")
	root, algorithm := "EntityDescriptor", xmlsec.RSASHA256
	if aggregate {
		doc = `<md:EntitiesDescriptor xmlns:md="` + space + `" Name="urn:federation" validUntil="2026-12-25T00:00:00Z">` + doc[strings.Index(doc, "<md:"):] + `</md:EntitiesDescriptor>`
		root, algorithm = "EntitiesDescriptor", xmlsec.ECDSASHA256
	}
	canonical, err := xmlsec.Canonicalize([]byte(strings.Replace(doc, "<md:"+root+" ", "<md:"+root+` ID="_m" `, 1)), xmlsec.MetadataLimits())
	if err != nil {
		t.Fatal(err)
	}
	made, err := xmlsec.SignEnveloped(canonical, "_m", bytes.IndexByte(canonical, '>')+1, xmlsec.SigningKey{Signer: key, Algorithm: algorithm, Certificate: certificate(t, key)}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	l := xmlsec.MetadataLimits()
	return mutate.Document{
		XML: made, Key: key, Other: ecKeyPair(t, elliptic.P256()), Weak: smallRSA(t), Forge: []string{"https://pas.rx1.example/acs", "https://evil.example/acs"}, Elsewhere: "http://127.0.0.1:1/x", Markup: l.Comments,
		Bounds: mutate.Bounds{Bytes: l.MaxBytes, Depth: l.MaxDepth, Elements: l.MaxElements, Attributes: l.MaxAttributes, Value: l.MaxAttributeValue, Text: l.MaxText, Namespaces: l.MaxNamespaces},
	}
}

// TestMutants: no metadata that the kit spoils is imported, and what is the same by the standards is read the same.
func TestMutants(t *testing.T) {
	for kind, d := range map[string]mutate.Document{"entity": signedMetadata(t, false, testKey()), "aggregate": signedMetadata(t, true, ecKeyPair(t, elliptic.P256()))} {
		t.Run(kind, func(t *testing.T) {
			keys := []crypto.PublicKey{d.Key.Public(), d.Weak.Public()}
			read := func(doc []byte) (Entity, error) {
				v, err := xmlsec.VerifyEnveloped(doc, xmlsec.MetadataLimits(), keys)
				if err != nil {
					return Entity{}, err
				}
				return Parse(v)
			}
			genuine, err := read(d.XML)
			if err != nil {
				t.Fatal(err)
			}
			mutants, err := d.Mutants()
			if err != nil || len(mutants) < 300 {
				t.Fatalf("%d mutants, %v", len(mutants), err)
			}
			for _, m := range mutants {
				if e, err := read(m.Body); err == nil {
					t.Errorf("imported: %s: %+v\n%.3000s", m, e, m.Body)
				}
			}
			same, err := d.Equivalents()
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range same {
				e, err := read(m.Body)
				if err != nil || !reflect.DeepEqual(e, genuine) {
					t.Errorf("%s: %v\n%+v\nnot\n%+v", m, err, e, genuine)
				}
			}
			t.Logf("%d mutants %v, %d equivalents", len(mutants), mutate.Families(mutants), len(same))
		})
	}
}
