package trust

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestContextLines(t *testing.T) {
	for line, want := range map[string]ContextClass{
		"urn:x AAL3":                          {Class: "urn:x", Assurance: 3, Rank: 30},
		"urn:x IAL2":                          {Class: "urn:x", Identity: 2},
		"urn:x rank=29 FIDO2 IAL3 AAL2":       {Class: "urn:x", Assurance: 2, Identity: 3, Method: "FIDO2", Rank: 29},
		"AAL3_ANY AAL3":                       {Class: "AAL3_ANY", Assurance: 3, Rank: 30},
		"https://refeds.org/profile/mfa AAL3": {Class: "https://refeds.org/profile/mfa", Assurance: 3, Rank: 30},
		oasisClass + "Smartcard AAL2 " + card: {Class: oasisClass + "Smartcard", Assurance: 2, Method: card, Rank: 20},
		nistClass + "loa/4 AAL3 IAL3 rank=39": {Class: nistClass + "loa/4", Assurance: 3, Identity: 3, Rank: 39},
		nistClass + "aal/2 AAL2 FIDO2":        {Class: nistClass + "aal/2", Assurance: 2, Method: "FIDO2", Rank: 20},
		strings.Repeat("x", 1024) + " AAL1":   {Class: strings.Repeat("x", 1024), Assurance: 1, Rank: 10},
	} {
		if got, err := ParseContext(line); err != nil || got != want {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
	for line, want := range map[string]string{
		"": "followed by", "urn:x": "followed by", "urn:x AAL4": "AAL4", "urn:x AAL0": "AAL0", "urn:x TOTP AAL2": "TOTP", "urn:x AAL1 AAL2": "one too many",
		"urn:x FIDO2": "needs AAL1", "urn:x rank=20": "needs AAL1", "urn:x AAL2 rank=30": "20 to 29", "urn:x AAL2 rank=19": "20 to 29", "urn:x IAL2 rank=0": "rank", "urn:x IAL2 rank=10": "rank",
		"urn:x AAL2 rank=": "rank=", ClassUnspecified + " AAL1": "nothing",
		"https://refeds.org/profile/mfa AAL1": "not weaker", oasisClass + "X509 AAL3": "not weaker", oasisClass + "X509 AAL3 FIDO2": "not weaker", nistClass + "ial/3 IAL2": "not weaker",
		nistClass + "loa/4 AAL3 IAL2": "not weaker", oasisClass + "Password AAL1": "state_context",
		strings.Repeat("x", 1025) + " AAL1": "followed by",
	} {
		if c, err := ParseContext(line); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v", line, c, err)
		}
	}
}

// TestContextsMean pins what each class of a sign-in says: a partner that asked for it relies on that.
func TestContextsMean(t *testing.T) {
	var got []ContextClass
	for _, line := range []string{
		"urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI AAL3 CIS2_SMARTCARD",
		"http://idmanagement.gov/ns/assurance/aal/3 AAL3",
		"urn:oasis:names:tc:SAML:2.0:ac:classes:X509 AAL3 CIS2_SMARTCARD",
		"urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient AAL3 CIS2_SMARTCARD",
		"https://refeds.org/profile/mfa AAL2",
		"http://idmanagement.gov/ns/assurance/aal/2 AAL2",
		"urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard AAL2 CIS2_SMARTCARD",
		"http://idmanagement.gov/ns/assurance/aal/1 AAL1",
		"http://idmanagement.gov/ns/assurance/ial/1 IAL1",
		"http://idmanagement.gov/ns/assurance/ial/2 IAL2",
		"http://idmanagement.gov/ns/assurance/ial/3 IAL3",
		"http://idmanagement.gov/ns/assurance/loa/1 AAL1 IAL1",
		"http://idmanagement.gov/ns/assurance/loa/2 AAL2 IAL2",
		"http://idmanagement.gov/ns/assurance/loa/3 AAL2 IAL2",
		"http://idmanagement.gov/ns/assurance/loa/4 AAL3 IAL3",
	} {
		c, err := ParseContext(line)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, "/loa/") {
			c.Rank = 0 // what is a pair has no place in an order
		}
		got = append(got, c)
	}
	known := slices.DeleteFunc(DefaultContexts(), func(c ContextClass) bool { return c.Foreign })
	if !slices.Equal(got, known) {
		t.Errorf("%+v, want %+v", known, got)
	}
}

// TestDefaultContexts: ranks are in step with assurance, references are there once, strongest first as they are merged.
func TestDefaultContexts(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range DefaultContexts() {
		if seen[c.Class] || c.Rank != 0 && c.Rank/10 != c.Assurance || c.Rank == 0 && c.Identity == 0 || c.Foreign && c.Rank == 0 {
			t.Errorf("%+v", c)
		}
		seen[c.Class] = true
	}
	merged, err := MergeContexts(DefaultContexts(), []string{"urn:own AAL3 rank=35", "https://refeds.org/profile/mfa AAL3"})
	if err != nil || merged[0].Class != "urn:own" || len(merged) != len(DefaultContexts())+1 {
		t.Errorf("%+v, %v", merged, err)
	}
	first := DefaultContexts()[0]
	if again, err := MergeContexts(DefaultContexts(), []string{first.Class + " AAL3 " + card}); err != nil || len(again) != len(DefaultContexts()) {
		t.Errorf("the first class, said again, is there twice: %v", err)
	}
	for i := 1; i < len(merged); i++ {
		if merged[i].Rank > merged[i-1].Rank {
			t.Errorf("%s after %s", merged[i].Class, merged[i-1].Class)
		}
	}
	if c, _ := FindContext(merged, "https://refeds.org/profile/mfa"); c.Assurance != 3 {
		t.Errorf("%+v", c)
	}
}

const samlDoc = `partner: https://sp.example/
protocol: saml2
saml: { `

func TestContextTerms(t *testing.T) {
	const password = oasisClass + "PasswordProtectedTransport"
	entity := metadataListing(t)
	for name, c := range map[string]struct{ terms, want, stated string }{
		"nothing":           {"", "", ""},
		"own class":         {"contexts: ['urn:own AAL2'], default_context: 'urn:own'", "", "urn:own"},
		"default":           {"default_context: 'https://refeds.org/profile/mfa'", "", "https://refeds.org/profile/mfa"},
		"default says less": {"default_context: '" + ClassUnspecified + "'", "", ClassUnspecified},
		"password":          {"state_context: '" + password + "'", "", password},
		"first, state":      {"state_context: '" + oasisClass + "SmartcardPKI'", "", oasisClass + "SmartcardPKI"},
		"password, default": {"default_context: '" + password + "'", "not a class of a sign-in here", ""},
		"unknown, default":  {"default_context: 'urn:own'", "not a class of a sign-in here", ""},
		"unknown, state":    {"state_context: 'urn:own'", "not known", ""},
		"both":              {"default_context: 'https://refeds.org/profile/mfa', state_context: '" + password + "'", "two things", ""},
		"weaker":            {"contexts: ['https://refeds.org/profile/mfa AAL1']", "saml.contexts", ""},
		"hub's":             {"default_context: 'urn:hub'", "", "urn:hub"},
		"nothing is asked":  {"requested_only: true", "requested_only", ""},
		"format of a name":  {"}\nrelease: [{ name: a, value: person.uid, format: uri }]\nsession: {", "", ""},
		"no format":         {"}\nrelease: [{ name: a, value: person.uid, format: xs:string }]\nsession: {", "release[0].format", ""},
		"format of a set":   {"}\nrelease: [{ set: nhs-saml, format: basic }]\nsession: {", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			hub, err := MergeContexts(DefaultContexts(), []string{"urn:hub AAL3"})
			if err != nil {
				t.Fatal(err)
			}
			p, err := compileSAML(t, entity, samlDoc+c.terms+" }\n", CompileOptions{SAML: SAMLDefaults{Contexts: hub}})
			if c.want != "" {
				if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v does not say %q", err, c.want)
				}
				return
			}
			if err != nil || p.SAML.DefaultContext != c.stated {
				t.Fatalf("%v, states %q", err, p.SAML.DefaultContext)
			}
			if class, known := FindContext(p.SAML.Contexts, password); !known || class.Foreign != (c.stated != password) {
				t.Errorf("%+v", class)
			}
			if class, _ := FindContext(hub, password); !class.Foreign {
				t.Error("the terms of one partner changed the hub's table")
			}
		})
	}
	if p, err := compileSAML(t, entity, samlDoc+"}\n", CompileOptions{}); err != nil || !slices.Equal(p.SAML.Contexts, DefaultContexts()) {
		t.Errorf("without a table of the hub: %v, %+v", err, p.SAML)
	}
	if _, err := compile(t, ticketDoc+"release: [{ name: a, value: person.uid, format: uri }]\n"); err == nil || !strings.Contains(err.Error(), "saml2") {
		t.Errorf("format of a ticket: %v", err)
	}
}

func compileSAML(t *testing.T, entity []byte, document string, o CompileOptions) (Partner, error) {
	t.Helper()
	c, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	docs, err := ReadDocuments(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	return c.Compile(docs[0], entity, o)
}
