package e2e

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

const uidName = "urn:oid:0.9.2342.19200300.100.1.1"

// startPythonSAML starts the apps of testdata/python-saml and registers each by the metadata it makes of itself.
func (h *hub) startPythonSAML(terms map[string]string) string {
	h.t.Helper()
	base := fmt.Sprintf("http://app.localhost:%d", components.FreePort(h.t))
	dir := h.t.TempDir()
	script, err := os.ReadFile(filepath.Join("testdata", "python-saml", "sp.py"))
	if err != nil {
		h.t.Fatal(err)
	}
	leaf := components.SelfSigned(h.t, "app", components.RSAKey(h.t))
	der, err := x509.MarshalPKCS8PrivateKey(leaf.Key)
	if err != nil {
		h.t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Certificate.Raw})
	_, published := components.Get(h.t, components.Client(h.t, h.ca), h.issuer+"/saml2/metadata")
	config, err := json.Marshal(map[string]string{
		"base": base, "hub": h.issuer + "/saml2/metadata", "metadata": published, "key": string(key), "certificate": string(certificate),
		"artifact": h.issuer + "/saml2/artifact", "attributes": h.issuer + "/saml2/attributes",
	})
	if err != nil {
		h.t.Fatal(err)
	}
	for name, data := range map[string][]byte{"sp.py": script, "key.pem": key, "certificate.pem": certificate, "config.json": config} {
		h.put(dir, name, data)
	}
	p := components.Start(h.t, components.Command{ // Debian's Python, whose libraries these are
		Path: "/usr/bin/python3", Args: []string{"sp.py"}, Dir: dir, Env: map[string]string{"SSL_CERT_FILE": h.ca.File},
	})
	p.WaitOutput("ready", 20*time.Second)
	for name, more := range terms {
		_, metadata := components.Get(h.t, components.Client(h.t, h.ca), base+"/"+name+"/metadata")
		h.write(name+".xml", metadata)
		h.apply(name, fmt.Sprintf(`partner: %s/%s/metadata
name: App %s
protocol: saml2
stage: live
require: { assurance: AAL3 }
subject: pairwise
release: [{ name: %q, value: person.uid }]
saml: { metadata: %s.xml, encrypt: always%s }
`, base, name, name, uidName, name, more))
	}
	return base
}

// pythonSaid is what an app prints.
type pythonSaid struct {
	Name       string            `json:"name"`
	Attributes map[string]string `json:"attributes"`
	Relay      string            `json:"relay"`
	Status     string            `json:"status"`
	SignedIn   bool              `json:"signed_in"`
	Refused    string            `json:"refused"`
}

func (s *surfer) python() pythonSaid {
	s.t.Helper()
	var out pythonSaid
	if err := json.Unmarshal([]byte(s.body), &out); err != nil {
		s.fail("not JSON: %v", err)
	}
	return out
}

// told fails unless the app heard of the doctor, under the key that its library has for the uid.
func (s *surfer) told(key string) pythonSaid {
	s.t.Helper()
	got := s.python()
	if got.Attributes[key] != doctor || got.Name == "" || got.Relay != "state" {
		s.fail("not told of the doctor: %+v", got)
	}
	return got
}

// TestPythonLibraries signs on with lasso, pysaml2 and python3-saml by every binding that they take, and out of all of them from
// one; each reads the metadata, signatures and encryption of the hub by its own code.
func TestPythonLibraries(t *testing.T) {
	h := startHub(t, "")
	base := h.startPythonSAML(map[string]string{"lasso": "", "pysaml2": "", "python3saml": ", sign: both, encrypt_name_id: true, allow_cbc: true"})
	s := h.newSurfer(doctor)

	s.open(base + "/lasso/start?post")
	s.submit("Continue")
	s.signInByCard("")
	s.autopost()
	first := s.told(uidName)
	s.open(base + "/lasso/start?artifact")
	if got := s.told(uidName); got.Name != first.Name {
		s.fail("another name by artifact")
	}

	s.open(base + "/pysaml2/start")
	s.submit("")
	s.autopost()
	s.told("uid")
	s.open(base + "/pysaml2/start?artifact") // it names a binding beside the index
	s.submit("")
	s.told("uid")
	s.open(base + "/pysaml2/query")
	if got := s.python(); got.Attributes["uid"] != doctor {
		s.fail("attribute query: %+v", got)
	}

	s.open(base + "/python3saml/start")
	s.autopost()
	s.told(uidName)
	s.open(base + "/python3saml/start?subject") // with a confirmation that says nothing
	s.autopost()
	s.told(uidName)

	s.open(base + "/python3saml/logout") // its NameID is encrypted by AES-CBC; the others are told by SOAP meanwhile
	if got := s.python(); got.Status != "left" {
		s.fail("sign-out: %+v", got)
	}
	s.signedInNowhere(base, "lasso", "pysaml2", "python3saml")
}

// TestPythonLibrariesSignOut: lasso signs out by SOAP, where nobody but the hub can tell the others, and the hub signs out.
func TestPythonLibrariesSignOut(t *testing.T) {
	h := startHub(t, "")
	base := h.startPythonSAML(map[string]string{"lasso": ", encrypt_name_id: true", "pysaml2": ""})
	s := h.newSurfer(doctor)
	for _, from := range []string{"lasso", "hub"} {
		s.open(base + "/lasso/start")
		s.signInByCard("")
		s.autopost()
		s.told(uidName)
		s.open(base + "/pysaml2/start")
		s.submit("")
		s.autopost()
		s.told("uid")
		if from == "lasso" {
			s.open(base + "/lasso/logout")
			if got := s.python(); got.Status != "urn:oasis:names:tc:SAML:2.0:status:Success" {
				s.fail("sign-out by SOAP: %+v", got)
			}
		} else {
			s.open(h.issuer + "/")
			s.submit("Sign out")
			s.see("signed out everywhere")
		}
		s.signedInNowhere(base, "lasso", "pysaml2")
	}
}

func (s *surfer) signedInNowhere(base string, apps ...string) {
	s.t.Helper()
	for _, app := range apps {
		s.open(base + "/" + app + "/told")
		if got := s.python(); got.SignedIn || got.Refused != "" {
			s.fail("%s lives on: %+v", app, got)
		}
	}
}
