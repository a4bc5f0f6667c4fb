package xmlsec

import (
	"testing"

	"github.com/beevik/etree"
)

func TestWritesCanonical(t *testing.T) {
	const doc = `<a b="1">x &amp; y<c></c></a>`
	for covered, want := range map[string]bool{
		doc: true, doc[:len(doc)-1]: false, doc + " ": false, `<a b="2">x &amp; y<c></c></a>`: false, `<a b="1">x &amp; y<c></c></b>`: false, "": false,
	} {
		tree := etree.NewDocument()
		if err := tree.ReadFromString(doc); err != nil {
			t.Fatal(err)
		}
		if writesCanonical(tree.Root(), covered) != want {
			t.Errorf("%q: got %v", covered, !want)
		}
	}
	c := comparison{rest: "abc", same: true}
	for _, piece := range []string{"ab", "x", "c"} {
		if n, err := c.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Error(n, err)
		}
	}
	if c.same {
		t.Error("a difference was forgotten")
	}
}
