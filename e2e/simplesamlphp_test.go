package e2e

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// phpApp is an app that takes answers by artifact and has SimpleSAMLphp resolve them.
type phpApp struct {
	*app
	entity string
	dir    string
	art    string // the newest artifact that a browser brought
}

// phpSaid is what testdata/simplesamlphp/resolve.php prints.
type phpSaid struct{ Issuer, Envelope, Refused string }

func (h *hub) phpApp() *phpApp {
	h.t.Helper()
	a := &phpApp{app: h.app("php"), dir: h.t.TempDir()}
	a.entity = a.base + "/metadata"
	key, certificate := keyPair(h.t, "php")
	h.put(a.dir, "sp.key", []byte(key))
	h.put(a.dir, "sp.crt", []byte(certificate))
	script, err := os.ReadFile(filepath.Join("testdata", "simplesamlphp", "resolve.php"))
	if err != nil {
		h.t.Fatal(err)
	}
	h.put(a.dir, "resolve.php", script)
	h.put(a.dir, "hosts", []byte("127.0.0.1 localhost hub.localhost\n"))
	h.put(a.dir, "config.php", fmt.Appendf(nil, `<?php
$config = ['baseurlpath' => '%[1]s/', 'certdir' => '%[2]s/', 'tempdir' => '%[2]s/tmp', 'secretsalt' => 'of this test', 'logging.handler' => 'errorlog',
	'metadata.sources' => [['type' => 'flatfile', 'directory' => '%[2]s']]];
`, a.base, a.dir))
	body := strings.Join(strings.Split(strings.TrimSpace(certificate), "\n")[1:len(strings.Split(strings.TrimSpace(certificate), "\n"))-1], "")
	h.write("php.xml", `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="`+a.entity+`"><md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`+
		`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>`+body+`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`+
		`<md:AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" Location="`+a.base+`/acs"/></md:SPSSODescriptor></md:EntityDescriptor>`)
	h.apply("php", fmt.Sprintf("partner: %s\nname: App php\nprotocol: saml2\nstage: live\nsubject: pairwise\nsaml: { metadata: php.xml, encrypt: never }\n", a.entity))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /acs", func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.art = r.FormValue("SAMLart")
		fmt.Fprintln(w, "an artifact")
	})
	a.serve(mux)
	h.t.Cleanup(a.stop)
	return a
}

// knowsHub writes the copy of the hub's metadata: its signing certificates as published, and others.
func (a *phpApp) knowsHub(h *hub, others ...*x509.Certificate) {
	h.t.Helper()
	_, doc := components.Get(h.t, components.Client(h.t, h.ca), h.issuer+"/saml2/metadata")
	role, _, _ := strings.Cut(doc, "</md:IDPSSODescriptor>")
	var keys []string
	for _, m := range regexp.MustCompile(`(?s)use="signing".*?<ds:X509Certificate>([^<]+)<`).FindAllStringSubmatch(role, -1) {
		keys = append(keys, m[1])
	}
	for _, c := range others {
		keys = append(keys, base64.StdEncoding.EncodeToString(c.Raw))
	}
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "['type' => 'X509Certificate', 'signing' => true, 'encryption' => false, 'X509Certificate' => '%s'], ", k)
	}
	h.put(a.dir, "saml20-idp-remote.php", fmt.Appendf(nil, `<?php
$metadata['%[1]s/saml2/metadata'] = ['entityid' => '%[1]s/saml2/metadata', 'keys' => [%[2]s],
	'ArtifactResolutionService' => [['index' => 0, 'Binding' => 'urn:oasis:names:tc:SAML:2.0:bindings:SOAP', 'Location' => '%[1]s/saml2/artifact']]];
`, h.issuer, b.String()))
}

func (a *phpApp) php(h *hub, mode string) phpSaid {
	h.t.Helper()
	a.mu.Lock()
	art := a.art
	a.mu.Unlock()
	// PHP asks the machine for names below localhost, which need not know any: it gets a file of hosts of its own.
	const script = `mount --bind hosts /etc/hosts && exec php resolve.php "$@"`
	out, errs, code := components.Run(h.t, components.Command{
		Path: "unshare", Args: []string{"-m", "sh", "-c", script, "php", mode, art, a.entity, h.issuer + "/saml2/artifact"},
		Dir: a.dir, Env: map[string]string{"SIMPLESAMLPHP_CONFIG_DIR": a.dir},
	})
	var said phpSaid
	if err := json.Unmarshal([]byte(out), &said); err != nil || code != 0 {
		h.t.Fatalf("php: exit %d, %v\n%s%s", code, err, out, errs)
	}
	return said
}

// TestSimpleSAMLphpArtifact: SimpleSAMLphp resolves an artifact, although a backslash stands as text in its SOAP envelope. It speaks TLS with
// nobody whose certificate is not led to by one that the metadata has for signatures: with the hub's metadata as it is, it asks nothing.
func TestSimpleSAMLphpArtifact(t *testing.T) {
	h := startHub(t, "")
	a := h.phpApp()
	s := h.newSurfer(doctor)
	request := &soapApp{app: a.app, entity: a.entity}
	s.open(request.request(t, h))
	s.signInByCard("")
	s.see("an artifact")

	a.knowsHub(h)
	if got := a.php(h, "library"); !strings.Contains(got.Refused, "check peer certificate") {
		t.Errorf("with the hub's metadata as it is: %+v", got)
	}
	a.knowsHub(h, h.ca.Certificate)
	if got := a.php(h, "library"); got.Issuer != h.issuer+"/saml2/metadata" {
		t.Errorf("with a certificate for TLS: %+v", got)
	}
	if record := h.audit("--kind", "refused"); record != "" {
		t.Errorf("record: %s", record)
	}

	s.open(request.request(t, h))
	s.see("an artifact")
	envelope := a.php(h, "envelope").Envelope
	if strings.Count(envelope, "\\") != 1 || !strings.Contains(envelope, ">\\\n        <soap-env:Header/>") {
		t.Fatalf("another envelope: %s", envelope)
	}
	for name, changed := range map[string]string{
		"text in the body":  strings.Replace(envelope, "<soap-env:Body>", "<soap-env:Body>\\", 1),
		"another artifact":  strings.Replace(envelope, "<samlp:Artifact>AAQAA", "<samlp:Artifact>AAQAB", 1),
		"another signature": strings.Replace(envelope, "<ds:SignatureValue>", "<ds:SignatureValue>AAAA", 1),
		"two backslashes":   strings.Replace(envelope, "\\", "\\ \\", 1),
	} {
		if got := a.ask(t, h, changed); changed == envelope || !strings.Contains(got, "Fault") && !strings.Contains(got, "status:Requester") || strings.Contains(got, "Assertion") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := a.ask(t, h, envelope); !strings.Contains(got, "status:Success") || !strings.Contains(got, "<saml:Assertion ") {
		t.Errorf("as it is: %s", got)
	}
}

func (a *phpApp) ask(t *testing.T, h *hub, envelope string) string {
	t.Helper()
	resp, err := components.Client(t, h.ca).Post(h.issuer+"/saml2/artifact", "text/xml", strings.NewReader(envelope))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
