package ticket

import (
	"strings"
	"testing"
)

func TestReadObject(t *testing.T) {
	o, err := readObject([]byte(`<?xml version="1.0" encoding="UTF-8"?> <!DOCTYPE USER SYSTEM "gpOBJECT.DTD"> <gpOBJECT> <gpPARAM name="cn"> A &amp; B </gpPARAM> <gpPARAM name="empty"/> </gpOBJECT> `))
	if err != nil || o.text("cn") != "A & B" || o.text("empty") != "" || len(o) != 2 {
		t.Errorf("%v, %v", o, err)
	}
	for _, bad := range []string{
		``, `x`, `<gpOBJECT>`, `<gpOBJECT/><gpOBJECT/>`, `<other/>`, `<gpOBJECT>text</gpOBJECT>`, `<gpOBJECT><x/></gpOBJECT>`, `<gpOBJECT><gpPARAM/></gpOBJECT>`,
		`<gpOBJECT><gpPARAM name="a"/><gpPARAM name="a"/></gpOBJECT>`, `<gpOBJECT><gpPARAM name="a"><gpPARAM name="b"/></gpPARAM></gpOBJECT>`,
		`<gpOBJECT><gpPARAM name="a">&x;</gpPARAM></gpOBJECT>`, `<!DOCTYPE x [<!ENTITY x "y">]><gpOBJECT/>`, `<!DOCTYPE USER SYSTEM "a" [<!ENTITY x "y">]><gpOBJECT/>`,
		`<!ENTITY x "y"><gpOBJECT/>`, `<gpOBJECT><?php x?></gpOBJECT>`, `<gpOBJECT><!-- x --></gpOBJECT>`, `<x:gpOBJECT xmlns:x="y"/>`, `<gpOBJECT><gpPARAM x:name="a" xmlns:x="y"/></gpOBJECT>`,
		`<gpOBJECT/>` + strings.Repeat(" ", maxDocument), `<gpOBJECT>` + strings.Repeat(`<gpPARAM name="a`, 3) + `</gpOBJECT>`, `<gpOBJECT/>trailing`,
	} {
		if o, err := readObject([]byte(bad)); err == nil {
			t.Errorf("%.60s was read: %v", bad, o)
		}
	}
}

// FuzzReadObject: what is read can be written and read again to the same; no name is there twice.
func FuzzReadObject(f *testing.F) {
	f.Add([]byte(`<!DOCTYPE USER SYSTEM "gpOBJECT.DTD"><gpOBJECT><gpPARAM name="a" id="1">x &lt; y</gpPARAM></gpOBJECT>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := readObject(b)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, p := range o {
			if seen[p.name] || len(o) > maxParams {
				t.Fatalf("%q twice", p.name)
			}
			seen[p.name] = true
			if strings.ContainsAny(p.name, "\"<&\r\n\t'>") {
				return // names of ours are plain words
			}
		}
		again, err := readObject(o.document())
		if err != nil || len(again) != len(o) {
			t.Fatalf("%v: %q", err, o.document())
		}
		for i := range o {
			if strings.TrimSpace(again[i].text) != strings.TrimSpace(o[i].text) {
				t.Errorf("%q became %q", o[i].text, again[i].text)
			}
		}
	})
}
