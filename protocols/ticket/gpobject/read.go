package gpobject

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// Doctype is what agents write before the root element, to the letter.
const Doctype = `<!DOCTYPE USER SYSTEM "gpOBJECT.DTD">`

// Bounds of a document.
const (
	maxBytes = 64 << 10
	maxParam = 48 << 10 // bytes of one value: the answer of a card with a certificate or two, in base64 twice
	maxNames = 64       // parameters of one document
)

// ErrInvalid is every error of this room.
var ErrInvalid = errors.New("gpobject: document not acceptable")

// Param is one parameter.
type Param struct {
	Name     string
	Encoding string // base64, or empty
	ID       string // of a role profile; only the broker writes it
	OrgCode  string // of a role profile's organisation; only the broker writes it
	Value    string // without white space around it
}

// Object is a document: its parameters in order, none of them twice.
type Object []Param

// Get returns the parameter of this name.
func (o Object) Get(name string) (Param, bool) {
	for _, p := range o {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}

// Value returns the value of the parameter of this name; empty if there is none.
func (o Object) Value(name string) string {
	p, _ := o.Get(name)
	return p.Value
}

// Read reads what an agent sent. A parameter that is given twice is refused, whichever it is, and so is an attribute that the format does not
// have. Errors wrap ErrInvalid.
func Read(doc []byte) (Object, error) {
	if len(doc) > maxBytes {
		return nil, invalid("too large")
	}
	limits := xmlsec.Limits{MaxBytes: maxBytes, MaxDepth: 2, MaxElements: 1 + maxNames, MaxAttributes: 4, MaxAttributeValue: 256, MaxText: maxParam, MaxNamespaces: 1}
	verified, err := xmlsec.AcceptUnsigned(withoutDoctype(string(doc)), limits)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	root := verified.Root()
	if !root.Is("", "gpOBJECT") || len(root.Attrs) > 0 || strings.Trim(root.Text(), space) != "" {
		return nil, invalid("the root element is not a gpOBJECT with parameters alone")
	}
	var o Object
	for _, e := range root.Children {
		p, err := readParam(e)
		if err != nil {
			return nil, err
		}
		if _, twice := o.Get(p.Name); twice {
			return nil, invalid("a parameter is given twice")
		}
		o = append(o, p)
	}
	return o, nil
}

func readParam(e *xmlsec.Element) (Param, error) {
	p := Param{Value: strings.Trim(e.Text(), space)}
	if !e.Is("", "gpPARAM") {
		return p, invalid("an element that is no gpPARAM")
	}
	for _, a := range e.Attrs {
		switch {
		case a.Space != "":
			return p, invalid("an attribute with a namespace")
		case a.Local == "name":
			p.Name = a.Value
		case a.Local == "encoding" && a.Value == "base64":
			p.Encoding = a.Value
		default:
			return p, invalid("an attribute that an agent's gpPARAM does not have")
		}
	}
	if p.Name == "" {
		return p, invalid("a parameter without name")
	}
	return p, nil
}

const space = " \t\r\n"

// withoutDoctype cuts the one DOCTYPE out that may be there, where it may be: before the root element, after the XML declaration if
// there is one. Anything else is left for the gate to refuse.
func withoutDoctype(doc string) string {
	at := 0
	if strings.HasPrefix(doc, "\uFEFF") {
		at = len("\uFEFF")
	}
	if strings.HasPrefix(doc[at:], "<?xml ") {
		end := strings.Index(doc, "?>")
		if end < 0 {
			return doc
		}
		at = end + len("?>")
	}
	at += len(doc[at:]) - len(strings.TrimLeft(doc[at:], space))
	if !strings.HasPrefix(doc[at:], Doctype) {
		return doc
	}
	return doc[:at] + doc[at+len(Doctype):]
}

func invalid(what string) error { return fmt.Errorf("%w: %s", ErrInvalid, what) }
