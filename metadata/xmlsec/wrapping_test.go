package xmlsec

import (
	"crypto"
	"strings"
	"testing"
)

const (
	extensionsOpen = `<samlp:Extensions>`
	extensionsEnd  = `</samlp:Extensions>`
)

// forged is the document an attacker wants to be believed: the same with another ID and other content.
func forged(t testing.TB, doc string) string {
	doc = replace(t, doc, ` ID="_`, ` ID="_evil_`)
	doc = strings.Replace(doc, "https://sp.example/acs", "https://evil.example/acs", 1)
	return strings.Replace(doc, ">alice<", ">victim<", 1)
}

// wrappings transposes the published signature wrapping attacks (XSW 1 to 9) to a message that the hub consumes: rows 1 to 11.
func wrappings(t *testing.T, kind, message string) []attack {
	genuine := signed(t, message)
	before, sig, after := parts(genuine)
	original := before + after
	evil := forged(t, message)
	at := afterIssuer(evil)
	end := strings.LastIndex(evil, "</samlp:")
	wrap := func(s string) string { return evil[:at] + s + evil[at:] }
	inside := func(content string) string {
		return strings.Replace(sig, "</ds:Signature>", content+"</ds:Signature>", 1)
	}
	object := func(content string) string { return "<ds:Object>" + content + "</ds:Object>" }
	row := map[string]string{"AuthnRequest": "010", "LogoutRequest": "011"}[kind]
	list := []attack{
		{"001", "original inside the signature", wrap(inside(original)), CodeProfile},
		{"002", "original before a detached signature", wrap(original + sig), CodeProfile},
		{"003", "forged sibling first", `<samlp:Bundle xmlns:samlp="urn:x" ID="_b">` + evil + genuine + `</samlp:Bundle>`, CodeProfile},
		{"003", "forged sibling outside the root", evil + genuine, CodeSyntax},
		{"004", "original becomes child of forged", evil[:end] + genuine + evil[end:], CodeProfile},
		{"005", "signature in forged, original at its end", evil[:at] + sig + evil[at:end] + original + evil[end:], CodeProfile},
		{"006", "original inside KeyInfo", wrap(strings.Replace(sig, "<ds:KeyInfo>", "<ds:KeyInfo>"+original, 1)), CodeProfile},
		{"007", "signature on forged, original under Extensions", wrap(sig + extensionsOpen + original + extensionsEnd), CodeProfile},
		{"008", "original under ds:Object", wrap(inside(object(original))), CodeProfile},
		{"009", "a second signature under ds:Object", wrap(inside(object(original + sig))), CodeProfile},
		{row, "signed original under Extensions of forged", wrap(extensionsOpen + genuine + extensionsEnd), CodeProfile},
		{row, "with the ID of the original", strings.Replace(wrap(sig), `ID="_evil_`, `ID="_`, 1), CodeDigest},
	}
	for i := range list {
		list[i].name = kind + ", " + list[i].name
	}
	return list
}

// TestSecurityMetadataWrapping is row 12: the signature has to be on the root.
func TestSecurityMetadataWrapping(t *testing.T) {
	const open = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">`
	entity := `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_m" entityID="https://sp.example">` +
		`<md:Extensions></md:Extensions></md:EntityDescriptor>`
	out, err := SignEnveloped([]byte(entity), "_m", strings.Index(entity, "<md:Extensions"),
		SigningKey{Signer: partnerKey(), Algorithm: RSASHA256}, nil)
	if err != nil {
		t.Fatal(err)
	}
	good := string(out)
	if _, err := VerifyEnveloped([]byte(good), MetadataLimits(), partnerKeys()); err != nil {
		t.Fatal(err)
	}
	for name, doc := range map[string]string{
		"evil sibling": open + forged(t, entity) + good + `</md:EntitiesDescriptor>`,
		"alone":        open + good + `</md:EntitiesDescriptor>`,
	} {
		t.Run("012/"+name, func(t *testing.T) {
			if _, err := VerifyEnveloped([]byte(doc), MetadataLimits(), partnerKeys()); codeOf(err) != CodeProfile {
				t.Errorf("got %v", err)
			}
			if _, err := AcceptUnsigned([]byte(doc), MetadataLimits()); codeOf(err) != CodeProfile {
				t.Errorf("unsigned: %v", err)
			}
		})
	}
}

// TestSecurityKeys covers rows 88, 89 and 91, and the rule that no key is never an acceptance.
func TestSecurityKeys(t *testing.T) {
	foreign := []byte(signedBy(t, authnRequest,
		SigningKey{Signer: foreignKey(), Algorithm: RSASHA256, Certificate: certificate(t, foreignKey())}))
	small := newRSA(1024)
	for _, c := range []struct {
		row, name string
		keys      []crypto.PublicKey
		want      string
	}{
		{"088", "another partner's key", partnerKeys(), CodeSignature},
		{"089", "the key is in KeyInfo only", nil, CodeNoKey},
		{"059", "only weak keys", []crypto.PublicKey{small.Public()}, CodeSignature},
		{"060", "only keys of an unknown kind", []crypto.PublicKey{struct{}{}, nil}, CodeSignature},
	} {
		t.Run(c.row+"/"+c.name, func(t *testing.T) {
			if v, err := VerifyEnveloped(foreign, MessageLimits(), c.keys); codeOf(err) != c.want || v.Root() != nil {
				t.Errorf("got %v, want %s", err, c.want)
			}
			sig, err := SignDetached([]byte("x"), SigningKey{Signer: foreignKey(), Algorithm: RSASHA256}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := VerifyDetached([]byte(authnRequest), MessageLimits(), []byte("x"), RSASHA256, sig, c.keys); codeOf(err) != c.want || v.Root() != nil {
				t.Errorf("detached: got %v, want %s", err, c.want)
			}
		})
	}
	t.Run("091/second key, expired certificate, no KeyInfo", func(t *testing.T) {
		doc := signedBy(t, authnRequest, SigningKey{Signer: foreignKey(), Algorithm: RSASHA256})
		keys := []crypto.PublicKey{newEC(t, elliptic256()).Public(), partnerKey().Public(), foreignKey().Public()}
		if v, err := VerifyEnveloped([]byte(doc), MessageLimits(), keys); err != nil || v.By() != keys[2] {
			t.Errorf("got %v, %v", v.By(), err)
		}
	})
}
