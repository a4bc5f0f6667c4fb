package xmlsec

// maxInclusivePrefixes bounds an InclusiveNamespaces PrefixList; signers in the field send one or two.
const maxInclusivePrefixes = 16

// maxExpansion bounds how much larger than its document limit a canonical form may grow: every element that uses a prefix can
// bring a copy of its namespace name.
const maxExpansion = 4

// Canonicalize returns doc in exclusive canonical form without comments (Exclusive XML Canonicalization 1.0).
func Canonicalize(doc []byte, l Limits) ([]byte, error) {
	root, err := parse(doc, l)
	if err != nil {
		return nil, err
	}
	return canonicalForm(root, nil, nil, l)
}

// canonicalForm serialises e as a document subset of its own, leaving out the element skip. The prefixes in inclusive are
// treated as inclusive canonicalization would ("" is the default namespace).
func canonicalForm(e, skip *Element, inclusive []string, l Limits) ([]byte, error) {
	c := canonicalizer{skip: skip, inclusive: inclusive, limit: l.MaxBytes * maxExpansion}
	c.w = make([]byte, 0, int(e.end-e.start)+256)
	for _, prefix := range inclusive {
		if space, ok := e.inScope(prefix); ok {
			c.render(prefix, space)
		}
	}
	c.element(e, 0)
	if c.over {
		return nil, fail(CodeLimits, "canonical form too large")
	}
	return c.w, nil
}

type canonicalizer struct {
	w         []byte
	rendered  []decl // namespace declarations written and in force, innermost last
	attrs     []Attr
	skip      *Element
	inclusive []string
	limit     int
	over      bool
}

// element writes e. Entries of rendered from mark on belong to its start tag.
func (c *canonicalizer) element(e *Element, mark int) {
	if c.over = c.over || len(c.w) > c.limit; c.over {
		return
	}
	c.render(e.Prefix, e.Space)
	for i := range e.Attrs {
		if a := &e.Attrs[i]; a.Prefix != "" {
			c.render(a.Prefix, a.Space)
		}
	}
	for _, d := range e.decls {
		if c.isInclusive(d.prefix) {
			c.render(d.prefix, d.space)
		}
	}
	name := e.qname()
	c.w = append(append(c.w, '<'), name...)
	c.declarations(c.rendered[mark:])
	c.attributes(e.Attrs)
	c.w = append(c.w, '>')
	from := e.from
	for _, child := range e.Children {
		c.w = appendContent(c.w, e.doc[from:child.start], true)
		if child != c.skip {
			c.element(child, len(c.rendered))
		}
		from = child.end
	}
	c.w = appendContent(c.w, e.doc[from:e.to], true)
	c.w = append(append(append(c.w, "</"...), name...), '>')
	c.rendered = c.rendered[:mark]
}

// render notes that the start tag being written needs a declaration, unless the same one is in force.
func (c *canonicalizer) render(prefix, space string) {
	if prefix == "xml" {
		return
	}
	for i := len(c.rendered) - 1; i >= 0; i-- {
		if c.rendered[i].prefix != prefix {
			continue
		}
		if c.rendered[i].space != space {
			c.rendered = append(c.rendered, decl{prefix, space})
		}
		return
	}
	if prefix != "" || space != "" {
		c.rendered = append(c.rendered, decl{prefix, space})
	}
}

func (c *canonicalizer) isInclusive(prefix string) bool {
	for _, p := range c.inclusive {
		if p == prefix {
			return true
		}
	}
	return false
}

// declarations writes namespace declarations in the order of their prefixes (Canonical XML 1.0, 2.2).
func (c *canonicalizer) declarations(list []decl) {
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j].prefix < list[j-1].prefix; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	for _, d := range list {
		c.w = append(c.w, " xmlns"...)
		if d.prefix != "" {
			c.w = append(append(c.w, ':'), d.prefix...)
		}
		c.w = append(EscapeAttr(append(c.w, `="`...), d.space), '"')
	}
}

// attributes writes attributes in the order of namespace name, then local name.
func (c *canonicalizer) attributes(list []Attr) {
	if len(list) > 1 {
		c.attrs = append(c.attrs[:0], list...)
		list = c.attrs
		for i := 1; i < len(list); i++ {
			for j := i; j > 0 && before(&list[j], &list[j-1]); j-- {
				list[j], list[j-1] = list[j-1], list[j]
			}
		}
	}
	for i := range list {
		a := &list[i]
		c.w = append(c.w, ' ')
		if a.Prefix != "" {
			c.w = append(append(c.w, a.Prefix...), ':')
		}
		c.w = append(append(c.w, a.Local...), `="`...)
		c.w = append(EscapeAttr(c.w, a.Value), '"')
	}
}

func before(a, b *Attr) bool {
	if a.Space != b.Space {
		return a.Space < b.Space
	}
	return a.Local < b.Local
}
