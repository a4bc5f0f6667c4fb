package xmlsec

import (
	"slices"
	"strings"
)

// maxInclusivePrefixes bounds an InclusiveNamespaces PrefixList; signers in the field send one or two.
const maxInclusivePrefixes = 16

// maxExpansion bounds how much larger than its document limit a canonical form may grow: every element that uses a prefix can
// bring a copy of its namespace name.
const maxExpansion = 4

// Canonicalize returns doc in exclusive canonical form without comments (Exclusive XML Canonicalization 1.0).
func Canonicalize(doc []byte, l Limits) ([]byte, error) {
	s, err := gate(doc, l)
	if err != nil {
		return nil, err
	}
	c := newCanonicalizer(len(s), l)
	sc := scanner{s: s, l: l, canon: &c}
	if err := sc.run(); err != nil {
		return nil, err
	}
	return []byte(c.w.String()), nil
}

// canonicalForm serialises e as a document subset of its own, leaving out the element skip. The prefixes in inclusive are
// treated as inclusive canonicalization would ("" is the default namespace).
func canonicalForm(e, skip *Element, inclusive []string, l Limits) (string, error) {
	c := newCanonicalizer(int(e.end-e.start)+64, l) // and a declaration that it relied on
	c.inclusive = inclusive
	for _, prefix := range inclusive {
		if space, ok := e.inScope(prefix); ok {
			c.render(prefix, space)
		}
	}
	if !c.element(e, skip) {
		return "", fail(CodeLimits, "canonical form too large")
	}
	return c.w.String(), nil
}

// canonicalizer writes the canonical form of the tags that it is given.
type canonicalizer struct {
	w         strings.Builder
	expect    int    // bytes to make room for at first
	rendered  []decl // namespace declarations written and in force, innermost last
	marks     []int  // how many of them were in force outside of each open element
	attrs     []Attr
	inclusive []string
	limit     int
	size      canonicalSize // of what is written

	inclusiveForm bool // every namespace declaration is written where it stands
}

func newCanonicalizer(size int, l Limits) canonicalizer {
	return canonicalizer{
		expect: size, limit: l.MaxBytes * maxExpansion,
		rendered: make([]decl, 0, 16), marks: make([]int, 0, 16),
	}
}

// element writes e without skip and reports whether it stayed under the limit.
func (c *canonicalizer) element(e, skip *Element) bool {
	t := tag{open: e.openTag(), space: e.Space, prefix: e.Prefix, local: e.Local, attrs: e.Attrs, decls: e.decls}
	if !c.open(&t) {
		return false
	}
	from := e.from
	for _, child := range e.Children {
		writeContent(&c.w, e.doc[from:child.start], true)
		if child != skip && !c.element(child, skip) {
			return false
		}
		from = child.end
	}
	writeContent(&c.w, e.doc[from:e.to], true)
	c.close(t.open[1:])
	return true
}

// open writes a start tag and reports whether the output is still under its limit.
func (c *canonicalizer) open(t *tag) bool {
	mark := len(c.rendered)
	if len(c.marks) == 0 {
		c.w.Grow(c.expect)
		mark = 0 // what canonicalForm rendered ahead belongs to the outermost tag
	}
	c.marks = append(c.marks, mark)
	c.render(t.prefix, t.space)
	for i := range t.attrs {
		if a := &t.attrs[i]; a.Prefix != "" {
			c.render(a.Prefix, a.Space)
		}
	}
	if c.inclusiveForm || len(c.inclusive) > 0 {
		for _, d := range t.decls {
			if c.inclusiveForm || slices.Contains(c.inclusive, d.prefix) {
				c.render(d.prefix, d.space)
			}
		}
	}
	c.size = canonicalSize{c.size.elements + 1, c.size.attrs + len(t.attrs), c.size.decls + len(c.rendered) - mark}
	c.w.WriteString(t.open)
	c.declarations(c.rendered[mark:])
	c.attributes(t.attrs, t.written)
	c.w.WriteByte('>')
	return c.w.Len() <= c.limit
}

// close writes an end tag.
func (c *canonicalizer) close(name string) {
	c.w.WriteString("</")
	c.w.WriteString(name)
	c.end(">")
}

// end writes an end tag, or the rest of it.
func (c *canonicalizer) end(written string) {
	c.w.WriteString(written)
	last := len(c.marks) - 1
	c.rendered = c.rendered[:c.marks[last]]
	c.marks = c.marks[:last]
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

// declarations writes namespace declarations in the order of their prefixes (Canonical XML 1.0, 2.2).
func (c *canonicalizer) declarations(list []decl) {
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j].prefix < list[j-1].prefix; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	for _, d := range list {
		c.w.WriteString(" xmlns")
		if d.prefix != "" {
			c.w.WriteByte(':')
			c.w.WriteString(d.prefix)
		}
		c.value(d.space)
	}
}

// attributes writes attributes in the order of namespace name, then local name.
func (c *canonicalizer) attributes(list []Attr, written []string) {
	for i := 1; i < len(list); i++ {
		if before(&list[i], &list[i-1]) {
			list, written = c.sorted(list), nil
			break
		}
	}
	for i := range list {
		if written != nil && written[i] != "" {
			c.w.WriteString(written[i])
			continue
		}
		a := &list[i]
		c.w.WriteByte(' ')
		if a.Prefix != "" {
			c.w.WriteString(a.Prefix)
			c.w.WriteByte(':')
		}
		c.w.WriteString(a.Local)
		c.value(a.Value)
	}
}

// value writes the value of an attribute, from the equals sign to the closing quote.
func (c *canonicalizer) value(s string) {
	c.w.WriteString(`="`)
	if firstOf(s, 0, classAttr) == len(s) {
		c.w.WriteString(s)
	} else {
		c.w.Write(EscapeAttr(nil, s))
	}
	c.w.WriteByte('"')
}

func (c *canonicalizer) sorted(list []Attr) []Attr {
	c.attrs = append(c.attrs[:0], list...)
	list = c.attrs
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && before(&list[j], &list[j-1]); j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	return list
}

func before(a, b *Attr) bool {
	if a.Space != b.Space {
		return a.Space < b.Space
	}
	return a.Local < b.Local
}
