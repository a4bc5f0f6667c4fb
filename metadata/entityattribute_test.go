package metadata

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEntityAttributes(t *testing.T) {
	at := strings.Index(goodPartner(t), "<md:SPSSODescriptor")
	with := func(content string) Entity {
		doc := goodPartner(t)
		return parsed(t, doc[:at]+`<md:Extensions>`+content+`</md:Extensions>`+doc[at:])
	}
	const list = `<mdattr:EntityAttributes xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">`
	e := with(list + `<saml:Attribute Name="` + AttributeSubjectIDReq + `"><saml:AttributeValue> pairwise-id
</saml:AttributeValue></saml:Attribute><saml:Attribute Name="urn:x"><saml:AttributeValue>a</saml:AttributeValue><saml:AttributeValue>b</saml:AttributeValue></saml:Attribute>` +
		`<saml:Assertion ID="x"><saml:Attribute Name="urn:y"><saml:AttributeValue>c</saml:AttributeValue></saml:Attribute></saml:Assertion></mdattr:EntityAttributes>`)
	if diff := cmp.Diff(map[string][]string{AttributeSubjectIDReq: {"pairwise-id"}, "urn:x": {"a", "b"}}, e.Attributes); diff != "" {
		t.Error(diff)
	}
	if e := parsed(t, goodPartner(t)); e.Attributes != nil {
		t.Errorf("%v", e.Attributes)
	}
}

// TestAttributeServices: each by its index, and one default, found as SAML Metadata 2.4.4.2 says.
func TestAttributeServices(t *testing.T) {
	for name, c := range map[string]struct {
		services string
		want     []AttributeService
	}{
		"first":            {`<S index="3"><R Name="a"/></S><S index="1"><R Name="b"/></S>`, []AttributeService{{Index: 3, Default: true, Requested: []RequestedAttribute{{Name: "a"}}}, {Index: 1, Default: false, Requested: []RequestedAttribute{{Name: "b"}}}}},
		"first not denied": {`<S index="3" isDefault="false"><R Name="a"/></S><S index="1"><R Name="b"/></S>`, []AttributeService{{Index: 3, Default: false, Requested: []RequestedAttribute{{Name: "a"}}}, {Index: 1, Default: true, Requested: []RequestedAttribute{{Name: "b"}}}}},
		"said":             {`<S index="3"><R Name="a"/></S><S index="1" isDefault="1"><R Name="b"/></S>`, []AttributeService{{Index: 3, Default: false, Requested: []RequestedAttribute{{Name: "a"}}}, {Index: 1, Default: true, Requested: []RequestedAttribute{{Name: "b"}}}}},
		"all denied":       {`<S index="3" isDefault="0"/><S index="1" isDefault="false"/>`, []AttributeService{{Index: 3, Default: true}, {Index: 1}}},
		"without an index": {`<S><R Name="a"/></S><S index="1"><R Name="b"/></S>`, []AttributeService{{Index: 1, Default: true, Requested: []RequestedAttribute{{Name: "b"}}}}},
		"none":             {"", nil},
	} {
		doc := goodPartner(t)
		start, end := strings.Index(doc, "<md:AttributeConsumingService"), strings.Index(doc, "</md:AttributeConsumingService>")+len("</md:AttributeConsumingService>")
		services := strings.NewReplacer("<S", "<md:AttributeConsumingService", "</S", "</md:AttributeConsumingService", "<R", "<md:RequestedAttribute").Replace(c.services)
		e := parsed(t, doc[:start]+services+doc[end:])
		if diff := cmp.Diff(c.want, e.SP.Services); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, s := range e.SP.Services {
			if s.Default {
				if diff := cmp.Diff(s.Requested, e.Requested); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		}
	}
}
