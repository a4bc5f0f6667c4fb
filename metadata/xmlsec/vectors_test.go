package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The interoperability vectors of W3C's working groups, of NIST and of several makers, as xmlsec1 collects them. .ci/fetch-vectors
// fetches them. Most of their signatures are of kinds that the profile refuses: detached and enveloping ones, SHA-1, HMAC, DSA,
// XPath. Their canonical forms and values are right all the same, and are compared.

const vectorsVersion = "xmlsec1-1.2.37"

// vectors is the folder that the vectors are in. It fails where they are promised and skips elsewhere.
func vectors(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "lanyard-vectors", vectorsVersion)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if os.Getenv("LANYARD_COMPONENTS") == "1" {
		t.Fatal("the interoperability vectors are missing: run .ci/fetch-vectors")
	}
	t.Skip("the interoperability vectors are not there; make test needs them")
	return ""
}

func readVector(t *testing.T, dir string, name ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{dir}, name...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signatureVectors are the documents with a signature, by their path.
func signatureVectors(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	docs := map[string][]byte{}
	for _, folder := range []string{"aleksey-xmldsig-01", "merlin-c14n-three", "merlin-exc-c14n-one", "merlin-xmldsig-twenty-three",
		"merlin-xmlenc-five", "merlin-xpath-filter2-three", "phaos-xmldsig-three", "xmldsig2ed-tests"} {
		err := filepath.WalkDir(filepath.Join(dir, folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".xml") {
				return err
			}
			name, err := filepath.Rel(dir, path)
			if doc := readVector(t, path); bytes.Contains(doc, []byte("Signature")) {
				docs[name] = doc
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return docs
}

// vectorKeys are the public keys of all certificates there that Go reads.
func vectorKeys(t *testing.T, dir string) []crypto.PublicKey {
	t.Helper()
	var keys []crypto.PublicKey
	files, err := filepath.Glob(filepath.Join(dir, "keys", "*cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if block, _ := pem.Decode(readVector(t, file)); block != nil {
			if c, err := x509.ParseCertificate(block.Bytes); err == nil {
				keys = append(keys, c.PublicKey)
			}
		}
	}
	return keys
}

// TestVectorsAreRefused: each signature is refused, inclusive canonicalization permitted or not. The golden file says why.
func TestVectorsAreRefused(t *testing.T) {
	dir := vectors(t)
	keys := vectorKeys(t, dir)
	lenient := MetadataLimits()
	lenient.InclusiveC14N = true
	var lines []string
	for name, doc := range signatureVectors(t, dir) {
		_, err := VerifyEnveloped(doc, MetadataLimits(), keys)
		_, err2 := VerifyEnveloped(doc, lenient, keys)
		if err == nil || err2 == nil {
			t.Errorf("%s is accepted", name)
			continue
		}
		lines = append(lines, fmt.Sprintf("%-13s %-13s %s\n", codeOf(err), codeOf(err2), filepath.ToSlash(name)))
	}
	slices.Sort(lines)
	got, golden := strings.Join(lines, ""), filepath.Join("testdata", "vectors.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || got != string(want) {
		t.Errorf("%v, got\n%s", err, got)
	}
}

// TestVectorsCanonicalForms compares with the intermediate results that two of the makers wrote down.
func TestVectorsCanonicalForms(t *testing.T) {
	dir := vectors(t)
	root, err := parse(readVector(t, dir, "merlin-c14n-three", "signature.xml"), MetadataLimits())
	if err != nil {
		t.Fatal(err)
	}
	// Of the 27 these three are about an element with all that is in it; the others pick nodes by XPath.
	for file, f := range map[string]form{"c14n-0.txt": {InclusiveC14N10, ""}, "c14n-9.txt": {ExclusiveC14N, ""}, "c14n-18.txt": {ExclusiveC14N, "#default"}} {
		got, err := f.of(find(root, "Something"))
		if want := readVector(t, dir, "merlin-c14n-three", file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v\n got %s\nwant %s", file, err, got, want)
		}
	}
}
