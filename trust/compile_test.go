package trust

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

const ticketDoc = `
partner: pathology
protocol: ticket
stage: live
ticket:
  return_urls: [https://path.rx1.example/in]
  networks: [10.0.8.0/24]
`

func compile(t *testing.T, document string) (Partner, error) {
	t.Helper()
	c, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	docs, err := ReadDocuments(strings.NewReader(document))
	if err != nil {
		return Partner{}, err
	}
	return c.Compile(docs[0], nil, CompileOptions{Now: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)})
}

func TestCompileTicketPartner(t *testing.T) {
	p, err := compile(t, ticketDoc+`
require: { assurance: AAL3, identity: 3, role: true, when: "role.code in ['R8000','R8001'] && role.org == 'RX1'" }
session: { idle: 15m }
release:
  - { set: ssb }
  - { name: extra, value: "role.activities", when: "session.assurance >= AAL3" }
`)
	if err != nil {
		t.Fatal(err)
	}
	if p.Terms.Assurance != 3 || p.Terms.Identity != 3 || !p.Terms.RoleNeeded || p.Terms.Idle != 15*time.Minute {
		t.Errorf("terms = %+v", p.Terms)
	}
	if len(p.Terms.Release) != 5 || p.Terms.Release[4].Name != "extra" || p.Terms.Release[4].When == nil {
		t.Errorf("release = %+v", p.Terms.Release)
	}
	if p.Name != "pathology" || !p.Answerable() || p.Ticket.Deliver != "post" {
		t.Errorf("partner = %+v", p)
	}
}

func TestCompileRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ document, want string }{
		"unknown key":         {ticketDoc + "colour: red\n", "colour"},
		"unknown protocol":    {"partner: x\nprotocol: saml1\n", "protocol"},
		"bad stage":           {strings.Replace(ticketDoc, "live", "alive", 1), "stage"},
		"condition not bool":  {ticketDoc + "require: { when: \"role.code\" }\n", "not bool"},
		"condition no field":  {ticketDoc + "require: { when: \"role.colour == 'x'\" }\n", "colour"},
		"value syntax":        {ticketDoc + "release: [{ name: a, value: \"role.\" }]\n", "release[0]"},
		"unknown set":         {ticketDoc + "release: [{ set: everything }]\n", "everything"},
		"name twice":          {ticketDoc + "release: [{ set: ssb }, { name: uid, value: person.uid }]\n", "already"},
		"rule without value":  {ticketDoc + "release: [{ name: a }]\n", "needs name and value"},
		"http return":         {strings.Replace(ticketDoc, "https://path", "http://path", 1), "https"},
		"demo host":           {strings.Replace(ticketDoc, "path.rx1.example", "path.localhost", 1), "demonstration"},
		"fragment":            {strings.Replace(ticketDoc, "/in]", "/in#x]", 1), "fragment"},
		"user in URL":         {strings.Replace(ticketDoc, "https://path", "https://a@path", 1), "user"},
		"not bound":           {strings.Replace(ticketDoc, "  networks: [10.0.8.0/24]\n", "", 1), "bound"},
		"bad network":         {strings.Replace(ticketDoc, "10.0.8.0/24", "10.0.8.0", 1), "network"},
		"no unit":             {ticketDoc + "session: { idle: 15 }\n", "unit"},
		"wrong section":       {ticketDoc + "oidc: { redirect_uris: [https://a.example/cb] }\n", "section oidc"},
		"assurance":           {ticketDoc + "require: { assurance: AAL4 }\n", "AAL4"},
		"identity":            {ticketDoc + "require: { identity: 4 }\n", "identity"},
		"subject":             {ticketDoc + "subject: name\n", "subject"},
		"subject of nobody":   {ticketDoc + "subject: none\n", "for saml2"},
		"secret missing":      {"partner: epr\nprotocol: oidc\noidc: { redirect_uris: [https://a.example/cb] }\n", "do not fit"},
		"public without PKCE": {"partner: epr\nprotocol: oidc\noidc: { auth: none, pkce: false, redirect_uris: [https://a.example/cb] }\n", "pkce"},
		"reserved claim":      {"partner: epr\nprotocol: oidc\nrelease: [{ name: sub, value: person.email }]\noidc: { auth: none, redirect_uris: [https://a.example/cb] }\n", "fills itself"},
		"no metadata":         {"partner: https://pas.example/sp\nprotocol: saml2\n", "metadata"},
		"space in id":         {strings.Replace(ticketDoc, "pathology", "\"path ology\"", 1), "without spaces"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := compile(t, tc.document)
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error = %v, want ErrInvalid", err)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %q does not say %q", err, tc.want)
			}
		})
	}
}

func TestCompileReportsEverythingAtOnce(t *testing.T) {
	_, err := compile(t, ticketDoc+"subject: name\nrequire: { assurance: AAL9, identity: 7 }\n")
	for _, want := range []string{"subject", "AAL9", "identity 7"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %s", err, want)
		}
	}
}

func TestResolveHashesSecrets(t *testing.T) {
	docs, err := ReadDocuments(strings.NewReader("partner: epr\nprotocol: oidc\nstage: test\noidc: { secret_file: s, redirect_uris: [https://a.example/cb] }\n"))
	if err != nil {
		t.Fatal(err)
	}
	const secret = "0123456789abcdef0123456789abcdef"
	d, _, err := docs[0].Resolve(fstest.MapFS{"s": {Data: []byte(secret + "\n")}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := d.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), secret) || !strings.Contains(string(data), "secret_sha256") {
		t.Errorf("canonical document:\n%s", data)
	}
	if _, _, err := docs[0].Resolve(fstest.MapFS{"s": {Data: []byte("short")}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("short secret: %v", err)
	}
}

func TestCanonicalIsStable(t *testing.T) {
	docs, err := ReadDocuments(strings.NewReader(ticketDoc + "session: { idle: 900s }\n"))
	if err != nil {
		t.Fatal(err)
	}
	first, err := docs[0].Canonical()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadDocuments(strings.NewReader(string(first)))
	if err != nil {
		t.Fatal(err)
	}
	second, err := again[0].Canonical()
	if err != nil || string(first) != string(second) {
		t.Errorf("not stable: %v\n%s\n%s", err, first, second)
	}
	if !strings.Contains(string(first), "idle: 15m") {
		t.Errorf("canonical document:\n%s", first)
	}
}

func FuzzReadDocuments(f *testing.F) {
	f.Add(ticketDoc)
	f.Add("partner: [a")
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, s string) {
		docs, err := ReadDocuments(strings.NewReader(s))
		if err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("error %v is not ErrInvalid", err)
		}
		for _, d := range docs {
			if _, err := d.Canonical(); err != nil {
				t.Errorf("read but not written: %v", err)
			}
		}
	})
}

func TestSAMLDefaults(t *testing.T) {
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	given := SAMLDefaults{Encrypt: "never", Algorithm: "ES256"}
	for name, c := range map[string]struct {
		terms                   SAMLDocument
		defaults                SAMLDefaults
		wantEncrypt, wantSigned string
	}{
		"nobody says":            {SAMLDocument{}, SAMLDefaults{}, "when-key-present", "RS256"},
		"the configuration says": {SAMLDocument{}, given, "never", "ES256"},
		"the terms say":          {SAMLDocument{Encrypt: "always", Algorithm: "RS256", AllowInclusiveC14N: true, AllowSignedInside: true}, given, "always", "RS256"},
	} {
		t.Run(name, func(t *testing.T) {
			d := Document{Partner: "https://sp.example/", Protocol: SAML2, SAML: &c.terms}
			p, _ := compiler.Compile(d, nil, CompileOptions{SAML: c.defaults}) // it complains about metadata only
			if p.SAML.AllowInclusiveC14N != c.terms.AllowInclusiveC14N || p.SAML.AllowSignedInside != c.terms.AllowSignedInside || p.SAML.Encrypt != c.wantEncrypt || p.SAML.Algorithm != c.wantSigned {
				t.Errorf("encrypt %q, algorithm %q", p.SAML.Encrypt, p.SAML.Algorithm)
			}
		})
	}
}
