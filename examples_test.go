package lanyard_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"math/big"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// block is a fenced block of a document.
type block struct {
	language, text string
	under          string // the heading above it
}

// blocks takes the fenced blocks out of a document. A block that is indented in a list is moved to the margin.
func blocks(text string) []block {
	var out []block
	var current *block
	heading, indent := "", ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		fence, isFence := strings.CutPrefix(trimmed, "```")
		switch {
		case isFence && current == nil:
			indent = line[:strings.Index(line, "```")]
			current = &block{language: fence, under: heading}
		case isFence:
			out, current = append(out, *current), nil
		case current != nil:
			current.text += strings.TrimPrefix(line, indent)
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
	}
	return out
}

// beside are the files that the examples name.
func beside(t *testing.T) fstest.MapFS {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: exampleTime, NotAfter: exampleTime.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	sp := `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="ENTITY">
  <md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
		base64.StdEncoding.EncodeToString(der) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://pas.rx1.example/acs" index="0"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>`
	of := func(entity string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(strings.Replace(sp, "ENTITY", entity, 1))}
	}
	return fstest.MapFS{
		"pas-metadata.xml": of("https://pas.rx1.example/shibboleth"),
		"pas.xml":          of("https://pas.rx1.example/shibboleth"),
		"sp.xml":           of("https://wards.rx1.example/mellon/metadata"),
		"rota.xml":         of("https://rota.rx1.example/saml/metadata"),
		"wards.xml":        of("https://wards.rx1.example/saml2/service-provider-metadata/hub"),
		"portal.xml":       of("https://portal.rx1.example/simplesamlphp"),
		"clinic.xml":       of("https://keycloak.rx1.example/realms/clinic"),
		"lemonldap.xml":    of("https://auth.rx1.example/saml/metadata"),
		"clinic.secret":    {Data: []byte("generated, thirty-two bytes long\n")},
		"fhir.secret":      {Data: []byte("generated, thirty-two bytes long\n")},
		"epr.jwks":         {Data: []byte(`{"keys":[]}`)},
		"epr.secret":       {Data: []byte("generated, thirty-two bytes long\n")},
		"app.secret":       {Data: []byte("generated, thirty-two bytes long\n")},
		"till.secret":      {Data: []byte("generated, thirty-two bytes long\n")},
	}
}

var exampleTime = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)

// TestExamplePartners compiles every partner document in the documents, as `lanyard partner apply` does.
func TestExamplePartners(t *testing.T) {
	compiler, err := trust.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	seen, files := 0, beside(t)
	eachBlock(t, "yaml", func(t *testing.T, name string, b block) {
		if !strings.HasPrefix(b.text, "partner:") {
			return
		}
		seen++
		docs, err := trust.ReadDocuments(strings.NewReader(b.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		for _, d := range docs {
			d, metadata, err := d.Resolve(files)
			if err == nil {
				_, err = compiler.Compile(d, metadata, trust.CompileOptions{Now: exampleTime, Lab: strings.Contains(b.text, ".localhost")})
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	if seen < 4 {
		t.Errorf("found %d partner documents, fewer than there were", seen)
	}
}

// TestExamplePeople reads every import in the documents.
func TestExamplePeople(t *testing.T) {
	seen := 0
	eachBlock(t, "yaml", func(t *testing.T, name string, b block) {
		if !strings.HasPrefix(b.text, "people:") {
			return
		}
		seen++
		in, err := people.ReadYAML(strings.NewReader(b.text))
		if err != nil || len(in.Persons) == 0 {
			t.Errorf("%s: %d persons, %v", name, len(in.Persons), err)
		}
	})
	if seen == 0 {
		t.Error("no example of an import")
	}
}

// TestExampleRBAC reads every RBAC document in the documents.
func TestExampleRBAC(t *testing.T) {
	seen := 0
	eachBlock(t, "yaml", func(t *testing.T, name string, b block) {
		if !strings.HasPrefix(b.text, "activities:") {
			return
		}
		seen++
		if _, err := people.ReadRBAC(strings.NewReader(b.text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	if seen == 0 {
		t.Error("no example of an RBAC document")
	}
}

// TestExampleEvents reads the example of every audit event strictly: it must be of the kind it stands under,
// with the fields that events have, in their order.
func TestExampleEvents(t *testing.T) {
	seen := 0
	eachBlock(t, "json", func(t *testing.T, name string, b block) {
		if name != "docs/audit-events.md" {
			return
		}
		seen++
		in := json.NewDecoder(strings.NewReader(b.text))
		in.DisallowUnknownFields()
		var e ledger.Event
		if err := in.Decode(&e); err != nil {
			t.Errorf("%s: %s: %v", name, b.under, err)
			return
		}
		if "`"+string(e.Kind)+"`" != b.under {
			t.Errorf("%s: an event of kind %s stands under %s", name, e.Kind, b.under)
		}
		written, err := e.Canonical()
		if err != nil || string(written) != strings.TrimSpace(b.text) {
			t.Errorf("%s: %s: the hub writes %s", name, b.under, written)
		}
	})
	if kinds := len(thisHouse(t).kinds()); seen < kinds {
		t.Errorf("%d examples for %d kinds", seen, kinds)
	}
}

// TestExampleDemo compares demo.json in the documents with what the demo writes.
func TestExampleDemo(t *testing.T) {
	var example any
	eachBlock(t, "json", func(t *testing.T, name string, b block) {
		if path.Base(name) == "demo-json.md" {
			if err := json.Unmarshal([]byte(b.text), &example); err != nil {
				t.Fatal(err)
			}
		}
	})
	want := tags(thisHouse(t).source("cmd/demo/manifest.go"), "json")
	got := keysOf(example, nil)
	slices.Sort(want)
	slices.Sort(got)
	if want, got := slices.Compact(want), slices.Compact(got); !reflect.DeepEqual(want, got) {
		t.Errorf("the example has the keys %v, the demo writes %v", got, want)
	}
}

func keysOf(v any, into []string) []string {
	switch x := v.(type) {
	case map[string]any:
		for key, value := range x {
			into = keysOf(value, append(into, key))
		}
	case []any:
		for _, value := range x {
			into = keysOf(value, into)
		}
	}
	return into
}

func eachBlock(t *testing.T, language string, visit func(t *testing.T, name string, b block)) {
	t.Helper()
	h := thisHouse(t)
	for _, name := range h.files {
		if path.Ext(name) != ".md" {
			continue
		}
		text, err := fs.ReadFile(h.fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks(string(text)) {
			if b.language == language {
				visit(t, name, b)
			}
		}
	}
}

// TestLicence compares the licence with the words that must be in it, whole.
func TestLicence(t *testing.T) {
	h := thisHouse(t)
	text, err := fs.ReadFile(h.fsys, "LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"Apache License\n", "Version 2.0, January 2004", "END OF TERMS AND CONDITIONS", "APPENDIX: How to apply"} {
		if !bytes.Contains(text, []byte(part)) {
			t.Errorf("LICENSE lacks %q", part)
		}
	}
	for n := 1; n <= 9; n++ {
		if !regexp.MustCompile(`(?m)^   ` + string(rune('0'+n)) + `\. [A-Z]`).Match(text) {
			t.Errorf("LICENSE lacks section %d", n)
		}
	}
}
