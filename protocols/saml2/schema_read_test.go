package saml2

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// messageParts is a document in parts that can be left out, doubled and moved.
type messageParts struct {
	element  string // with its prefix
	attrs    []string
	children []string
	read     func(*xmlsec.Element) (header, error)
}

func (m messageParts) xml() string {
	return `<` + m.element + ` xmlns:samlp="` + protocolSpace + `" xmlns:saml="` + assertionSpace + `" ` + strings.Join(m.attrs, " ") + `>` +
		strings.Join(m.children, "") + `</` + m.element + `>`
}

// variants are the message itself and everything that is one step away from it.
func (m messageParts) variants() map[string]messageParts {
	out := map[string]messageParts{"as it is": m}
	with := func(name string, children ...string) {
		v := m
		v.children = children
		out[name] = v
	}
	tag := func(child string) string {
		return strings.FieldsFunc(child, func(r rune) bool { return r == '<' || r == '>' || r == ' ' })[0]
	}
	for i, c := range m.children {
		name := fmt.Sprintf("%d %s", i, tag(c))
		with("without "+name, slices.Delete(slices.Clone(m.children), i, i+1)...)
		with("twice "+name, slices.Insert(slices.Clone(m.children), i, c)...)
		if i > 0 {
			swapped := slices.Clone(m.children)
			swapped[i-1], swapped[i] = c, swapped[i-1]
			with("earlier "+name, swapped...)
		}
	}
	for i, a := range m.attrs {
		v := m
		v.attrs = slices.Delete(slices.Clone(m.attrs), i, i+1)
		out["without the attribute "+a] = v
	}
	for name, more := range map[string]string{
		"a stranger": `<x:y xmlns:x="urn:x"/>`, "one more of the protocol": `<samlp:RelayState/>`, "one more of assertions": `<saml:Advice/>`, "text": "x", "an empty line": "\n",
	} {
		with(name+" behind", append(slices.Clone(m.children), more)...)
		with(name+" in front", slices.Insert(slices.Clone(m.children), 0, more)...)
	}
	for name, attr := range map[string]string{"an attribute of nobody": `Foo="x"`, "an attribute of a stranger": `x:y="z" xmlns:x="urn:x"`, "a Consent": `Consent="urn:x"`} {
		v := m
		v.attrs = append(slices.Clone(m.attrs), attr)
		out[name] = v
	}
	return out
}

// take reads as every handler does: the message, and what its header must say.
func (m messageParts) take(e *xmlsec.Element) error {
	h, err := m.read(e)
	if err != nil {
		return err
	}
	if r := h.checkID(); r != nil {
		return r
	}
	if r := h.checkVersion(); r != nil {
		return r
	}
	_, err = parseInstant(h.IssueInstant)
	return err
}

// readUnlike says what of the variants is read in spite of the schema, or the other way round, and why.
func readUnlike(name string) (why string, ok bool) {
	_, variant, _ := strings.Cut(name, ", ")
	switch {
	case strings.HasPrefix(variant, "text "), strings.HasPrefix(variant, "an attribute of "):
		return "nothing is read there", true
	case name == "LogoutRequest, without 2 saml:NameID":
		return "it is about nobody, and answered so", true
	case name == "LogoutResponse, without 2 samlp:Status":
		return "it does not say that anything ended", true
	case strings.HasPrefix(name, "AttributeQuery, twice ") && strings.HasSuffix(name, " saml:Attribute"):
		return "forbidden by words alone (SAML Core 3.3.2.3)", true
	}
	return "", false
}

// readMessages are the messages that we read, each with everything in it that it may have.
func readMessages() map[string]messageParts {
	const issuer, extensions = `<saml:Issuer>https://pas.example/sp</saml:Issuer>`, `<samlp:Extensions><x:y xmlns:x="urn:x"/></samlp:Extensions>`
	const nameID = `<saml:NameID>x</saml:NameID>`
	attrs := []string{`ID="_1"`, `Version="2.0"`, `IssueInstant="2026-11-23T09:00:00Z"`, `Destination="https://hub.example/x"`}
	return map[string]messageParts{
		"AuthnRequest": {
			"samlp:AuthnRequest", append(slices.Clone(attrs), `ForceAuthn="true"`, `IsPassive="0"`, `AssertionConsumerServiceIndex="1"`, `ProviderName="PAS"`, `AttributeConsumingServiceIndex="2"`),
			[]string{issuer, extensions, `<saml:Subject>` + nameID + `</saml:Subject>`, `<samlp:NameIDPolicy AllowCreate="true"/>`, `<saml:Conditions/>`,
				`<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>urn:x</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`, `<samlp:Scoping ProxyCount="1"/>`},
			func(e *xmlsec.Element) (header, error) { m, err := readAuthnRequest(e); return m.header, err },
		},
		"LogoutRequest": {
			"samlp:LogoutRequest", append(slices.Clone(attrs), `Reason="urn:x"`, `NotOnOrAfter="2026-11-23T09:05:00Z"`),
			[]string{issuer, extensions, nameID, `<samlp:SessionIndex>a</samlp:SessionIndex>`, `<samlp:SessionIndex>b</samlp:SessionIndex>`},
			func(e *xmlsec.Element) (header, error) { m, err := readLogoutRequest(e); return m.header, err },
		},
		"LogoutResponse": {
			"samlp:LogoutResponse", append(slices.Clone(attrs), `InResponseTo="_2"`), []string{issuer, extensions, `<samlp:Status><samlp:StatusCode Value="urn:x"/></samlp:Status>`},
			func(e *xmlsec.Element) (header, error) { m, err := readLogoutResponse(e); return m.header, err },
		},
		"ArtifactResolve": {
			"samlp:ArtifactResolve", attrs, []string{issuer, extensions, `<samlp:Artifact>AAQ=</samlp:Artifact>`},
			func(e *xmlsec.Element) (header, error) { m, err := readArtifactResolve(e); return m.header, err },
		},
		"AttributeQuery": {
			"samlp:AttributeQuery", attrs, []string{issuer, extensions, `<saml:Subject>` + nameID + `</saml:Subject>`, `<saml:Attribute Name="a"/>`, `<saml:Attribute Name="b"><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute>`},
			func(e *xmlsec.Element) (header, error) { m, err := readAttributeQuery(e); return m.header, err },
		},
	}
}

// TestSchemaOfWhatIsRead: what a reader takes fits the schema, and what fits it is taken.
func TestSchemaOfWhatIsRead(t *testing.T) {
	requireSchemas(t)
	docs, taken := map[string][]byte{}, map[string]error{}
	for kind, message := range readMessages() {
		for name, v := range message.variants() {
			doc := []byte(v.xml())
			root, err := xmlsec.AcceptUnsigned(doc, xmlsec.MessageLimits())
			if err == nil {
				err = v.take(root.Root())
			}
			docs[kind+", "+name], taken[kind+", "+name] = doc, err
		}
	}
	wrong, err := fitSchema(t.TempDir(), docs)
	if err != nil {
		t.Fatal(err)
	}
	for name, doc := range docs {
		said, unfit := wrong[name]
		why, unlike := readUnlike(name)
		switch differ := unfit != (taken[name] != nil); {
		case differ && !unlike:
			t.Errorf("%s: the reader says %v, the schema %q\n%s", name, taken[name], said, doc)
		case unlike && !differ:
			t.Errorf("%s: no longer a difference (%s)", name, why)
		}
	}
}
