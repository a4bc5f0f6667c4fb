package xmlsec

import (
	"strings"
	"testing"
)

func TestReadClaim(t *testing.T) {
	const issuer = "https://sp.example/shibboleth"
	genuine := signed(t, authnRequest)
	before, sig, after := parts(genuine)
	for name, c := range map[string]struct {
		doc  string
		want Claim
	}{
		"signed":                 {genuine, Claim{issuer, true}},
		"unsigned":               {authnRequest, Claim{issuer, false}},
		"signature below":        {before + extensionsOpen + sig + extensionsEnd + after, Claim{issuer, false}},
		"issuer not first":       {replace(t, authnRequest, "<saml:Issuer ", "<a></a><saml:Issuer "), Claim{}},
		"issuer of another":      {replace(t, authnRequest, samlSpace, "urn:x"), Claim{}},
		"white space is content": {replace(t, authnRequest, issuer, " "+issuer+"\u00A0"), Claim{" " + issuer + "\u00A0", false}},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := ReadClaim([]byte(c.doc), MessageLimits()); err != nil || got != c.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	if _, err := ReadClaim([]byte("<!DOCTYPE x>"+authnRequest), MessageLimits()); codeOf(err) != CodeDoctype {
		t.Errorf("gate: %v", err)
	}
}

// TestSOAPBodyVerifies: what comes out of an envelope verifies although it relied on the envelope for namespaces.
func TestSOAPBodyVerifies(t *testing.T) {
	const head, tail = `<S:Envelope xmlns:S="` + soapSpace + `" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<S:Header><x></x></S:Header><S:Body>` + "\n", "\n</S:Body></S:Envelope>"
	inner := strings.Replace(signed(t, logoutRequest), ` xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"`, "", 1)
	body, err := SOAPBody([]byte(head+inner+tail), MessageLimits())
	if err != nil {
		t.Fatal(err)
	}
	v, err := VerifyEnveloped(body, MessageLimits(), partnerKeys())
	if err != nil || string(v.Root().Raw()) != logoutRequest {
		t.Errorf("got %v", err)
	}
	for name, c := range map[string]struct{ doc, code string }{
		"two messages": {head + inner + "<x></x>" + tail, CodeSyntax},
		"no message":   {head + tail, CodeSyntax},
		"no body":      {`<S:Envelope xmlns:S="` + soapSpace + `"></S:Envelope>`, CodeSyntax},
		"two bodies":   {head + "<x></x></S:Body><S:Body><x></x>" + tail, CodeSyntax},
		"no envelope":  {`<x></x>`, CodeSyntax},
		"SOAP 1.2":     {replace(t, head+inner+tail, soapSpace, "http://www.w3.org/2003/05/soap-envelope"), CodeSOAPVersion},
	} {
		t.Run(name, func(t *testing.T) {
			if body, err := SOAPBody([]byte(c.doc), MessageLimits()); codeOf(err) != c.code {
				t.Errorf("got %s, %v", body, err)
			}
		})
	}
}

// TestSOAPText: no text beside the message, but for the one that SimpleSAMLphp writes, in its place.
func TestSOAPText(t *testing.T) {
	const inner = `<x a="1"></x>`
	envelope := func(before, between, after, body string) string {
		return `<S:Envelope xmlns:S="` + soapSpace + `">` + before + `<S:Header/>` + between + `<S:Body>` + body + `</S:Body>` + after + `</S:Envelope>`
	}
	for name, c := range map[string]struct {
		doc   string
		taken bool
	}{
		"none":                    {envelope("", "", "", inner), true},
		"white space":             {envelope("\n\t ", "\r\n", " ", " "+inner+"\n"), true},
		"SimpleSAMLphp's":         {envelope("\\\n        ", "", "", inner), true},
		"twice":                   {envelope("\\\n\\\n", "", "", inner), false},
		"twice, apart":            {envelope("\\\n", "\\", "", inner), false},
		"with more":               {envelope("\\n", "", "", inner), false},
		"another":                 {envelope("x", "", "", inner), false},
		"behind":                  {envelope("", "", "x", inner), false},
		"as a reference, another": {envelope("&#47;", "", "", inner), false},
		"no-break space":          {envelope("\u00a0", "", "", inner), false},
		"in the body":             {envelope("", "", "", "\\\n"+inner), false},
		"in the body, behind":     {envelope("", "", "", inner+"x"), false},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := SOAPBody([]byte(c.doc), MessageLimits())
			if c.taken && (err != nil || string(body) != `<x xmlns:S="`+soapSpace+`" a="1"></x>`) || !c.taken && codeOf(err) != CodeSyntax {
				t.Errorf("got %s, %v", body, err)
			}
		})
	}
}

// TestHolding: only what is deeper than the root's children may have a signature of its own. One of the root's is still one, and counts.
func TestHolding(t *testing.T) {
	genuine := signed(t, authnRequest)
	i, j := strings.Index(genuine, "<ds:Signature"), strings.Index(genuine, "</ds:Signature>")+len("</ds:Signature>")
	signature := genuine[i:j]
	twice := genuine[:j] + signature + genuine[j:]
	within := replace(t, authnRequest, "</saml:Issuer>", "</saml:Issuer><samlp:Extensions><x>"+signature+"</x></samlp:Extensions>")
	for name, l := range map[string]Limits{"plain": MessageLimits(), "holding": MessageLimits().Holding()} {
		if _, err := VerifyEnveloped([]byte(twice), l, partnerKeys()); codeOf(err) != CodeProfile {
			t.Errorf("%s: two signatures of the root: %v", name, err)
		}
		if _, err := AcceptUnsigned([]byte(genuine), l); codeOf(err) != CodeProfile {
			t.Errorf("%s: a signature of the root is ignored: %v", name, err)
		}
		if _, err := AcceptUnsigned([]byte(within), l); (err == nil) != (name == "holding") {
			t.Errorf("%s: a signature of what is inside: %v", name, err)
		}
	}
}

// TestSOAPHeaderBlocks: none is known, so that one which is for us and obliges us is refused (SOAP 1.1, 4.2.2 and 4.2.3).
func TestSOAPHeaderBlocks(t *testing.T) {
	for attrs, refused := range map[string]bool{
		``:                                  false,
		`S:mustUnderstand="0"`:              false,
		`mustUnderstand="1"`:                false, // not SOAP's
		`S:mustUnderstand="1"`:              true,
		`S:mustUnderstand=" 1 " S:actor=""`: true,
		`S:mustUnderstand="true"`:           true,
		`S:mustUnderstand="1" S:actor="` + soapNext + `"`:           true,
		`S:mustUnderstand="1" S:actor="https://proxy.example/next"`: false,
	} {
		doc := `<S:Envelope xmlns:S="` + soapSpace + `"><S:Header><a/><b ` + attrs + `/></S:Header><S:Body><x/></S:Body></S:Envelope>`
		if _, err := SOAPBody([]byte(doc), MessageLimits()); (codeOf(err) == CodeMustUnderstand) != refused {
			t.Errorf("%s: %v", attrs, err)
		}
	}
}

func TestAcceptVouchedPassesTheGate(t *testing.T) {
	genuine := signed(t, authnRequest)
	if v, err := AcceptVouched([]byte(genuine), MetadataLimits()); err != nil || v.By() != nil {
		t.Errorf("got %v", err)
	}
	if _, err := AcceptVouched([]byte("<!DOCTYPE x>"+genuine), MetadataLimits()); codeOf(err) != CodeDoctype {
		t.Errorf("gate: %v", err)
	}
}
