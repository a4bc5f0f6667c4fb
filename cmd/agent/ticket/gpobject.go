package ticket

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// errDocument: not a gpOBJECT document.
var errDocument = errors.New("ticket: not a gpOBJECT document")

// doctype is what agents write. It is never resolved.
const doctype = `DOCTYPE USER SYSTEM "gpOBJECT.DTD"`

// Bounds of a document: bytes, and parameters.
const (
	maxDocument = 256 << 10
	maxParams   = 512
)

// param is one gpPARAM.
type param struct {
	name, text string
	attributes map[string]string
}

// object is a gpOBJECT, each parameter once.
type object []param

// text of a parameter without white space around it; empty if there is none.
func (o object) text(name string) string {
	for _, p := range o {
		if p.name == name {
			return strings.TrimSpace(p.text)
		}
	}
	return ""
}

// document writes what agents of the field send.
func (o object) document() []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!" + doctype + ">\n<gpOBJECT>\n")
	for _, p := range o {
		b.WriteString(`<gpPARAM name="` + p.name + `"`)
		if v := p.attributes["encoding"]; v != "" {
			b.WriteString(` encoding="` + v + `"`)
		}
		b.WriteString(">")
		_ = xml.EscapeText(&b, []byte(p.text)) // a Buffer takes everything
		b.WriteString("</gpPARAM>\n")
	}
	b.WriteString("</gpOBJECT>\n")
	return b.Bytes()
}

// readObject reads an answer strictly: one gpOBJECT of gpPARAMs with text alone, each name once.
func readObject(text []byte) (object, error) {
	if len(text) > maxDocument {
		return nil, fmt.Errorf("%w: longer than %d bytes", errDocument, maxDocument)
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	r := reader{seen: map[string]bool{}}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			if !r.done {
				return nil, fmt.Errorf("%w: cut off", errDocument)
			}
			return r.out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: malformed", errDocument)
		}
		if !r.take(t) {
			return nil, fmt.Errorf("%w: a %T out of place", errDocument, t)
		}
	}
}

// reader is the state of reading a document.
type reader struct {
	out        object
	seen       map[string]bool
	in, inside bool // gpOBJECT, gpPARAM
	done       bool
}

func (r *reader) take(t xml.Token) bool {
	switch x := t.(type) {
	case xml.ProcInst:
		return x.Target == "xml" && !r.in && !r.done
	case xml.Directive:
		return isDoctype(string(x)) && !r.in && !r.done
	case xml.Comment:
		return false
	case xml.StartElement:
		return r.start(x)
	case xml.EndElement:
		if r.inside {
			r.inside = false
		} else {
			r.in, r.done = false, true
		}
		return true
	case xml.CharData:
		if r.inside {
			r.out[len(r.out)-1].text += string(x)
			return true
		}
		return strings.TrimSpace(string(x)) == ""
	}
	return false
}

// isDoctype: brokers may write the address of the DTD at length. No declaration has anything inside.
func isDoctype(d string) bool {
	name, address, ok := strings.Cut(d, ` "`)
	return ok && name == "DOCTYPE USER SYSTEM" && strings.HasSuffix(address, `"`) && !strings.ContainsAny(strings.TrimSuffix(address, `"`), `"<>[]`)
}

func (r *reader) start(x xml.StartElement) bool {
	if x.Name.Space != "" {
		return false
	}
	if !r.in {
		r.in = true
		return x.Name.Local == "gpOBJECT" && !r.done
	}
	if r.inside || x.Name.Local != "gpPARAM" || len(r.out) == maxParams {
		return false
	}
	p := param{attributes: map[string]string{}}
	for _, a := range x.Attr {
		if a.Name.Space != "" {
			return false
		}
		p.attributes[a.Name.Local] = a.Value
	}
	p.name = p.attributes["name"]
	if p.name == "" || r.seen[p.name] {
		return false
	}
	r.seen[p.name], r.inside = true, true
	r.out = append(r.out, p)
	return true
}
