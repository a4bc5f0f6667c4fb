package xmlsec

import "testing"

func TestElement(t *testing.T) {
	root := element(t, `<r xmlns="urn:a" xmlns:p="urn:p" x="1" p:x=" 2&#10;3`+"\t"+`4 "><p:c/><c p:y="&lt;"><d/></c><p:c x="last"/></r>`)
	if v, ok := root.Attr("x"); !ok || v != "1" {
		t.Errorf("x %q", v)
	}
	if v, ok := root.AttrNS("urn:p", "x"); !ok || v != " 2\n3 4 " {
		t.Errorf("p:x %q", v)
	}
	if _, ok := root.AttrNS("urn:a", "x"); ok {
		t.Error("an attribute without prefix is in no namespace")
	}
	if _, ok := root.Attr("xmlns"); ok {
		t.Error("a declaration is not an attribute")
	}
	if got := root.All("urn:p", "c"); len(got) != 2 || root.Child("urn:p", "c") != got[0] {
		t.Errorf("children %v", got)
	}
	if root.Child("urn:p", "d") != nil || root.Child("", "c") != nil {
		t.Error("found what is not there")
	}
	inner := root.Child("urn:a", "c")
	want := `<c xmlns="urn:a" xmlns:p="urn:p" p:y="&lt;"><d/></c>`
	if got := string(inner.Raw()); got != want {
		t.Errorf("raw %s", got)
	}
	if again := element(t, string(inner.Raw())); !again.Is("urn:a", "c") || !again.Children[0].Is("urn:a", "d") {
		t.Error("raw bytes do not stand alone")
	}
}

func TestElementRawKeepsShadowing(t *testing.T) {
	root := element(t, `<r xmlns="urn:a" xmlns:p="urn:1"><m xmlns:p="urn:2" xmlns=""><c xmlns:q="urn:q"><p:x/></c></m></r>`)
	c := root.Children[0].Children[0]
	if got := string(c.Raw()); got != `<c xmlns:p="urn:2" xmlns="" xmlns:q="urn:q"><p:x/></c>` {
		t.Errorf("raw %s", got)
	}
}

// TestElementsApart: whoever appends to a list of one element does not write to that of another.
func TestElementsApart(t *testing.T) {
	const doc = `<r a="1" b="2"><c d="3"><e></e></c><f g="4"></f></r>`
	back, err := readBack(doc, amounts{elements: 9, attrs: 9})
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range []*Element{back, element(t, doc)} {
		c := root.Children[0]
		_, _ = append(root.Attrs, Attr{Local: "x"}), append(c.Attrs, Attr{Local: "x"})
		_, _ = append(root.Children, root), append(c.Children, root)
		if root.Children[0] != c || c.Attrs[0].Local != "d" || c.Children[0].Local != "e" || root.Children[1].Attrs[0].Local != "g" {
			t.Errorf("written over: %v", root.Attrs)
		}
	}
}

func TestEscape(t *testing.T) {
	if got := string(EscapeText(nil, "</a>&\r\n\t\"'<")); got != "&lt;/a&gt;&amp;&#xD;\n\t\"'&lt;" {
		t.Errorf("text %s", got)
	}
	if got := string(EscapeAttr([]byte("x"), "\"&<>\r\n\t'")); got != "x&quot;&amp;&lt;>&#xD;&#xA;&#x9;'" {
		t.Errorf("attribute %s", got)
	}
}
