package xmlsec

import (
	"math"
	"strings"
)

// Attr is an attribute; namespace declarations are not attributes. Value is decoded and normalised (XML 1.0 3.3.3).
type Attr struct {
	Space string // namespace name, "" for an attribute without prefix
	Local string
	Value string
}

// Element is one element of a document that passed the gate. Treat it as read-only.
type Element struct {
	Space    string // namespace name
	Local    string
	Attrs    []Attr
	Children []*Element // child elements in document order

	doc        string // the whole document that this element was read from
	parent     *Element
	start, end int32 // the element in doc, tags included
	from, to   int32 // its content in doc
}

// decl is one namespace declaration; prefix "" is the default namespace.
type decl struct{ prefix, space string }

// Is reports whether the element has this expanded name.
func (e *Element) Is(space, local string) bool { return e.Local == local && e.Space == space }

// Attr returns the value of an attribute in no namespace.
func (e *Element) Attr(local string) (string, bool) { return e.AttrNS("", local) }

// AttrNS returns the value of an attribute by its expanded name.
func (e *Element) AttrNS(space, local string) (string, bool) {
	for i := range e.Attrs {
		if a := &e.Attrs[i]; a.Local == local && a.Space == space {
			return a.Value, true
		}
	}
	return "", false
}

// Child returns the first direct child with this expanded name, or nil.
func (e *Element) Child(space, local string) *Element {
	if i := e.childIndex(space, local); i >= 0 {
		return e.Children[i]
	}
	return nil
}

// All returns the direct children with this expanded name.
func (e *Element) All(space, local string) []*Element {
	var all []*Element
	for _, c := range e.Children {
		if c.Is(space, local) {
			all = append(all, c)
		}
	}
	return all
}

func (e *Element) childIndex(space, local string) int {
	for i, c := range e.Children {
		if c.Is(space, local) {
			return i
		}
	}
	return -1
}

// Text returns the whole character data of this element, without that of its children. A comment never cuts it short.
func (e *Element) Text() string {
	if len(e.Children) == 0 {
		s := e.doc[e.from:e.to]
		if firstOf(s, 0, classText) == len(s) {
			return s
		}
	}
	var b strings.Builder
	from := e.from
	for _, c := range e.Children {
		writeContent(&b, e.doc[from:c.start], false)
		from = c.end
	}
	writeContent(&b, e.doc[from:e.to], false)
	return b.String()
}

// Raw returns the bytes of this element as a document of its own: namespace declarations in scope are added where it
// relied on its ancestors for them.
func (e *Element) Raw() []byte {
	var added []decl
	own := e.declarations()
	for p := e.parent; p != nil; p = p.parent {
		for _, d := range p.declarations() {
			if !declares(own, d.prefix) && !declares(added, d.prefix) {
				added = append(added, d)
			}
		}
	}
	name := int(e.start) + 1 + len(e.qname())
	raw := make([]byte, 0, int(e.end-e.start)+64*len(added))
	raw = append(raw, e.doc[e.start:name]...)
	raw = appendDecls(raw, added)
	return append(raw, e.doc[name:e.end]...)
}

// appendDecls writes namespace declarations.
func appendDecls(w []byte, decls []decl) []byte {
	for _, d := range decls {
		w = append(w, " xmlns"...)
		if d.prefix != "" {
			w = append(append(w, ':'), d.prefix...)
		}
		w = append(EscapeAttr(append(w, `="`...), d.space), '"')
	}
	return w
}

func declares(list []decl, prefix string) bool {
	for _, d := range list {
		if d.prefix == prefix {
			return true
		}
	}
	return false
}

// qname is the name of the element as written.
func (e *Element) qname() string { return e.tag().name }

// declarations are the namespace declarations in its start tag.
func (e *Element) declarations() []decl { return e.tag().decls }

// tag reads the start tag once more, for the few who ask for prefixes and declarations, which an element does not keep.
func (e *Element) tag() tag {
	const endless = math.MaxInt // the tag passed the gate
	sc := scanner{s: e.doc, l: Limits{MaxAttributes: endless, MaxAttributeValue: endless, MaxNamespaces: endless}}
	prefix, local, end, _ := qname(e.doc, int(e.start)+1)
	_, _, _ = sc.attributes(end)
	t := tag{name: e.doc[e.start+1 : end], space: e.Space, prefix: prefix, local: local, decls: sc.scope}
	for i, a := range e.Attrs {
		prefix := "xml" // of one that e has from its ancestors
		if i < len(sc.attrs) {
			prefix = sc.attrs[i].prefix
		}
		t.attrs = append(t.attrs, tagAttr{a, prefix})
	}
	return t
}
