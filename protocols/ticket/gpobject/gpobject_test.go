package gpobject

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

const activation = `<?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE USER SYSTEM "gpOBJECT.DTD">
        <gpOBJECT>
        <gpPARAM name="auth_method">3</gpPARAM>
        <gpPARAM name="app_url">NHST</gpPARAM>
        <gpPARAM name="log_session_id">Zt+J9/7T</gpPARAM>
        <gpPARAM name="device_id">b02edd24,ClientIP=192.0.2.16</gpPARAM>
        <gpPARAM name="response" encoding="base64">
           QUJD
        </gpPARAM>
        </gpOBJECT>`

func TestRead(t *testing.T) {
	bare := activation[strings.Index(activation, "<gpOBJECT>"):]
	for name, doc := range map[string]string{
		"as agents write it": activation, "no declaration": Doctype + bare, "nothing before": bare, "byte order mark": "\uFEFF" + activation,
		"space behind": activation + "\r\n", "entities": strings.Replace(activation, "NHST", "&#78;HST", 1),
	} {
		o, err := Read([]byte(doc))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p, ok := o.Get("response")
		if len(o) != 5 || o.Value("app_url") != "NHST" || o.Value("device_id") != "b02edd24,ClientIP=192.0.2.16" || !ok || p.Encoding != "base64" || p.Value != "QUJD" || o.Value("none") != "" {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// TestSecurityDocuments is row 237 of the attack catalogue for the documents of agents, and what the catalogue says of XML.
func TestSecurityDocuments(t *testing.T) {
	change := func(from, to string) string {
		if !strings.Contains(activation, from) {
			t.Fatal(from)
		}
		return strings.Replace(activation, from, to, 1)
	}
	for name, doc := range map[string]string{
		"237 other DTD":                  change(`"gpOBJECT.DTD"`, `"http://127.0.0.1:1/x.dtd"`),
		"237 DTD in other words":         change(`SYSTEM "gpOBJECT.DTD"`, `SYSTEM 'gpOBJECT.DTD'`),
		"237 public DTD":                 change(`SYSTEM "gpOBJECT.DTD"`, `PUBLIC "x" "gpOBJECT.DTD"`),
		"237 internal subset":            change(`"gpOBJECT.DTD">`, `"gpOBJECT.DTD" [<!ENTITY a "b">]>`),
		"237 DOCTYPE twice":              change(Doctype, Doctype+Doctype),
		"237 DOCTYPE twice, one other":   change(Doctype, Doctype+`<!DOCTYPE USER [<!ENTITY a SYSTEM "file:///etc/passwd">]>`),
		"237 other DOCTYPE first":        change(Doctype, `<!DOCTYPE a>`+Doctype),
		"237 DOCTYPE after the root":     activation + Doctype,
		"237 DOCTYPE inside":             change("<gpOBJECT>", "<gpOBJECT>"+Doctype),
		"237 DOCTYPE in a value":         change("NHST", Doctype),
		"237 DOCTYPE before declaration": Doctype + activation,
		"237 other root in DOCTYPE":      change("DOCTYPE USER", "DOCTYPE gpOBJECT"),
		"237 entity":                     change("NHST", "&xxe;"),
		"237 entity of HTML":             change("NHST", "&nbsp;"),
		"237 character XML lacks":        change("NHST", "&#0;"),
		"237 control character":          change("NHST", "N\x00ST"),
		"237 processing instruction":     change("<gpOBJECT>", "<?php x?><gpOBJECT>"),
		"237 stylesheet":                 change("<gpOBJECT>", `<?xml-stylesheet href="x"?><gpOBJECT>`),
		"237 comment":                    change("NHST", "NH<!-- x -->ST"),
		"237 CDATA":                      change("NHST", "<![CDATA[NHST]]>"),
		"237 doubled parameter":          change("</gpOBJECT>", `<gpPARAM name="app_url">NHST</gpPARAM></gpOBJECT>`),
		"237 doubled unknown parameter":  change("</gpOBJECT>", `<gpPARAM name="x">1</gpPARAM><gpPARAM name="x">1</gpPARAM></gpOBJECT>`),
		"237 doubled attribute":          change(`name="app_url"`, `name="app_url" name="uid"`),
		"237 no name":                    change(`name="app_url"`, ``),
		"237 empty name":                 change(`name="app_url"`, `name=""`),
		"237 other attribute":            change(`name="app_url"`, `name="app_url" type="x"`),
		"237 other encoding":             change(`encoding="base64"`, `encoding="hex"`),
		"237 attribute of the broker":    change(`name="app_url"`, `name="app_url" id="a"`),
		"237 attribute with prefix":      change(`name="app_url"`, `xml:name="app_url"`),
		"237 namespace":                  change("<gpOBJECT>", `<gpOBJECT xmlns="urn:x">`),
		"237 prefix":                     strings.NewReplacer("<gpOBJECT>", `<a:gpOBJECT xmlns:a="urn:x">`, "</gpOBJECT>", "</a:gpOBJECT>").Replace(activation),
		"237 attribute of the root":      change("<gpOBJECT>", `<gpOBJECT x="1">`),
		"237 other root":                 strings.ReplaceAll(activation, "gpOBJECT>", "gpobject>"),
		"237 other element":              strings.ReplaceAll(activation, "gpPARAM", "gpParam"),
		"237 element in a value":         change("NHST", `<gpPARAM name="uid">1</gpPARAM>`),
		"237 text beside parameters":     change("</gpOBJECT>", "x</gpOBJECT>"),
		"237 text after the root":        activation + "x",
		"237 second root":                activation + "<gpOBJECT/>",
		"237 signature":                  change("<gpOBJECT>", "<gpOBJECT><Signature/>"),
		"237 UTF-16":                     change(`encoding="UTF-8"`, `encoding="UTF-16"`),
		"237 not UTF-8":                  change("NHST", "\xff"),
		"237 XML 1.1":                    change(`version="1.0"`, `version="1.1"`),
		"237 declaration without end":    "<?xml version=\"1.0\" " + Doctype,
		"237 value too long":             change("NHST", strings.Repeat("A", maxParam+1)),
		"237 name too long":              change("app_url", strings.Repeat("A", 257)),
		"237 document too long":          activation + strings.Repeat(" ", maxBytes),
		"237 too many":                   change("</gpOBJECT>", strings.Repeat(`<gpPARAM name="x"/>`, maxNames)+"</gpOBJECT>"),
		"237 nothing":                    "",
		"237 DOCTYPE alone":              Doctype,
	} {
		t.Run(name, func(t *testing.T) {
			o, err := Read([]byte(doc))
			if !errors.Is(err, ErrInvalid) || o != nil {
				t.Errorf("accepted: %+v %v", o, err)
			}
		})
	}
	t.Run("237 truncated", func(t *testing.T) {
		for i := range activation {
			if _, err := Read([]byte(activation[:i])); err == nil {
				t.Errorf("the first %d bytes are enough", i)
			}
		}
	})
}

// TestWrite: what is written is what agents of the field read, and nothing in a value leaves its line or its place.
func TestWrite(t *testing.T) {
	got := string(Write("https://gas.trust.example/login/dtd", Object{
		{Name: "cn", Value: `O'Neil & <Sons>`},
		{Name: "nhsjobrole0", ID: "555000000101", OrgCode: "RX1", Value: "EXAMPLE TRUST, \"A\":\"B\":\"C\"\nX"},
		{Name: "sso_ticket", Value: "AQIC5w=@AAJTSQACMDE=#"},
	}))
	want := `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE USER SYSTEM "https://gas.trust.example/login/dtd">
<gpOBJECT>
<gpPARAM name="cn">O'Neil &amp; &lt;Sons&gt;</gpPARAM>
<gpPARAM name="nhsjobrole0" id="555000000101" orgcode="RX1">EXAMPLE TRUST, "A":"B":"C" X</gpPARAM>
<gpPARAM name="sso_ticket">AQIC5w=@AAJTSQACMDE=#</gpPARAM>
</gpOBJECT>
`
	if got != want {
		t.Errorf("%s", got)
	}
}

// TestRoundTrip: whatever a value is, another parser and our own read the same parameters back.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := Object{{Name: "cn", Value: rapid.String().Draw(t, "cn")}, {Name: "x", ID: rapid.StringN(0, 20, 60).Draw(t, "id"), OrgCode: rapid.StringN(0, 20, 60).Draw(t, "org"), Value: rapid.String().Draw(t, "value")}}
		asAgent := Write("", Object{in[0], {Name: "x", Encoding: "base64", Value: in[1].Value}})
		o, err := Read(asAgent)
		if err != nil || len(o) != 2 || o[0].Value != strings.Trim(xmlsec.OneLine(in[0].Value), space) || o[1].Encoding != "base64" {
			t.Fatalf("%q: %+v %v", asAgent, o, err)
		}
		doc := Write("", in)
		names := 0
		for d := xml.NewDecoder(bytes.NewReader(doc)); ; {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "gpPARAM" {
				names++
				for _, a := range e.Attr {
					if a.Name.Local == "id" && a.Value != xmlsec.OneLine(in[1].ID) || a.Name.Local == "orgcode" && a.Value != xmlsec.OneLine(in[1].OrgCode) {
						t.Fatalf("attribute %q", a.Value)
					}
				}
			}
		}
		if names != 2 || bytes.Count(doc, []byte("\n")) != 5 {
			t.Fatalf("%d parameters: %q", names, doc)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(activation))
	f.Add([]byte(`<gpOBJECT><gpPARAM name="a" id="b" orgcode="c">d</gpPARAM></gpOBJECT>`))
	f.Add([]byte(Doctype + `<gpOBJECT><gpPARAM name="a">&xxe;</gpPARAM></gpOBJECT>`))
	f.Add([]byte(`<?xml version="1.0"?>` + Doctype + Doctype))
	f.Fuzz(func(t *testing.T, doc []byte) {
		o, err := Read(doc)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%v", err)
			}
			return
		}
		again, err := Read(Write("", o))
		if err != nil || len(again) != len(o) {
			t.Fatalf("%q was read as %+v and written as %+v, %v", doc, o, again, err)
		}
		for i := range o {
			if xmlsec.OneLine(o[i].Value) != again[i].Value || again[i].Name != xmlsec.OneLine(o[i].Name) {
				t.Errorf("%q: %+v became %+v", doc, o[i], again[i])
			}
		}
	})
}
