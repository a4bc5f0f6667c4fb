package xmlsec

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// These tests compare canonical forms with libxml2's, for generated documents and every element in them.

// generatedDocuments is how many documents are compared: fewer where nobody asked for the real components.
func generatedDocuments() uint64 {
	if os.Getenv("LANYARD_COMPONENTS") == "1" {
		return 300
	}
	return 40
}

func requireXMLLint(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("xmllint"); err == nil {
		return
	}
	if os.Getenv("LANYARD_COMPONENTS") == "1" {
		t.Fatal("xmllint is missing: apt-get install libxml2-utils")
	}
	t.Skip("xmllint is not installed; make test needs it")
}

// TestXmllintCanonicalizesAlike compares whole documents. xmllint keeps comments, so it gets the documents without.
func TestXmllintCanonicalizesAlike(t *testing.T) {
	requireXMLLint(t)
	dir := t.TempDir()
	var files, documents []string
	for seed := range generatedDocuments() {
		plain, _ := generate(seed, true)
		doc, _ := generate(seed, false)
		files = append(files, filepath.Join(dir, fmt.Sprintf("%d.xml", seed)))
		documents = append(documents, doc)
		if err := os.WriteFile(files[seed], []byte(plain), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for option, uri := range map[string]string{"--exc-c14n": ExclusiveC14N, "--c14n": InclusiveC14N10, "--c14n11": InclusiveC14N11} {
		t.Run(option, func(t *testing.T) {
			all, err := exec.Command("xmllint", append([]string{option}, files...)...).Output()
			if err != nil {
				t.Fatal(err)
			}
			for i, doc := range documents {
				ours := wholly(t, doc, uri)
				if bytes.HasPrefix(all, ours) {
					all = all[len(ours):]
					continue
				}
				theirs, err := exec.Command("xmllint", option, files[i]).Output()
				t.Fatalf("document %d: %v\nours   %q\ntheirs %q\nof %q", i, err, ours, theirs, doc)
			}
			if len(all) > 0 {
				t.Errorf("%d bytes of xmllint's are left over", len(all))
			}
		})
	}
}

// TestXmllintKnownDisagreement: libxml2 does not escape "&" in a namespace name, and so writes what is not XML. Canonical XML 1.0,
// 2.3, treats namespace nodes as attribute nodes here. This test tells when it is mended.
func TestXmllintKnownDisagreement(t *testing.T) {
	requireXMLLint(t)
	const doc = `<a xmlns="http://z.example/?a=1&amp;b=2"></a>`
	theirs, err := exec.Command("xmllint", "--c14n", writeFile(t, "doc.xml", []byte(doc))).Output()
	if err != nil || string(theirs) != strings.Replace(doc, "&amp;", "&", 1) {
		t.Errorf("libxml2 now writes %s, %v", theirs, err)
	}
	if ours := wholly(t, doc, InclusiveC14N10); string(ours) != doc {
		t.Errorf("ours is %s", ours)
	}
}

// wholly is the canonical form of a document, by every way that we have to it.
func wholly(t *testing.T, doc, uri string) []byte {
	t.Helper()
	root, err := parse([]byte(doc), MetadataLimits())
	if err != nil {
		t.Fatalf("%v\n%q", err, doc)
	}
	ours, err := formOf(root, uri)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := readAs(root.doc, uri, nil, MetadataLimits()); err != nil || d.canon.form() != string(ours) {
		t.Errorf("%v: read as %s\n%q\nfrom the tree %q", err, uri, doc, ours)
	}
	return ours
}

// form is one way to canonicalise an element of a document.
type form struct{ uri, prefixes string }

var forms = []form{{ExclusiveC14N, ""}, {ExclusiveC14N, "a #default c"}, {InclusiveC14N10, ""}, {InclusiveC14N11, ""}}

func (f form) transform() string {
	if f.prefixes == "" {
		return `<ds:Transform Algorithm="` + f.uri + `"/>`
	}
	return `<ds:Transform Algorithm="` + f.uri + `"><ec:InclusiveNamespaces xmlns:ec="` + f.uri + `" PrefixList="` + f.prefixes + `"/></ds:Transform>`
}

func (f form) of(e *Element) ([]byte, error) {
	if f.uri == ExclusiveC14N {
		return inBytes(canonicalForm(e, f.list(), MetadataLimits()))
	}
	return inBytes(inclusiveForm(e, f.uri, MetadataLimits()))
}

func (f form) list() []string {
	prefixes := strings.Fields(f.prefixes)
	if i := slices.Index(prefixes, "#default"); i >= 0 {
		prefixes[i] = ""
	}
	return prefixes
}

// without is the form of e without skip, which is in it.
func (f form) without(e, skip *Element) ([]byte, error) {
	if skip == nil {
		return f.of(e)
	}
	root, err := parse(e.doc[:skip.start]+e.doc[skip.end:], MetadataLimits())
	if err != nil {
		return nil, err
	}
	return f.of(startingAt(root, e.start))
}

func startingAt(e *Element, start int32) *Element {
	for e.start != start {
		i, _ := slices.BinarySearchFunc(e.Children, start+1, func(c *Element, at int32) int { return int(c.start - at) })
		e = e.Children[i-1]
	}
	return e
}

// canonicalForm serialises e as a document subset of its own by exclusive canonicalization, where our program does that only with
// whole documents.
func canonicalForm(e *Element, inclusive []string, l Limits) (string, error) {
	c := newCanonicalizer(e.doc, int(e.start), int(e.end), l)
	c.inclusive = inclusive
	for _, d := range e.namespaces() {
		if slices.Contains(inclusive, d.prefix) {
			c.render(d.prefix, d.space)
		}
	}
	if !c.element(e) {
		return "", fail(CodeLimits, "canonical form too large")
	}
	return c.form(), nil
}

// TestXmlsec1CanonicalizesElementsAlike has xmlsec1 digest every element of each document but the root, in every form.
func TestXmlsec1CanonicalizesElementsAlike(t *testing.T) {
	requireXMLSec1(t)
	key := writeFile(t, "key", []byte("0123456789abcdef"))
	args := []string{"--sign", "--hmackey", key}
	for _, name := range []string{"e", "f", "Longer-name_1.2"} {
		for _, space := range []string{"", "urn:x:", "urn:y:", "http://z.example/?a='1':"} {
			args = append(args, "--id-attr:Id", space+name)
		}
	}
	checked := 0
	for seed := range generatedDocuments() {
		doc, ids := generate(seed, false)
		if len(ids) == 1 {
			continue
		}
		file := writeFile(t, "doc.xml", []byte(withReferences(doc, ids)))
		made, err := exec.Command("xmlsec1", append(args, file)...).Output()
		if err != nil {
			t.Fatalf("document %d: %v\n%s", seed, err, withReferences(doc, ids))
		}
		digests := strings.Split(string(made), "<ds:DigestValue>")[1:]
		root, err := parse([]byte(doc), MetadataLimits())
		if err != nil || len(digests) != len(forms)*(len(ids)-1) {
			t.Fatalf("%v, %d digests", err, len(digests))
		}
		for i, id := range ids[1:] {
			for j, f := range forms {
				ours, err := f.of(byID(root, id))
				if err != nil {
					t.Fatal(err)
				}
				want, _, _ := strings.Cut(digests[i*len(forms)+j], "<")
				if got := base64.StdEncoding.EncodeToString(sum(crypto.SHA256, ours)); got != want {
					t.Fatalf("document %d, element %s by %v: %s, want %s\n%q\n%q", seed, id, f, got, want, ours, doc)
				}
				checked++
			}
		}
	}
	t.Logf("%d elements and forms", checked)
}

func byID(e *Element, id string) *Element {
	for _, a := range e.Attrs {
		if isID(&a) && a.Value == id {
			return e
		}
	}
	for _, c := range e.Children {
		if found := byID(c, id); found != nil {
			return found
		}
	}
	return nil
}

// withReferences is doc with a signature template at its end that has a Reference for every ID but the root's and every form.
func withReferences(doc string, ids []string) string {
	var b strings.Builder
	b.WriteString(`<ds:Signature xmlns:ds="` + dsigSpace + `"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="` + ExclusiveC14N +
		`"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"/>`)
	for _, id := range ids[1:] {
		for _, f := range forms {
			b.WriteString(`<ds:Reference URI="#` + id + `"><ds:Transforms>` + f.transform() + `</ds:Transforms><ds:DigestMethod Algorithm="` +
				SHA256 + `"/><ds:DigestValue></ds:DigestValue></ds:Reference>`)
		}
	}
	b.WriteString(`</ds:SignedInfo><ds:SignatureValue/></ds:Signature>`)
	end := strings.LastIndex(doc, "</")
	return doc[:end] + b.String() + doc[end:]
}

func inBytes(s string, err error) ([]byte, error) { return []byte(s), err }
