package metadata

import (
	"bytes"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

const algorithmSpace = ` xmlns:alg="urn:oasis:names:tc:SAML:metadata:algsupport"`

func signingMethod(algorithm, attributes string) string {
	return `<alg:SigningMethod` + algorithmSpace + attributes + ` Algorithm="` + algorithm + `"/>`
}

func digestMethod(algorithm string) string {
	return `<alg:DigestMethod` + algorithmSpace + ` Algorithm="` + algorithm + `"/>`
}

func TestAlgorithmSupport(t *testing.T) {
	entity := signingMethod(xmlsec.RSASHA256, ` MinKeySize="2048" MaxKeySize=" 4096 "`) + digestMethod(xmlsec.SHA256)
	role := signingMethod(xmlsec.ECDSASHA384, "") + signingMethod(xmlsec.RSASHA512, "")
	for name, c := range map[string]struct {
		entity, role string
		methods      []SigningMethod
		digests      []string
	}{
		"nothing":         {"", "", nil, nil},
		"entity":          {entity, "", []SigningMethod{{xmlsec.RSASHA256, 2048, 4096}}, []string{xmlsec.SHA256}},
		"role":            {"", role, []SigningMethod{{xmlsec.ECDSASHA384, 0, 0}, {xmlsec.RSASHA512, 0, 0}}, nil},
		"role wins":       {entity, role + digestMethod(xmlsec.SHA512) + digestMethod(xmlsec.SHA384), []SigningMethod{{xmlsec.ECDSASHA384, 0, 0}, {xmlsec.RSASHA512, 0, 0}}, []string{xmlsec.SHA512, xmlsec.SHA384}},
		"kind by kind":    {entity, role, []SigningMethod{{xmlsec.ECDSASHA384, 0, 0}, {xmlsec.RSASHA512, 0, 0}}, []string{xmlsec.SHA256}},
		"unreadable size": {"", signingMethod(xmlsec.RSASHA256, ` MinKeySize="big"`) + signingMethod(xmlsec.RSASHA384, ` MaxKeySize="0"`) + role, []SigningMethod{{xmlsec.ECDSASHA384, 0, 0}, {xmlsec.RSASHA512, 0, 0}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			doc := goodPartner(t)
			doc = replace(t, doc, `<md:Extensions>`, `<md:Extensions>`+c.role)
			if c.entity != "" {
				doc = replace(t, doc, `<md:SPSSODescriptor Authn`, `<md:Extensions>`+c.entity+`</md:Extensions><md:SPSSODescriptor Authn`)
			}
			sp := parsed(t, doc).SP
			if !slices.Equal(sp.SigningMethods, c.methods) || !slices.Equal(sp.DigestMethods, c.digests) {
				t.Errorf("%v, %v", sp.SigningMethods, sp.DigestMethods)
			}
		})
	}
}

// TestPublishedEncryptionKeys: signing keys come first, and what the hub decrypts is said, GCM first.
func TestPublishedEncryptionKeys(t *testing.T) {
	d := hub(t)
	other := certificate(t, ecKeyPair(t, elliptic.P384()))
	first, second := certificate(t, testKey()), certificate(t, testKey())
	d.SigningCertificates, d.EncryptionCertificates = [][]byte{first, other}, [][]byte{first, second}
	doc := published(t, d)
	if canonical, err := xmlsec.Canonicalize([]byte(doc), xmlsec.MetadataLimits()); err != nil || string(canonical) != doc {
		t.Errorf("not canonical: %v", err)
	}
	v, err := xmlsec.AcceptVouched([]byte(doc), xmlsec.MetadataLimits())
	if err != nil {
		t.Fatal(err)
	}
	keys := v.Root().Child(space, "IDPSSODescriptor").All(space, "KeyDescriptor")
	want := [][]byte{first, other, first, second}
	if len(keys) != len(want) {
		t.Fatalf("%d keys", len(keys))
	}
	for i, k := range keys {
		_, der, err := readKeyInfo(k.Child(spaceDsig, "KeyInfo"))
		if err != nil || !bytes.Equal(der, want[i]) {
			t.Errorf("key %d: %v", i, err)
		}
		var methods []string
		for _, m := range k.All(space, "EncryptionMethod") {
			methods = append(methods, attribute(m, "Algorithm"))
		}
		use := attribute(k, "use")
		if signs := i < 2; signs != (use == "signing") || signs != (len(methods) == 0) || !signs && (use != "encryption" || methods[0] != xmlsec.AES128GCM) {
			t.Errorf("key %d: %s %v", i, use, methods)
		}
		// What is published must be what our own side would choose from it.
		if len(methods) > 0 {
			cert, err := x509.ParseCertificate(want[i])
			if err != nil {
				t.Fatal(err)
			}
			if !(xmlsec.EncryptionKey{Public: cert.PublicKey.(*rsa.PublicKey)}).Usable() || strings.Contains(strings.Join(methods, " "), "cbc") {
				t.Error("not usable")
			}
		}
	}
}
