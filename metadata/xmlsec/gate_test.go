package xmlsec

import (
	"fmt"
	"strings"
	"testing"
)

// parserAttacks are documents that parsers read differently: rows 30, 32, 34 to 36, 39 to 41. All are genuinely signed first.
func parserAttacks(t *testing.T) []attack {
	good := signed(t, authnRequest)
	const policy, name = `<samlp:NameIDPolicy `, `https://sp.example/shibboleth`
	content := func(s string) string { return replace(t, good, name, s) }
	attribute := func(s string) string { return replace(t, good, policy, policy+s+" ") }
	declared := func(s string) string { return `<?xml version="1.0" ` + s + `?>` + good }
	return []attack{
		{"030", "double colon in an element", replace(t, good, "samlp:NameIDPolicy ", "samlp::NameIDPolicy "), CodeSyntax},
		{"030", "two colons in an attribute", attribute(`a:b:c="1"`), CodeSyntax},
		{"030", "empty prefix declared", attribute(`xmlns:="urn:x"`), CodeSyntax},
		{"030", "colon first", attribute(`:a="1"`), CodeSyntax},
		{"030", "prefix undeclared again", attribute(`xmlns:x=""`), CodeSyntax},
		{"030", "xml prefix rebound", attribute(`xmlns:xml="urn:x"`), CodeSyntax},
		{"030", "xmlns prefix bound", attribute(`xmlns:xmlns="urn:x"`), CodeSyntax},
		{"030", "XML namespace under another prefix", attribute(`xmlns:x="` + xmlSpace + `"`), CodeSyntax},
		{"032", "relative namespace", attribute(`xmlns:x="relative/name"`), CodeSyntax},
		{"032", "namespace with a space", attribute(`xmlns:x="urn:x y"`), CodeSyntax},
		{"032", "xml:base", attribute(`xml:base="https://evil.example/"`), CodeSyntax},
		{"034", "one attribute twice", attribute(`a="1" a="2"`), CodeSyntax},
		{"034", "one expanded name twice", attribute(`xmlns:x="urn:x" xmlns:y="urn:x" x:a="1" y:a="2"`), CodeSyntax},
		{"034", "declaration twice", attribute(`xmlns:x="urn:x" xmlns:x="urn:y"`), CodeSyntax},
		{"035", "comment", content(`https://sp.example<!-- -->.evil`), CodeSyntax},
		{"036", "CDATA", content(`<![CDATA[https://sp.example]]>.evil`), CodeSyntax},
		{"036", "processing instruction", content(`https://sp.example<?x?>.evil`), CodeSyntax},
		{"036", "entity", content(`https://sp.example&evil;`), CodeSyntax},
		{"039", "UTF-16", "\xFE\xFF" + utf16(good), CodeEncoding},
		{"039", "UTF-16 without mark", utf16(good), CodeEncoding},
		{"039", "UTF-7 declared", declared(`encoding="UTF-7"`), CodeEncoding},
		{"039", "Latin-1 declared", declared(`encoding="ISO-8859-1"`), CodeEncoding},
		{"039", "two byte order marks", byteOrderMark + byteOrderMark + good, CodeEncoding},
		{"039", "not UTF-8", content("\xC0\xAF"), CodeEncoding},
		{"039", "surrogate", content("\xED\xA0\x80"), CodeEncoding},
		{"039", "XML 1.1", `<?xml version="1.1"?>` + good, CodeSyntax},
		{"040", "text after the root", good + "x", CodeSyntax},
		{"040", "reference after the root", good + "&#32;", CodeSyntax},
		{"040", "second root", good + good, CodeSyntax},
		{"040", "instruction before the root", `<?xml-stylesheet href="x"?>` + good, CodeSyntax},
		{"040", "declaration after white space", ` <?xml version="1.0"?>` + good, CodeSyntax},
		{"040", "NUL", content("a\x00b"), CodeEncoding},
		{"040", "control", content("a\x0Bb"), CodeEncoding},
		{"040", "noncharacter", content("a\uFFFEb"), CodeEncoding},
		{"040", "NUL by reference", content("a&#0;b"), CodeSyntax},
		{"040", "surrogate by reference", content("a&#xD800;b"), CodeSyntax},
		{"040", "beyond Unicode by reference", content("a&#x110000;b"), CodeSyntax},
		{"040", "unclosed", good[:len(good)-3], CodeSyntax},
		{"040", "cut in a tag", good[:40], CodeSyntax},
		{"040", "empty", "", CodeSyntax},
		{"040", "wrong end tag", replace(t, good, "</samlp:AuthnRequest>", "</samlp:AuthnRequestx>"), CodeSyntax},
		{"040", "other prefix in the end tag", replace(t, good, "</samlp:AuthnRequest>", "</saml:AuthnRequest>"), CodeSyntax},
		{"040", "less-than in a value", attribute(`a="<"`), CodeSyntax},
		{"040", "no quotes", attribute(`a=1`), CodeSyntax},
		{"040", "no space", attribute(`a="1"b="2"`), CodeSyntax},
		{"040", "end of CDATA in text", content("a]]>b"), CodeSyntax},
		{"040", "ID with a colon", replace(t, good, `ID="_request"`, `ID="a:b"`), CodeSyntax},
		{"041", "undeclared element prefix", replace(t, good, "<samlp:NameIDPolicy ", "<x:P/><samlp:NameIDPolicy "), CodeSyntax},
		{"041", "undeclared attribute prefix", attribute(`x:a="1"`), CodeSyntax},
	}
}

func utf16(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(0)
		b.WriteByte(s[i])
	}
	return b.String()
}

// entityAttacks want something expanded or fetched: rows 29 and 49 to 51.
func entityAttacks(t *testing.T, here string) []attack {
	good := signed(t, authnRequest)
	bomb := `<!ENTITY a "aaaaaaaaaa">`
	for i := range 9 {
		bomb += fmt.Sprintf(`<!ENTITY %c "%s">`, 'b'+i, strings.Repeat(fmt.Sprintf("&%c;", 'a'+i), 10))
	}
	return []attack{
		{"029", "defaulted attribute", `<!DOCTYPE x [<!ATTLIST x ID CDATA "_request">]>` + good, CodeDoctype},
		{"029", "bare", `<!DOCTYPE x>` + good, CodeDoctype},
		{"029", "lower case", `<!doctype x>` + good, CodeDoctype},
		{"029", "inside the root", replace(t, good, issuerEnd, issuerEnd+"<!ELEMENT x ANY>"), CodeDoctype},
		{"049", "external entity, file", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + good, CodeDoctype},
		{"049", "external entity, http", `<!DOCTYPE x [<!ENTITY e SYSTEM "` + here + `">]>` + good, CodeDoctype},
		{"050", "parameter entity", `<!DOCTYPE x [<!ENTITY % e SYSTEM "` + here + `"> %e;]>` + good, CodeDoctype},
		{"051", "billion laughs", `<!DOCTYPE x [` + bomb + `]>` + good, CodeDoctype},
		{"144", "XInclude", replace(t, good, issuerEnd, issuerEnd+`<i:include xmlns:i="`+xincludeSpace+`" href="`+here+`"/>`), CodeSyntax},
	}
}

// limitAttacks are too much of something: rows 55 to 57.
func limitAttacks(t *testing.T) []attack {
	good := signed(t, authnRequest)
	l := MessageLimits()
	inside := func(s string) string { return replace(t, good, issuerEnd, issuerEnd+s) }
	nested := func(n int, tag func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(tag(i))
		}
		b.WriteString(strings.Repeat("</x>", n))
		return b.String()
	}
	plain := func(int) string { return "<x>" }
	var attributes strings.Builder
	for i := range l.MaxAttributes + 1 {
		fmt.Fprintf(&attributes, ` a%d=""`, i)
	}
	return []attack{
		{"055", "200,000 nested", inside(nested(200_000, plain)), CodeLimits},
		{"055", "one too deep", inside(nested(l.MaxDepth, plain)), CodeLimits},
		{"055", "one element too many", inside(strings.Repeat("<x/>", l.MaxElements)), CodeLimits},
		{"056", "one attribute too many", inside("<x" + attributes.String() + "/>"), CodeLimits},
		{"056", "value too long", inside(`<x a="` + strings.Repeat("a", l.MaxAttributeValue+1) + `"/>`), CodeLimits},
		{"056", "text too long", inside(`<x>` + strings.Repeat("a", l.MaxText+1) + `</x>`), CodeLimits},
		{"057", "nested namespaces", inside(nested(l.MaxNamespaces+1, func(i int) string { return fmt.Sprintf(`<x xmlns:n%d="urn:%d">`, i, i) })), CodeLimits},
		{"052", "too large", inside(strings.Repeat(" ", l.MaxBytes)), CodeLimits},
	}
}

// TestLimitsExpansion: a namespace name repeated by canonicalization must not multiply a document.
func TestLimitsExpansion(t *testing.T) {
	long := strings.Repeat("a", MessageLimits().MaxAttributeValue-10)
	doc := `<r xmlns:p="urn:` + long + `">` + strings.Repeat("<p:e/>", 1500) + `</r>`
	if _, err := Canonicalize([]byte(doc), MessageLimits()); codeOf(err) != CodeLimits {
		t.Errorf("got %v", err)
	}
}

func TestGateAccepts(t *testing.T) {
	for name, c := range map[string]struct{ doc, text string }{
		"byte order mark":       {byteOrderMark + "<a>x</a>", "x"},
		"declaration":           {`<?xml version='1.0' encoding = "utf-8" standalone="yes" ?>` + "\n<a>x</a>\n", "x"},
		"references":            {"<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x1F600;</a>", "<>&\"'AB\U0001F600"},
		"line ends":             {"<a>1\r\n2\r3&#13;</a>", "1\n2\n3\r"},
		"text around children":  {"<a>1<b>x</b>2<b/>3&amp;</a>", "123&"},
		"no-break space stays":  {"<a>\u00A0x\u200B </a>", "\u00A0x\u200B "},
		"end tag with space":    {"<a >x</a\n>", "x"},
		"names":                 {"<_a-b.c9>x</_a-b.c9>", "x"},
		"default ns undeclared": {`<a xmlns="urn:x"><b xmlns=""/>x</a>`, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := AcceptUnsigned([]byte(c.doc), MessageLimits())
			if err != nil {
				t.Fatal(err)
			}
			if got := v.Root().Text(); got != c.text || v.By() != nil {
				t.Errorf("text %q, want %q", got, c.text)
			}
		})
	}
}

// TestMetadataTextIsWhole is row 35 for metadata, where comments are allowed: a value is never its head only.
func TestMetadataTextIsWhole(t *testing.T) {
	doc := `<!-- a --><r><n>admin@x<!-- -->.evil</n><n><![CDATA[a<&]]>b<![CDATA[]]></n></r><!-- b -->`
	v, err := AcceptUnsigned([]byte(doc), MetadataLimits())
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Root().Children[0].Text(); got != "admin@x.evil" {
		t.Errorf("got %q", got)
	}
	if got := v.Root().Children[1].Text(); got != "a<&b" {
		t.Errorf("got %q", got)
	}
	want := "<r><n>admin@x.evil</n><n>a&lt;&amp;b</n></r>"
	if got, err := Canonicalize([]byte(doc), MetadataLimits()); err != nil || string(got) != want {
		t.Errorf("canonical %s, %v", got, err)
	}
}

// canonical is for reading back our own canonical form of a document that kept l: escapes and repeated namespace declarations
// make it longer.
func (l Limits) canonical() Limits {
	l.MaxBytes *= maxExpansion
	l.MaxText *= 8
	l.MaxAttributeValue *= 8
	l.MaxAttributes += l.MaxNamespaces
	return l
}
