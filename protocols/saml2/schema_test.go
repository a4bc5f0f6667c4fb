package saml2

import (
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// schemaFiles are the schemas of OASIS, W3C and Shibboleth as Debian ships them with the Shibboleth SP, by namespace.
func schemaFiles() map[string]string {
	const opensaml, xmltooling = "/usr/share/xml/opensaml/", "/usr/share/xml/xmltooling/"
	return map[string]string{
		"http://www.w3.org/XML/1998/namespace":      opensamlXML,
		"http://www.w3.org/2000/09/xmldsig#":        xmltooling + "xmldsig-core-schema.xsd",
		"http://www.w3.org/2009/xmldsig11#":         xmltooling + "xmldsig11-schema.xsd",
		"http://www.w3.org/2001/04/xmlenc#":         xmltooling + "xenc-schema.xsd",
		"http://www.w3.org/2009/xmlenc11#":          xmltooling + "xenc11-schema.xsd",
		"http://schemas.xmlsoap.org/soap/envelope/": xmltooling + "soap-envelope.xsd",
		assertionSpace:                                       opensaml + "saml-schema-assertion-2.0.xsd",
		protocolSpace:                                        opensaml + "saml-schema-protocol-2.0.xsd",
		"urn:oasis:names:tc:SAML:2.0:metadata":               opensaml + "saml-schema-metadata-2.0.xsd",
		"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp":       opensaml + "saml-schema-ecp-2.0.xsd",
		"urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo": opensaml + "saml-async-slo-v1.0.xsd",
		"urn:oasis:names:tc:SAML:metadata:attribute":         opensaml + "sstc-metadata-attr.xsd",
		"urn:oasis:names:tc:SAML:metadata:ui":                opensaml + "sstc-saml-metadata-ui-v1.0.xsd",
		"urn:oasis:names:tc:SAML:metadata:rpi":               opensaml + "saml-metadata-rpi-v1.0.xsd",
		"urn:oasis:names:tc:SAML:metadata:algsupport":        opensaml + "sstc-saml-metadata-algsupport-v1.0.xsd",
		"urn:mace:shibboleth:metadata:1.0":                   "/usr/share/xml/shibboleth/shibboleth-metadata-1.0.xsd",
	}
}

const opensamlXML = "/usr/share/xml/xmltooling/xml.xsd"

// schemaAddresses are those by which the schemas name each other on the web; nothing is fetched from there.
func schemaAddresses() map[string]string {
	files := schemaFiles()
	return map[string]string{
		"http://www.w3.org/2001/xml.xsd":                                              opensamlXML,
		"http://www.w3.org/TR/xmldsig-core/xmldsig-core-schema.xsd":                   files["http://www.w3.org/2000/09/xmldsig#"],
		"http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd": files["http://www.w3.org/2000/09/xmldsig#"],
		"http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/xenc-schema.xsd":          files["http://www.w3.org/2001/04/xmlenc#"],
		"http://schemas.xmlsoap.org/soap/envelope/":                                   files["http://schemas.xmlsoap.org/soap/envelope/"],
	}
}

// findSchemas says what is missing of xmllint and the schemas.
func findSchemas() error {
	_, err := exec.LookPath("xmllint")
	for _, file := range schemaFiles() {
		if err == nil {
			_, err = os.Stat(file)
		}
	}
	if err != nil {
		return fmt.Errorf("%w: apt-get install libxml2-utils opensaml-schemas xmltooling-schemas shibboleth-sp-common", err)
	}
	return nil
}

// requireSchemas fails where the components are promised and skips elsewhere.
func requireSchemas(t *testing.T) {
	t.Helper()
	switch err := findSchemas(); {
	case err == nil:
	case os.Getenv("LANYARD_COMPONENTS") == "1":
		t.Fatal(err)
	default:
		t.Skip("make test needs: ", err)
	}
}

// fitSchema asks xmllint about documents by name and returns what it says of those that do not fit.
func fitSchema(dir string, docs map[string][]byte) (map[string]string, error) {
	var set, catalog strings.Builder
	set.WriteString(`<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">`)
	for _, space := range slices.Sorted(maps.Keys(schemaFiles())) {
		fmt.Fprintf(&set, `<xs:import namespace=%q schemaLocation=%q/>`, space, schemaFiles()[space])
	}
	set.WriteString(`</xs:schema>`)
	catalog.WriteString(`<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">`)
	for address, file := range schemaAddresses() {
		fmt.Fprintf(&catalog, `<system systemId=%q uri=%q/>`, address, file)
	}
	catalog.WriteString(`</catalog>`)
	files := map[string][]byte{"set.xsd": []byte(set.String()), "catalog.xml": []byte(catalog.String())}
	args, names := []string{"--nonet", "--noout", "--schema", filepath.Join(dir, "set.xsd")}, map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(docs)) {
		file := fmt.Sprintf("%d.xml", len(names))
		names[filepath.Join(dir, file)], files[file] = name, docs[name]
		args = append(args, filepath.Join(dir, file))
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command("xmllint", args...)
	cmd.Env = append(os.Environ(), "XML_CATALOG_FILES="+filepath.Join(dir, "catalog.xml"))
	said, _ := cmd.CombinedOutput() // its status says that some do not fit
	return misfits(string(said), names)
}

// misfits reads what xmllint printed: a verdict on each file, and before it what is wrong.
func misfits(said string, names map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for path, name := range names {
		switch {
		case strings.Contains(said, path+" validates\n"):
		case strings.Contains(said, path+" fails to validate\n"):
			out[name] = "does not fit"
			for line := range strings.Lines(said) {
				if strings.HasPrefix(line, path+":") {
					out[name] += "\n" + strings.TrimSpace(strings.TrimPrefix(line, path))
				}
			}
		default:
			return nil, fmt.Errorf("xmllint did not judge %s: %.2000s", name, said)
		}
	}
	return out, nil
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
	wrong, err := fitSchema(t.TempDir(), docs)
	if err != nil {
		t.Fatal(err)
	}
	for name, doc := range docs {
		if said, unfit := wrong[name]; unfit == want[name] {
			t.Errorf("%s: fits the schema %v, want %v: %s\n%s", name, !unfit, want[name], said, doc)
		}
	}
}
