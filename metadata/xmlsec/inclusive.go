package xmlsec

import "slices"

// inclusiveForm serialises e as the document subset that a signature names: by Canonical XML 1.0 or 1.1 without
// comments. Every namespace in scope of e is written at e, used or not. By 1.0 the xml: attributes of all ancestors are too
// (2.4 there); by 1.1 only xml:lang and xml:space are, and xml:id stays where it is (2.4 there). Its rule for xml:base has nothing
// to do: no such attribute passes the gate.
func inclusiveForm(e *Element, uri string, l Limits) (string, error) {
	c := newCanonicalizer(e.doc, int(e.start), int(e.end), l)
	c.inclusiveForm = true
	for _, d := range e.namespaces() {
		c.render(d.prefix, d.space)
	}
	apex := *e
	apex.Attrs = e.inheritedAttrs(uri == InclusiveC14N11)
	if !c.element(&apex) {
		return "", fail(CodeLimits, "canonical form too large")
	}
	return c.form(), nil
}

// namespaces lists the declarations in force at e, innermost first.
func (e *Element) namespaces() []decl {
	var list []decl
	for ; e != nil; e = e.parent {
		for _, d := range e.declarations() {
			if !declares(list, d.prefix) {
				list = append(list, d)
			}
		}
	}
	return list
}

// inheritedAttrs are the attributes of e and those in the xml namespace that it takes over from its ancestors, the nearest first.
func (e *Element) inheritedAttrs(simple bool) []Attr {
	list := slices.Clone(e.Attrs)
	for p := e.parent; p != nil; p = p.parent {
		for _, a := range p.Attrs {
			if a.Space != xmlSpace || simple && a.Local != "lang" && a.Local != "space" {
				continue
			}
			if !slices.ContainsFunc(list, func(b Attr) bool { return b.Space == xmlSpace && b.Local == a.Local }) {
				list = append(list, a)
			}
		}
	}
	return list
}
