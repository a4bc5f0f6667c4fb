package xmlsec

import (
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"io"
	"strings"
	"testing"
)

// find returns the first element of that local name, in document order.
func find(e *Element, local string) *Element {
	if e.Local == local {
		return e
	}
	for _, c := range e.Children {
		if f := find(c, local); f != nil {
			return f
		}
	}
	return nil
}

// TestInclusiveForm: the document subset "e" of each document, by each form.
func TestInclusiveForm(t *testing.T) {
	for name, c := range map[string]struct{ doc, exclusive, c14n10, c14n11 string }{
		"unused namespaces": {`<a xmlns="urn:d" xmlns:p="urn:p"><e q:x="1" xmlns:q="urn:q"><p:f xmlns:p="urn:p" xmlns:r="urn:r"/></e></a>`,
			`<e xmlns="urn:d" xmlns:q="urn:q" q:x="1"><p:f xmlns:p="urn:p"></p:f></e>`,
			`<e xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q" q:x="1"><p:f xmlns:r="urn:r"></p:f></e>`, ""},
		"redeclared at the apex": {`<a xmlns:p="urn:p"><e xmlns:p="urn:q"/></a>`, `<e></e>`, `<e xmlns:p="urn:q"></e>`, ""},
		"redeclared above":       {`<a xmlns:p="urn:p"><b xmlns:p="urn:q"><e/></b></a>`, `<e></e>`, `<e xmlns:p="urn:q"></e>`, ""},
		"default undone above":   {`<a xmlns="urn:d"><b xmlns=""><e/></b></a>`, `<e></e>`, `<e></e>`, ""},
		"default undone at apex": {`<a xmlns="urn:d"><e xmlns=""/></a>`, `<e></e>`, `<e></e>`, ""},
		"default undone below":   {`<e xmlns="urn:d"><f xmlns=""><g xmlns="urn:d"/></f></e>`, `<e xmlns="urn:d"><f xmlns=""><g xmlns="urn:d"></g></f></e>`, `<e xmlns="urn:d"><f xmlns=""><g xmlns="urn:d"></g></f></e>`, ""},
		"default undone unseen":  {`<p:e xmlns="urn:d" xmlns:p="urn:p"><p:f xmlns=""/></p:e>`, `<p:e xmlns:p="urn:p"><p:f></p:f></p:e>`, `<p:e xmlns="urn:d" xmlns:p="urn:p"><p:f xmlns=""></p:f></p:e>`, ""},
		"xml attributes": {`<a xml:lang="en" xml:space="preserve" xml:id="_a"><b xml:lang="de"><e x="1"/></b></a>`, `<e x="1"></e>`,
			`<e x="1" xml:id="_a" xml:lang="de" xml:space="preserve"></e>`, `<e x="1" xml:lang="de" xml:space="preserve"></e>`},
		"xml attribute of its own": {`<a xml:lang="en" xml:id="_a"><e xml:lang="fr" xml:id="_e"/></a>`, `<e xml:id="_e" xml:lang="fr"></e>`, `<e xml:id="_e" xml:lang="fr"></e>`, ""},
		"xml namespace declared":   {`<e xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang="en"/>`, `<e xml:lang="en"></e>`, `<e xml:lang="en"></e>`, ""},
		"text":                     {"<e> <![CDATA[<&>]]><!-- c -->&#13;\r\n\"</e>", "<e> &lt;&amp;&gt;&#xD;\n\"</e>", "<e> &lt;&amp;&gt;&#xD;\n\"</e>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			root, err := parse([]byte(c.doc), MetadataLimits())
			if err != nil {
				t.Fatal(err)
			}
			e := find(root, "e")
			if c.c14n11 == "" {
				c.c14n11 = c.c14n10
			}
			for uri, want := range map[string]string{ExclusiveC14N: c.exclusive, InclusiveC14N10: c.c14n10, InclusiveC14N11: c.c14n11} {
				var got string
				if uri == ExclusiveC14N {
					got, err = canonicalForm(e, nil, MetadataLimits())
				} else {
					got, err = inclusiveForm(e, uri, MetadataLimits())
				}
				if err != nil || got != want {
					t.Errorf("%s: %v\n got %s\nwant %s", uri, err, got, want)
				}
			}
		})
	}
}

func TestInclusiveFormLimit(t *testing.T) {
	l := MessageLimits()
	root, err := parse([]byte(`<a xmlns:p="urn:p"><e/></a>`), l)
	if err != nil {
		t.Fatal(err)
	}
	l.MaxBytes = 4
	if _, err := inclusiveForm(find(root, "e"), InclusiveC14N10, l); codeOf(err) != CodeLimits {
		t.Errorf("got %v", err)
	}
}

// inclusively is doc signed with these canonicalizations of SignedInfo and content; content "" leaves the transform out.
func inclusively(t testing.TB, doc, info, content string, key SigningKey) string {
	t.Helper()
	made := signedBy(t, doc, key)
	root, err := parse([]byte(doc), MetadataLimits())
	if err != nil {
		t.Fatal(err)
	}
	covered, err := formOf(root, content)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := signatureMethodOf(key.Algorithm)
	before, sig, after := parts(made)
	si := string(appendSignedInfo(nil, idOf(doc), key.Algorithm, m.digest, sum(m.hash, covered)))
	si = strings.Replace(si, infoOpenAlone, infoOpen, 1)
	i := strings.Index(si, secondC14N)
	if content == "" {
		si = si[:i] + si[i+len(secondC14N):]
	} else {
		si = si[:i] + strings.Replace(secondC14N, ExclusiveC14N, content, 1) + si[i+len(secondC14N):]
	}
	si = strings.Replace(si, `CanonicalizationMethod Algorithm="`+ExclusiveC14N, `CanonicalizationMethod Algorithm="`+info, 1)
	unsigned := before + sig[:strings.Index(sig, infoOpen)] + si + "<ds:SignatureValue></ds:SignatureValue></ds:Signature>" + after
	if root, err = parse([]byte(unsigned), MetadataLimits()); err != nil {
		t.Fatal(err)
	}
	octets, err := formOf(find(root, "SignedInfo"), info)
	if err != nil {
		t.Fatal(err)
	}
	var random io.Reader // none makes the same value for the same bytes
	if m.kind == kindPSS {
		random = rand.Reader
	}
	value, err := SignDetached(octets, key, random)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(unsigned, "<ds:SignatureValue>", "<ds:SignatureValue>"+base64.StdEncoding.EncodeToString(value), 1)
}

func formOf(e *Element, uri string) ([]byte, error) {
	switch uri {
	case ExclusiveC14N:
		return inBytes(canonicalForm(e, nil, MetadataLimits()))
	case "":
		uri = InclusiveC14N10
	}
	return inBytes(inclusiveForm(e, uri, MetadataLimits()))
}

// widerRequest has namespaces that nobody uses: the two forms differ in SignedInfo and content.
var widerRequest = strings.Replace(authnRequest, "<samlp:AuthnRequest ", `<samlp:AuthnRequest xmlns:xs="http://www.w3.org/2001/XMLSchema" `, 1)

// TestInclusiveByPolicy: inclusive canonicalization verifies where the limits allow it, for messages with the second opinion of
// goxmldsig, and is refused with the code c14n elsewhere.
func TestInclusiveByPolicy(t *testing.T) {
	forms := []string{ExclusiveC14N, InclusiveC14N10, InclusiveC14N11}
	for algorithm, signer := range signers(t) {
		key := SigningKey{Signer: signer, Algorithm: algorithm}
		keys := []crypto.PublicKey{signer.Public()}
		for _, info := range forms {
			for _, content := range append(forms, "") {
				doc := inclusively(t, widerRequest, info, content, key)
				for _, l := range []Limits{MessageLimits(), MetadataLimits()} {
					want := "<nil>"
					if info != ExclusiveC14N || content != ExclusiveC14N {
						want = CodeC14N
					}
					if _, err := VerifyEnveloped([]byte(doc), l, keys); codeOf(err) != want {
						t.Errorf("%s, %s and %q without permission: %v", algorithm, info, content, err)
					}
					l.InclusiveC14N = true
					v, err := VerifyEnveloped([]byte(doc), l, keys)
					if err != nil {
						t.Errorf("%s, %s and %q: %v", algorithm, info, content, err)
						continue
					}
					if got := v.Root().Child(samlSpace, "Issuer").Text(); got != "https://sp.example/shibboleth" || v.Root().Child(dsigSpace, "Signature") != nil {
						t.Errorf("%s, %s and %q: read back %s", algorithm, info, content, v.Root().Raw())
					}
					for _, change := range [][2]string{{"https://sp.example/acs", "https://evil.example/acs"}, {"xmlns:xs=", "xmlns:xy="}} {
						_, err = VerifyEnveloped([]byte(strings.Replace(doc, change[0], change[1], 1)), l, keys)
						unused := change[0] == "xmlns:xs=" && info == ExclusiveC14N && content == ExclusiveC14N
						if (err == nil) != unused {
							t.Errorf("%s, %s and %q with %s: %v", algorithm, info, content, change[1], err)
						}
					}
				}
			}
		}
	}
}

// TestInclusiveStillStrict: permission for another canonicalization is permission for nothing else.
func TestInclusiveStillStrict(t *testing.T) {
	l := MessageLimits()
	l.InclusiveC14N = true
	good := signed(t, authnRequest)
	si := info(good)
	first := si[strings.Index(si, "<ds:Transform "):strings.Index(si, secondC14N)]
	algorithm := func(uri string) string { return strings.Replace(secondC14N, ExclusiveC14N, uri, 1) }
	for name, with := range map[string]string{
		"with comments":        first + algorithm(InclusiveC14N10+"#WithComments"),
		"1.1 with comments":    first + algorithm(InclusiveC14N11+"#WithComments"),
		"exc with comments":    first + algorithm(ExclusiveC14N+"WithComments"),
		"none":                 "",
		"no enveloped":         algorithm(InclusiveC14N10),
		"only exc":             secondC14N,
		"two after":            first + algorithm(InclusiveC14N10) + secondC14N,
		"other order":          algorithm(InclusiveC14N10) + first,
		"parameter":            first + strings.Replace(algorithm(InclusiveC14N10), "></", "><ec:InclusiveNamespaces xmlns:ec=\""+ExclusiveC14N+"\" PrefixList=\"\"></ec:InclusiveNamespaces></", 1),
		"parameter of the one": strings.Replace(first, "></", "><ds:X></ds:X></", 1),
		"XPath":                first + algorithm("http://www.w3.org/TR/1999/REC-xpath-19991116"),
	} {
		t.Run(name, func(t *testing.T) {
			doc := resign(t, good, replace(t, si, first+secondC14N, with))
			if v, err := VerifyEnveloped([]byte(doc), l, partnerKeys()); codeOf(err) != CodeC14N || v.Root() != nil {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("every attack", func(t *testing.T) {
		for _, list := range [][]attack{wrappings(t, "AuthnRequest", authnRequest), profileAttacks(t), infoAttacks(t), parserAttacks(t), limitAttacks(t)} {
			for _, a := range list {
				if v, err := VerifyEnveloped([]byte(a.doc), l, partnerKeys()); err == nil || v.Root() != nil {
					t.Errorf("%s/%s is accepted", a.row, a.name)
				}
			}
		}
	})
}
