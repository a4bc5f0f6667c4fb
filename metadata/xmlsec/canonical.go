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
	c := newCanonicalizer(s, 0, len(s), l)
	sc := scanner{s: s, l: l, canon: &c}
	if err := sc.run(); err != nil {
		return nil, err
	}
	return []byte(c.form()), nil
}

// canonicalizer writes the canonical form of the tags that it is given.
type canonicalizer struct {
	w         strings.Builder
	s         string // what is read
	from, to  int    // of s: a stretch that stands in canonical form as it is, and is still to be written
	end       int    // of s: where what is read probably ends
	rendered  []decl // namespace declarations written and in force, innermost last
	attrs     []tagAttr
	inclusive []string
	limit     int
	size      amounts // of what is written

	inclusiveForm bool // every namespace declaration is written where it stands
}

func newCanonicalizer(s string, start, end int, l Limits) canonicalizer {
	return canonicalizer{
		s: s, from: start, to: start, end: end, limit: l.MaxBytes * maxExpansion,
		rendered: make([]decl, 0, 4),
	}
}

// form is what was written.
func (c *canonicalizer) form() string { return c.writer().String() }

// keep writes s[from:to] as it is: not yet, since what follows may stay as well.
func (c *canonicalizer) keep(from, to int) {
	if from != c.to {
		if c.from < c.to {
			c.flush(from)
		}
		c.from = from
	}
	c.to = to
}

// writer is for what is not to be written as it stands in s.
func (c *canonicalizer) writer() *strings.Builder {
	c.flush(c.to)
	return &c.w
}

// flush writes what is kept. What is read next stands at next.
func (c *canonicalizer) flush(next int) {
	if c.w.Cap() == 0 {
		const more = 64 // for a declaration from outside
		c.w.Grow(c.to - c.from + c.end - next + more)
	}
	c.w.WriteString(c.s[c.from:c.to])
	c.from = c.to
}

// element writes e and reports whether it stayed under the limit.
func (c *canonicalizer) element(e *Element) bool {
	t := e.tag()
	mark, ok := c.open(&t)
	if !ok {
		return false
	}
	from := e.from
	for _, child := range e.Children {
		writeContent(c.writer(), e.doc[from:child.start], true)
		if !c.element(child) {
			return false
		}
		from = child.end
	}
	writeContent(c.writer(), e.doc[from:e.to], true)
	c.close(t.name, mark)
	return true
}

// open writes a start tag. It returns a mark, for when the element ends, and reports whether the output is still under its limit.
func (c *canonicalizer) open(t *tag) (mark int, ok bool) {
	if c.size.elements > 0 { // what was rendered ahead belongs to the outermost tag
		mark = len(c.rendered)
	}
	c.render(t.prefix, t.space)
	for i := range t.attrs {
		if a := &t.attrs[i]; a.prefix != "" {
			c.render(a.prefix, a.Space)
		}
	}
	if c.inclusiveForm || len(c.inclusive) > 0 {
		for _, d := range t.decls {
			if c.inclusiveForm || slices.Contains(c.inclusive, d.prefix) {
				c.render(d.prefix, d.space)
			}
		}
	}
	own := c.rendered[mark:]
	sortByPrefix(own)
	c.size = amounts{c.size.elements + 1, c.size.attrs + len(t.attrs)}
	if t.canonical && slices.Equal(own, t.decls) && sorted(t.attrs) {
		c.keep(t.start, t.from)
	} else {
		c.tag(t, own)
	}
	return mark, c.w.Len()+c.to-c.from <= c.limit
}

// tag writes a start tag that has own as its declarations.
func (c *canonicalizer) tag(t *tag, own []decl) {
	w := c.writer()
	w.WriteByte('<')
	w.WriteString(t.name)
	c.declarations(own)
	c.attributes(t.attrs)
	w.WriteByte('>')
}

// close writes the end tag of the element whose start tag had the mark.
func (c *canonicalizer) close(name string, mark int) {
	w := c.writer()
	w.WriteString("</")
	w.WriteString(name)
	w.WriteByte('>')
	c.rendered = c.rendered[:mark]
}

// keepEnd is the same for one that stands in s[from:to] as it is to be.
func (c *canonicalizer) keepEnd(from, to, mark int) {
	c.keep(from, to)
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

// declarations writes namespace declarations.
func (c *canonicalizer) declarations(list []decl) {
	for _, d := range list {
		c.w.WriteString(" xmlns")
		if d.prefix != "" {
			c.w.WriteByte(':')
			c.w.WriteString(d.prefix)
		}
		c.value(d.space)
	}
}

// attributes writes attributes in their order.
func (c *canonicalizer) attributes(list []tagAttr) {
	if !sorted(list) {
		c.attrs = append(c.attrs[:0], list...)
		list = c.attrs
		sortByName(list)
	}
	for i := range list {
		a := &list[i]
		c.w.WriteByte(' ')
		if a.prefix != "" {
			c.w.WriteString(a.prefix)
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

// sortByPrefix brings declarations into the order of Canonical XML 1.0, 2.2. They are few.
func sortByPrefix(list []decl) {
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j].prefix < list[j-1].prefix; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
}

// sortByName brings attributes into their order there: by namespace name, then local name.
func sortByName(list []tagAttr) {
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && before(&list[j], &list[j-1]); j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
}

func sorted(list []tagAttr) bool {
	for i := 1; i < len(list); i++ {
		if before(&list[i], &list[i-1]) {
			return false
		}
	}
	return true
}

func before(a, b *tagAttr) bool {
	if a.Space != b.Space {
		return a.Space < b.Space
	}
	return a.Local < b.Local
}
