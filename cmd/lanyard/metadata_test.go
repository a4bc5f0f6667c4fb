package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oddMetadata has one ACS, and keys only by name; %s stands before the ACS.
const oddMetadata = `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://odd.example/sp"><md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
	`%s<md:AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://odd.example/acs"/></md:SPSSODescriptor></md:EntityDescriptor>`

const oddFormat = `<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:unspecified</md:NameIDFormat>`

func TestMetadataLint(t *testing.T) {
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys.pem")
	const key = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
	if err := os.WriteFile(keys, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		doc, out string
		flags    []string
		code     int
	}{
		"warnings": {fmt.Sprintf(oddMetadata, oddFormat), "warning: nameid_format: ", []string{"--lab"}, 0},
		"errors":   {fmt.Sprintf(oddMetadata, ""), "error: no_keys: ", nil, exitRefused},
		"JSON":     {fmt.Sprintf(oddMetadata, oddFormat), `"Code":"nameid_format"`, []string{"--lab", "--json"}, 0},
		"not XML":  {"{}", "", nil, exitRefused},
		"named":    {fmt.Sprintf(oddMetadata, oddFormat), "warning: nameid_format: ", []string{"--lab", "--entity", "https://odd.example/sp"}, 0},
		"another":  {fmt.Sprintf(oddMetadata, oddFormat), "", []string{"--lab", "--entity", "https://other.example/sp"}, exitRefused},
		"unsigned": {fmt.Sprintf(oddMetadata, oddFormat), "", []string{"--lab", "--verify-with", keys}, exitRefused},
		"no keys":  {fmt.Sprintf(oddMetadata, oddFormat), "", []string{"--lab", "--verify-with", filepath.Join(dir, "none.pem")}, exitMissing},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, strings.ReplaceAll(name, " ", "")+".xml")
			if err := os.WriteFile(file, []byte(c.doc), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			root := newRoot(&out, &errs, nil)
			root.SetArgs(append([]string{"metadata", "lint", file}, c.flags...))
			err := root.ExecuteContext(t.Context())
			if err != nil != (c.code != 0) || err != nil && exitCode(err) != c.code {
				t.Errorf("exit %v, want %d", err, c.code)
			}
			if !strings.Contains(out.String(), c.out) {
				t.Errorf("prints %q", out.String())
			}
			if name == "JSON" && !json.Valid(out.Bytes()) {
				t.Error("not JSON")
			}
		})
	}
	root := newRoot(&bytes.Buffer{}, &bytes.Buffer{}, nil)
	root.SetArgs([]string{"metadata", "lint", filepath.Join(dir, "none.xml")})
	if err := root.ExecuteContext(t.Context()); exitCode(err) != exitMissing || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestApplyWarns: warnings about metadata are printed where messages go, and keep nobody out.
func TestApplyWarns(t *testing.T) {
	h := newRehearsed(t)
	for file, text := range map[string]string{
		"odd.xml": fmt.Sprintf(oddMetadata, oddFormat), "odd.yaml": "partner: https://odd.example/sp\nname: odd\nprotocol: saml2\nstage: live\nsaml: { metadata: odd.xml }\n",
	} {
		if err := os.WriteFile(filepath.Join(h.dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // again when nothing changes: the warning still holds
		var out, errs bytes.Buffer
		root := newRoot(&out, &errs, nil)
		root.SetArgs([]string{"partner", "apply", "-f", filepath.Join(h.dir, "odd.yaml"), "--lab", "--config", filepath.Join(h.dir, "lanyard.yaml")})
		if err := root.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err, errs.String())
		}
		for _, want := range []string{"warning: https://odd.example/sp: metadata: nameid_format: ", "metadata: no_keys: "} {
			if !strings.Contains(errs.String(), want) {
				t.Errorf("messages lack %q:\n%s", want, errs.String())
			}
		}
		if strings.Contains(out.String(), "warning") {
			t.Errorf("warnings among results: %s", out.String())
		}
	}
}

func TestMetadataPublish(t *testing.T) {
	h := newRehearsed(t)
	doc := h.must("metadata", "publish")
	for _, want := range []string{`entityID="http://hub.localhost:8421/saml2/metadata"`, "<ds:SignatureValue>", "SingleSignOnService"} {
		if !strings.Contains(doc, want) {
			t.Errorf("lacks %s", want)
		}
	}
}
