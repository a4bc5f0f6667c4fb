package decode

import (
	"strings"
	"testing"
)

const activation = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE USER SYSTEM "gpOBJECT.DTD">
<gpOBJECT>
<gpPARAM name="auth_method">3</gpPARAM>
<gpPARAM name="challenge">bGFueWFyZCB0aWNrZXQgY2hhbGxlbmdlIDEKaHR0cHM6Ly9odWIuZXhhbXBsZQo=</gpPARAM>
</gpOBJECT>`

const welcome = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE USER SYSTEM "https://gas.trust.example/login/dtd">
<gpOBJECT>
<gpPARAM name="cn">O'Neil &amp; &lt;Sons&gt;</gpPARAM>
<gpPARAM name="nhsjobrole0" id="555000000101" orgcode="RX1">EXAMPLE, "A":"B":"C"</gpPARAM>
<gpPARAM name="sso_ticket">AQIC5w=@AAJTSQACMDE=#</gpPARAM>
</gpOBJECT>`

func roleAssertion(blocks string) string {
	return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol" ResponseID="null"><saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion">` + blocks + `</saml:Assertion></samlp:Response>`
}

func fact(name, value string) string {
	return `<saml:Attribute AttributeName="` + name + `"><saml:AttributeValue>` + value + `</saml:AttributeValue></saml:Attribute>`
}

// TestExplainTickets: what agents, their broker and legacy systems exchange is recognised, and what a reader of the field would get wrong is said.
func TestExplainTickets(t *testing.T) {
	two := fact("ssbSessionRoleUid", "2") + fact("nhsIdCode", "RX1") + fact("uniqueIdentifier", "1") + fact("nhsIdCode", "RX2") + fact("uniqueIdentifier", "2")
	for name, tc := range map[string]struct {
		input string
		says  []string
		sound bool
	}{
		"activation":     {activation, []string{"gpOBJECT of a Smartcard agent", "3 is a Smartcard", "lanyard ticket challenge 1 | https://hub.example"}, true},
		"answer":         {welcome, []string{"gpOBJECT of a broker", "nhsjobrole0 (555000000101 at RX1)", "O'Neil & <Sons>", "must be URL-encoded"}, true},
		"entity":         {strings.Replace(activation, ">3<", ">&xxe;<", 1), []string{"refuses this document"}, false},
		"role assertion": {roleAssertion(two), []string{"SAML 1.1 Response of a legacy ticket", "the role in use is block 2"}, true},
		"doubled block":  {roleAssertion(two + fact("nhsIdCode", "RX3")), []string{"3 blocks begin with nhsIdCode, 2 have"}, false},
	} {
		r, out := text(t, tc.input, Options{Now: now})
		for _, part := range tc.says {
			if !strings.Contains(out, part) {
				t.Errorf("%s: does not say %q:\n%s", name, part, out)
			}
		}
		if r.Sound() != tc.sound {
			t.Errorf("%s: sound %v\n%s", name, r.Sound(), out)
		}
	}
}
