package xmlsec

import "strings"

// Attr is an attribute; namespace declarations are not attributes. Value is decoded and normalised (XML 1.0 3.3.3).
type Attr struct {
	Space  string // namespace name, "" for an attribute without prefix
	Prefix string
	Local  string
	Value  string
}

// Element is one element of a document that passed the gate. Treat it as read-only.
type Element struct {
	Space    string // namespace name
	Prefix   string
	Local    string
	Attrs    []Attr
	Children []*Element // child elements in document order

	doc        string // the whole document that this element was read from
	parent     *Element
	decls      []decl
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
		if !strings.ContainsAny(s, "&<\r") {
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
	for p := e.parent; p != nil; p = p.parent {
		for _, d := range p.decls {
			if !declares(e.decls, d.prefix) && !declares(added, d.prefix) {
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
func (e *Element) qname() string { return e.openTag()[1:] }

// openTag is the same after "<".
func (e *Element) openTag() string {
	n := len(e.Local)
	if e.Prefix != "" {
		n += len(e.Prefix) + 1
	}
	return e.doc[e.start : int(e.start)+1+n]
}

// inScope returns the namespace that a prefix is bound to at e by a declaration.
func (e *Element) inScope(prefix string) (string, bool) {
	for ; e != nil; e = e.parent {
		for _, d := range e.decls {
			if d.prefix == prefix {
				return d.space, true
			}
		}
	}
	return "", false
}
