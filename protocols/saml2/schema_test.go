package saml2

import (
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// schemaSet imports the schemas of OASIS as Debian ships them with the Shibboleth SP.
const schemaSet = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:import namespace="http://www.w3.org/2000/09/xmldsig#" schemaLocation="/usr/share/xml/xmltooling/xmldsig-core-schema.xsd"/>
<xs:import namespace="http://www.w3.org/2001/04/xmlenc#" schemaLocation="/usr/share/xml/xmltooling/xenc-schema.xsd"/>
<xs:import namespace="urn:oasis:names:tc:SAML:2.0:assertion" schemaLocation="/usr/share/xml/opensaml/saml-schema-assertion-2.0.xsd"/>
<xs:import namespace="urn:oasis:names:tc:SAML:2.0:protocol" schemaLocation="/usr/share/xml/opensaml/saml-schema-protocol-2.0.xsd"/>
</xs:schema>`

// requireSchemas fails where the components are promised and skips elsewhere.
func requireSchemas(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("xmllint")
	if err == nil {
		_, err = os.Stat("/usr/share/xml/opensaml/saml-schema-protocol-2.0.xsd")
	}
	if err == nil {
		return
	}
	if os.Getenv("LANYARD_COMPONENTS") == "1" {
		t.Fatal("xmllint or the schemas are missing: apt-get install libxml2-utils opensaml-schemas xmltooling-schemas")
	}
	t.Skip("xmllint or the schemas are not installed; make test needs them")
}

// fitSchema asks xmllint about documents by name.
func fitSchema(t *testing.T, docs map[string][]byte) map[string]bool {
	t.Helper()
	dir := t.TempDir()
	set := filepath.Join(dir, "set.xsd")
	if err := os.WriteFile(set, []byte(schemaSet), 0o600); err != nil {
		t.Fatal(err)
	}
	args, names := []string{"--nonet", "--noout", "--schema", set}, map[string]string{}
	for name, doc := range docs {
		path := filepath.Join(dir, fmt.Sprintf("%d.xml", len(names)))
		if err := os.WriteFile(path, doc, 0o600); err != nil {
			t.Fatal(err)
		}
		names[path], args = name, append(args, path)
	}
	out, _ := exec.Command("xmllint", args...).CombinedOutput() // its status says that some do not fit
	fit := map[string]bool{}
	for path, name := range names {
		fit[name] = strings.Contains(string(out), path+" validates\n")
		if !fit[name] && !strings.Contains(string(out), path+" fails to validate\n") {
			t.Fatalf("xmllint: %s", out)
		}
	}
	return fit
}

// unlike says where the schema and the answer differ: what only the text of the standard forbids, and abstract elements whose
// type is in a schema of somebody else.
func unlike() map[string]bool {
	return map[string]bool{
		"request: conditions, twice": true, "request: conditions, backwards": true,
		"request: conditions, of its own": false, "request: subject of another kind": false,
	}
}

// TestSchema: every request that is answered fits the schema, every one that we call malformed does not, and every answer does.
func TestSchema(t *testing.T) {
	requireSchemas(t)
	docs, want := map[string][]byte{}, map[string]bool{}
	for name, r := range requests() {
		w := newWorld(t)
		if strings.HasPrefix(name, "encrypted") || strings.HasPrefix(name, "conditions") {
			w.change(func(p *trust.Partner) {
				p.SAML.Entity.SP.EncryptionKeys = []xmlsec.EncryptionKey{{Public: &keys().encryption.PublicKey}}
				p.SAML.Encrypt = "never"
			})
		}
		b := w.browser()
		w.signOn(b, w.authn())
		request, rec := w.ask(b, r)
		docs["request: "+name], want["request: "+name] = []byte(request), r.want != shownOnPage
		page, posts := readPage(rec)
		if !posts {
			continue
		}
		answer, err := base64.StdEncoding.DecodeString(page.fields[responseField])
		if err != nil {
			t.Fatal(err)
		}
		docs["answer: "+name], want["answer: "+name] = answer, true
	}
	maps.Copy(want, unlike())
	for name, fits := range fitSchema(t, docs) {
		if fits != want[name] {
			t.Errorf("%s: fits the schema %v, want %v\n%s", name, fits, want[name], docs[name])
		}
	}
}
