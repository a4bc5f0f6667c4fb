package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec/mutate"
)

// everyCode is the closed set of reasons for a refusal.
var everyCode = []Code{
	CodeLimits, CodeSyntax, CodeEncoding, CodeDoctype, CodeDuplicateID, CodeProfile, CodeAlgorithm, CodeC14N, CodeDigest, CodeSignature, CodeSecondOpinion,
	CodeNoKey, CodeKey, CodeDecrypt, CodeSOAPVersion, CodeMustUnderstand,
}

// bounds tells the kit what l accepts.
func bounds(l Limits) mutate.Bounds {
	return mutate.Bounds{
		Bytes: l.MaxBytes, Depth: l.MaxDepth, Elements: l.MaxElements, Attributes: l.MaxAttributes, Value: l.MaxAttributeValue,
		Text: l.MaxText, Namespaces: l.MaxNamespaces,
	}
}

// prey is a signed message for the kit.
func prey(t testing.TB, doc string, l Limits, key, other crypto.Signer, forge ...string) mutate.Document {
	t.Helper()
	algorithm := RSASHA256
	if _, isRSA := key.Public().(interface{ Size() int }); !isRSA {
		algorithm = ECDSASHA256
	}
	made := signedBy(t, doc, SigningKey{Signer: key, Algorithm: algorithm, Certificate: certificate(t, key)})
	return mutate.Document{
		XML: []byte(made), Key: key, Other: other, Weak: newRSA(1024), Forge: forge, Elsewhere: "http://127.0.0.1:1/x", Bounds: bounds(l), Markup: l.Comments,
	}
}

func preys(t testing.TB) map[string]mutate.Document {
	ec, otherEC := newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	return map[string]mutate.Document{
		"AuthnRequest":         prey(t, authnRequest, MessageLimits(), partnerKey(), foreignKey(), "https://sp.example/acs", "https://evil.example/acs"),
		"LogoutRequest":        prey(t, logoutRequest, MessageLimits(), partnerKey(), foreignKey(), ">alice<", ">victim<"),
		"LogoutRequest, ECDSA": prey(t, logoutRequest, MessageLimits(), ec, otherEC, ">alice<", ">victim<"),
	}
}

// TestMutants: nothing that the kit makes of a signed message is verified, and all that is the same message by the standards is.
func TestMutants(t *testing.T) {
	for kind, d := range preys(t) {
		t.Run(kind, func(t *testing.T) {
			keys := []crypto.PublicKey{d.Key.Public(), d.Weak.Public()}
			mutants, err := d.Mutants()
			if err != nil || len(mutants) < 300 {
				t.Fatalf("%d mutants, %v", len(mutants), err)
			}
			for _, m := range mutants {
				v, err := VerifyEnveloped(m.Body, MessageLimits(), keys)
				if err == nil || v.Root() != nil {
					t.Errorf("accepted: %s\n%.2000s", m, m.Body)
				} else if !slices.Contains(everyCode, codeOf(err)) {
					t.Errorf("%s: no code: %v", m, err)
				}
			}
			equals(t, d, keys)
			t.Log(len(mutants), mutate.Families(mutants))
		})
	}
}

func equals(t *testing.T, d mutate.Document, keys []crypto.PublicKey) {
	t.Helper()
	same, err := d.Equivalents()
	if err != nil || len(same) < 30 {
		t.Fatalf("%d equivalents, %v", len(same), err)
	}
	genuine, err := VerifyEnveloped(d.XML, MessageLimits(), keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range same {
		v, err := VerifyEnveloped(m.Body, MessageLimits(), keys)
		if err != nil {
			t.Errorf("refused: %s: %v\n%.3000s", m, err, m.Body)
		} else if string(v.Root().Raw()) != string(genuine.Root().Raw()) {
			t.Errorf("%s is read as %s", m, v.Root().Raw())
		}
	}
}

// TestMutantsAreHostile: the kit's documents are refused for what they are. A verifier that leaves out one rule has to accept some
// of them, or the kit would not test that rule.
func TestMutantsAreHostile(t *testing.T) {
	d := preys(t)["AuthnRequest"]
	mutants, err := d.Mutants()
	if err != nil {
		t.Fatal(err)
	}
	byCode := map[string]int{}
	for _, m := range mutants {
		_, err := VerifyEnveloped(m.Body, MessageLimits(), []crypto.PublicKey{d.Key.Public()})
		byCode[codeOf(err)]++
	}
	for _, code := range []Code{CodeLimits, CodeSyntax, CodeEncoding, CodeDoctype, CodeDuplicateID, CodeProfile, CodeAlgorithm, CodeC14N, CodeDigest, CodeSignature} {
		if byCode[code] < 5 {
			t.Errorf("%d are refused with the code %s", byCode[code], code)
		}
	}
	if strings.Contains(string(d.XML), "evil") {
		t.Error("the genuine document is forged")
	}
}

// FuzzVerifyMutants: whatever a program makes of a signed message is refused, or is, in the bytes that are read, what was signed.
func FuzzVerifyMutants(f *testing.F) {
	key := steadyKey(f)
	keys := []crypto.PublicKey{key.Public()}
	var docs []mutate.Document
	forge := [][]string{{"https://sp.example/acs", "https://evil.example/acs"}, {">alice<", ">victim<"}}
	for i, doc := range []string{authnRequest, logoutRequest} {
		out, err := SignEnveloped([]byte(doc), idOf(doc), afterIssuer(doc), SigningKey{Signer: key, Algorithm: ECDSASHA256, Certificate: []byte("a hint")}, nil)
		if err != nil {
			f.Fatal(err)
		}
		docs = append(docs, mutate.Document{XML: out, Forge: forge[i]})
	}
	for op := range byte(16) {
		f.Add(op&1, []byte{op, 1, 3, op, 13, 0, 0, 0, op, 2, 0, 1})
	}
	made := []string{authnRequest, logoutRequest}
	alone := MessageLimits()
	alone.secondOpinion, alone.Comments, alone.CDATA, alone.InclusiveC14N = false, true, true, true
	f.Fuzz(func(t *testing.T, which byte, program []byte) {
		doc := docs[int(which)%len(docs)].Random(program)
		for _, l := range []Limits{alone, alone.Holding(), MessageLimits()} {
			v, err := VerifyEnveloped(doc, l, keys)
			if err != nil {
				continue
			}
			if used := v.Root().doc; used != made[int(which)%len(docs)] {
				t.Fatalf("verified what nobody signed: %s\nfrom %s", used, doc)
			}
		}
		if v, err := AcceptUnsigned(doc, alone); err == nil && bytes.Contains(doc, []byte("Signature>")) && countSignatures(v.Root()) > 0 {
			t.Fatalf("a signature is ignored: %s", doc)
		}
	})
}
