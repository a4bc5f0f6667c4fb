package ticket

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// fieldAssertion is what a system of the field takes out of a role assertion.
type fieldAssertion struct {
	ok      bool
	person  map[string]string
	roles   []map[string]string
	session map[string]string // the block whose uniqueIdentifier is the session's role
}

// parseAsTheFieldDoes is a second reader, written as those of the field are: no XML parser, literal prefixes, an attribute after the
// other; nhsIdCode begins a block, the order within a block means nothing.
func parseAsTheFieldDoes(doc string) fieldAssertion {
	a := fieldAssertion{person: map[string]string{}, ok: strings.Contains(doc, `<samlp:StatusCode Value="samlp:Success"`)}
	at := a.person
	for {
		i := strings.Index(doc, "<saml:Attribute AttributeName=")
		if i < 0 {
			break
		}
		doc = doc[i+len("<saml:Attribute AttributeName=")+1:]
		name := doc[:strings.IndexByte(doc, '"')]
		end := strings.Index(doc, "</saml:Attribute>")
		if end < 0 {
			break
		}
		var values []string
		for body := doc[:end]; ; {
			_, rest, ok := strings.Cut(body, "<saml:AttributeValue>")
			if !ok {
				break
			}
			value, rest, _ := strings.Cut(rest, "</saml:AttributeValue>")
			values, body = append(values, html.UnescapeString(value)), rest
		}
		if name == "nhsIdCode" {
			at = map[string]string{}
			a.roles = append(a.roles, at)
		}
		at[name] = strings.Join(values, "|")
		doc = doc[end:]
	}
	for _, r := range a.roles {
		if r["uniqueIdentifier"] == a.person["ssbSessionRoleUid"] {
			a.session = r
		}
	}
	return a
}

// hostile are texts that somebody would want to have in a name.
func hostile() []string {
	return []string{
		"", " ", "x", "O'Neil & <Sons>", `"`, "'", "&amp;", "&#60;", "]]>", "<![CDATA[x]]>", "<!-- x -->", "--", "\x00", "\x01\x08", "\u2028", "\uFFFE", "é漢\U0001F600",
		"a\nb", "a\r\nb", "\t", "\u202Eevil", "&xxe;", `<!DOCTYPE a [<!ENTITY b "c">]>`,
		`</saml:AttributeValue><saml:AttributeValue>x`,
		`</saml:AttributeValue></saml:Attribute><saml:Attribute AttributeName="nhsIdCode" AttributeNamespace="http://www.syntegra.com"><saml:AttributeValue>RX9`,
		"x\nuserdetails.attribute.name=uid\nuserdetails.attribute.value=555000000000", `<samlp:StatusCode Value="samlp:Success"/>`,
	}
}

// TestSecurityNames is row 237 for what people and organisations are called: whatever stands in any field, both readers find the person, the
// roles and the role in use that were decided, and no other.
func TestSecurityNames(t *testing.T) {
	w := newWorld(t)
	anything := rapid.OneOf(rapid.SampledFrom(hostile()), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string { return strings.ToValidUTF8(anything.Draw(t, label), "") }
		iss := bridge.Issuance{
			Subject: "555021935107", At: w.now, AuthnAt: w.now, Protocol: trust.Ticket, Partner: "pathology",
			Attributes: []bridge.Attribute{{Name: "cn", Values: []any{text("cn")}}, {Name: "uid", Values: []any{"555021935107"}}, {Name: "nhsOcsPrCode", Values: []any{text("code")}}},
		}
		var want []string
		var roles []any
		for i := range rapid.IntRange(0, 4).Draw(t, "roles") {
			org, id := text("org"), fmt.Sprintf("55500000010%d", i)
			roles = append(roles, map[string]any{
				"org_code": org, "org_name": text("o"), "person_roleid": id, "role_name": text("role"), "role_code": text("role code"),
				"activities": []any{text("activity"), text("activity")}, "activity_codes": []any{text("activity code")}, "workgroups": []any{text("group")},
				"aow": []any{text("area")},
			})
			if xmlsec.OneLine(org) != "" {
				want = append(want, xmlsec.OneLine(org)+" "+id)
			}
		}
		iss.Attributes = append(iss.Attributes, bridge.Attribute{Name: "roles", Values: roles, List: true})
		iss.Role = people.RoleProfile{ID: "555000000100"}
		doc := w.room.document(&writer{indent: true}, "null", iss, "TICKET", "192.0.2.7")
		field, strict := parseAsTheFieldDoes(string(doc)), parseStrictly(t, doc)
		if field.person["cn"] != xmlsec.OneLine(iss.Attributes[0].Values[0].(string)) || field.person["uid"] != "555021935107" || strict.person["cn"] != field.person["cn"] {
			t.Fatalf("person %v, %v", field.person, strict.person)
		}
		for name, a := range map[string]fieldAssertion{"as the field reads": field, "as XML": strict} {
			var got []string
			for _, r := range a.roles {
				got = append(got, r["nhsIdCode"]+" "+r["uniqueIdentifier"])
			}
			if !slices.Equal(got, want) || len(want) > 0 && want[0] == field.roles[0]["nhsIdCode"]+" 555000000100" && a.session["uniqueIdentifier"] != "555000000100" {
				t.Fatalf("%s: roles %q, want %q\n%s", name, got, want, doc)
			}
		}
		if n := strings.Count(string(doc), "samlp:Success\"/>"); n != 1 {
			t.Fatalf("%d times Success", n)
		}
	})
}

// parseStrictly reads the same with a parser of XML.
func parseStrictly(t *rapid.T, doc []byte) fieldAssertion {
	a := fieldAssertion{person: map[string]string{}}
	at, name := a.person, ""
	var values []string
	var text strings.Builder
	for d := xml.NewDecoder(bytes.NewReader(doc)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
		switch x := token.(type) {
		case xml.StartElement:
			text.Reset()
			if x.Name.Local == "Attribute" {
				values = nil
				name = x.Attr[0].Value
			}
		case xml.CharData:
			text.Write(x)
		case xml.EndElement:
			switch x.Name.Local {
			case "AttributeValue":
				values = append(values, text.String())
			case "Attribute":
				if name == "nhsIdCode" {
					at = map[string]string{}
					a.roles = append(a.roles, at)
				}
				if _, twice := at[name]; twice {
					t.Fatalf("%s twice in one block\n%s", name, doc)
				}
				at[name] = strings.Join(values, "|")
			}
		}
	}
	for _, r := range a.roles {
		if r["uniqueIdentifier"] == "555000000100" {
			a.session = r
		}
	}
	return a
}

// TestOrderMeansNothing: the reader of these tests does not lean on the order that the writer happens to keep.
func TestOrderMeansNothing(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	doc := w.assertion(w.ticket(), "192.0.2.7").Body.String()
	want := parseAsTheFieldDoes(doc)
	const open = "            <saml:Attribute "
	parts := strings.SplitAfter(doc, "</saml:Attribute>\n")
	first := slices.IndexFunc(parts, func(p string) bool { return strings.Contains(p, `"nhsIdCode"`) })
	block := parts[first+1 : len(parts)-1]
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(block), func(i, j int) { block[i], block[j] = block[j], block[i] })
	got := parseAsTheFieldDoes(strings.Join(parts, ""))
	if !strings.Contains(doc, open) || fmt.Sprint(got) != fmt.Sprint(want) || got.session["uniqueIdentifier"] != "555000000101" {
		t.Errorf("%v\n%v", got, want)
	}
}

// TestDoubledBlocks is row 237: role profiles that would double or swallow a block are left out.
func TestDoubledBlocks(t *testing.T) {
	good := map[string]any{"org_code": "RX1", "person_roleid": "555000000101", "role_code": "S8000:G8000:R8000"}
	for name, other := range map[string]any{
		"237 no organisation":      map[string]any{"person_roleid": "555000000102", "role_code": "S8000:G8000:R9999"},
		"237 empty organisation":   map[string]any{"org_code": "", "person_roleid": "555000000102"},
		"237 control organisation": map[string]any{"org_code": "\x01", "person_roleid": "555000000102"},
		"237 two organisations":    map[string]any{"org_code": []any{"RX1", "RX2"}, "person_roleid": "555000000102"},
		"237 no identifier":        map[string]any{"org_code": "RX2", "role_code": "S8000:G8000:R9999"},
		"237 no role at all":       "555000000102",
	} {
		_, roles := blocks(bridge.Issuance{Attributes: []bridge.Attribute{{Name: "roles", Values: []any{good, other}}}}, "0")
		if len(roles) != 1 || roles[0][0].name != "nhsIdCode" || len(roles[0][0].values) != 1 {
			t.Errorf("%s: %+v", name, roles)
		}
	}
}
