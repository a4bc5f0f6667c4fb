package xmlsec

import (
	"reflect"
	"strings"
	"testing"
)

// sameAsScan reads a canonical form back and compares it, to the last field, with what the gate's own scanner reads.
func sameAsScan(t *testing.T, canonical string, size amounts, l Limits) {
	t.Helper()
	want, err := scan(canonical, l.canonical())
	if err != nil {
		t.Fatalf("the gate refuses a canonical form: %v\n%q", err, canonical)
	}
	got, err := readBack(canonical, size)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("read back differently: %v\n%q", err, canonical)
	}
}

// sameAsTree compares what was written while the document was read, much of it copied as it stood, with what is written from its
// elements, where everything was decoded.
func sameAsTree(t *testing.T, streamed string, root *Element, l Limits) {
	t.Helper()
	if want, err := canonicalForm(root, nil, l); err != nil || streamed != want {
		t.Fatalf("%v\n got %q\nwant %q", err, streamed, want)
	}
	if countSignatures(root) > 0 {
		return
	}
	for _, f := range forms {
		want, err := f.of(root)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := readAs(root.doc, f.uri, f.list(), l); err != nil || d.canon.form() != string(want) {
			t.Fatalf("%v\n got %q\nwant %q", err, d.canon.form(), want)
		}
	}
}

// TestCanonicalSpellings: every spelling of what has to be escaped, where the whole is written while it is read.
func TestCanonicalSpellings(t *testing.T) {
	for in, want := range map[string]string{
		"<a>&#38;&#x26;&#038;&#x00026;&amp;</a>":           "<a>&amp;&amp;&amp;&amp;&amp;</a>",
		"<a>&#60;&#62;&lt;&gt;>&quot;&apos;</a>":           `<a>&lt;&gt;&lt;&gt;&gt;"'</a>`,
		"<a>&#13;\r\n\r&#xD;&#10;&#9;</a>":                 "<a>&#xD;\n\n&#xD;\n\t</a>",
		"<a>]]&gt; ]>&#x5d;]&gt;</a>":                      "<a>]]&gt; ]&gt;]]&gt;</a>",
		"<a b='&#38;&amp;\"&#x22;' c=\"'\"/>":              `<a b="&amp;&amp;&quot;&quot;" c="'"></a>`,
		"<a b='1' c =\"2\" d= \"3\"\te=\"4\"  f=\"5\"\n/>": `<a b="1" c="2" d="3" e="4" f="5"></a>`,
		"<a c=\"2\" b=\"1\"></a >":                         `<a b="1" c="2"></a>`,
		"<a b=\"&#10;\t&#9;\n>\"></a\n>":                   `<a b="&#xA; &#x9; >"></a>`,
	} {
		if got, err := Canonicalize([]byte(in), MessageLimits()); err != nil || string(got) != want {
			t.Errorf("%q: %v\n got %q\nwant %q", in, err, got, want)
		}
	}
}

// TestOneDeviation: a document that is in canonical form but for one thing.
func TestOneDeviation(t *testing.T) {
	const whole = `<p:a xmlns:p="urn:p" b="1" p:c="2"><d xmlns="urn:d" xmlns:q="urn:q" q:e="f">x &lt; y</d><p:g></p:g></p:a>`
	for _, change := range []struct{ old, with string }{
		{" ", " "}, {` b="1"`, `  b="1"`}, {` b="1"`, "\nb=\"1\""}, {` b="1"`, ` b= "1"`}, {` b="1"`, ` b ="1"`}, {` b="1"`, ` b='1'`}, {` b="1"`, ` b="&#49;"`},
		{`"f">`, `"f" >`}, {`"f">`, "\"f\"\n>"}, {` q:e=`, `  q:e=`}, {`"f"`, `'f'`}, {`x &lt; y`, `x &#60; y`}, {`x &lt;`, `&#120; &lt;`}, {`x &lt;`, `x <!-- -->&lt;`},
		{`x &lt; y`, `<![CDATA[x < y]]>`}, {`</d>`, `</d >`}, {`</p:a>`, "</p:a\n>"}, {`<p:g></p:g>`, `<p:g/>`}, {`<p:g></p:g>`, `<p:g />`},
		{`<p:g>`, `<p:g xmlns:p="urn:p">`}, {`<p:g>`, `<p:g xmlns:q="urn:q">`}, {`<p:g>`, `<p:g xmlns:xml="` + xmlSpace + `">`}, {`<p:a `, `<p:a xmlns="urn:d" `},
		{` b="1" p:c="2"`, ` p:c="2" b="1"`}, {` xmlns:p="urn:p" b="1"`, ` b="1" xmlns:p="urn:p"`},
		{` xmlns="urn:d" xmlns:q="urn:q"`, ` xmlns:q="urn:q" xmlns="urn:d"`}, {whole, whole + "\n"}, {whole, "\n" + whole}, {whole, "<?xml version=\"1.0\"?>" + whole},
	} {
		doc := replace(t, whole, change.old, change.with)
		if got, err := Canonicalize([]byte(doc), MetadataLimits()); err != nil || string(got) != whole {
			t.Errorf("%s: %v\n%s", doc, err, got)
		}
	}
}

func TestReadBack(t *testing.T) {
	l := MetadataLimits()
	for seed := range uint64(2000) {
		doc, _ := generate(seed, false)
		s, err := gate([]byte(doc), l)
		if err != nil {
			t.Fatal(err)
		}
		c := newCanonicalizer(s, 0, len(s), l)
		sc := scanner{s: s, l: l, canon: &c}
		if err := sc.run(); err != nil {
			t.Fatal(err)
		}
		sameAsScan(t, c.form(), c.size, l)
		root, err := scan(s, l)
		if err != nil {
			t.Fatal(err)
		}
		sameAsTree(t, c.form(), root, l)
		readBackEach(t, root, l)
	}
}

// readBackEach reads back the other forms of e and of what is in it.
func readBackEach(t *testing.T, e *Element, l Limits) {
	t.Helper()
	for _, form := range []func() (string, error){
		func() (string, error) { return canonicalForm(e, nil, l) },
		func() (string, error) { return canonicalForm(e, []string{"", "a"}, l) },
		func() (string, error) { return inclusiveForm(e, InclusiveC14N10, l) },
		func() (string, error) { return inclusiveForm(e, InclusiveC14N11, l) },
	} {
		w, err := form()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := scan(w, l.canonical()); err == nil { // two IDs on one element, inherited, are refused there
			sameAsScan(t, w, amounts{}, l)
		}
	}
	for _, c := range e.Children {
		readBackEach(t, c, l)
	}
}

func TestReadBackRefuses(t *testing.T) {
	const whole = `<p:a xmlns:p="urn:p" b="1" p:c="&amp;2"><d>x &lt; y</d></p:a>`
	sameAsScan(t, whole, amounts{}, MetadataLimits())
	for _, change := range []struct{ old, with string }{
		{"</d>", "</e>"}, {"</d>", "</d >"}, {"</d>", "</d"}, {"<d>", "<d/>"}, {"<d>", "<d ></d>"}, {"<d>", "<d"}, {"<d>", "< d>"},
		{"<d>x &lt; y</d>", "<!-- c -->"}, {"x &lt; y", "<![CDATA[x]]>"}, {"x &lt; y", "<?p i?>"}, {"x &lt; y", "x > y"},
		{"x &lt; y", "x &nbsp; y"}, {"x &lt; y", "x & y"}, {"x &lt; y", "x\r y"}, {` b="1"`, ` b='1'`}, {` b="1"`, `  b="1"`}, {` b="1"`, "\nb=\"1\""},
		{` b="1"`, ` b= "1"`}, {` b="1"`, ` b`}, {` b="1"`, ` b="<"`}, {` b="1"`, " b=\"\t\""}, {` b="1"`, ` b="1" b="2"`}, {` b="1"`, ` b="&x;"`},
		{` b="1"`, ` xmlns:p="urn:q"`}, {` b="1"`, ` q:b="1"`}, {` b="1"`, ` p:c="2"`}, {` p:c=`, ` xmlns:q=`}, {` p:c=`, ` xmlns=`}, {` xmlns:p="urn:p"`, ``},
		{whole, whole + whole}, {whole, whole + "\n"}, {whole, "\n" + whole}, {whole, "x"}, {whole, ""}, {whole, "<"}, {whole, "</a>"}, {whole, "<a"}, {whole, "<a>"},
		{whole, "<xml:a></xml:a>"}, {whole, `<?xml version="1.0"?>` + whole}, {whole, "<a></a"}, {whole, `<a b="`}, {whole, `<a b=`}, {whole, `<a `},
	} {
		s := replace(t, whole, change.old, change.with)
		if e, err := readBack(s, amounts{}); err == nil || codeOf(err) != CodeC14N {
			t.Errorf("%s: %v %v", s, e, err)
		}
	}
}

// FuzzReadBack: every canonical form reads back as the gate would read it, and where both readers take something else they read the
// same in it.
func FuzzReadBack(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	for seed := range uint64(20) {
		doc, _ := generate(seed, false)
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		l := MetadataLimits()
		s, err := gate(doc, l)
		if err != nil {
			return
		}
		if root, err := readBack(s, amounts{}); err == nil {
			if want, err := scan(strings.Clone(s), l); err == nil && !reflect.DeepEqual(root, want) {
				t.Fatalf("read back differently: %q", s)
			}
		}
		c := newCanonicalizer(s, 0, len(s), l)
		sc := scanner{s: s, l: l, canon: &c}
		if err := sc.run(); err != nil {
			return
		}
		sameAsScan(t, c.form(), c.size, l)
		root, err := scan(s, l)
		if err != nil {
			t.Fatal(err)
		}
		sameAsTree(t, c.form(), root, l)
	})
}
