package xmlsec

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator writes documents that need everything that canonicalization does. The same seed writes the same document.
type generator struct {
	r     *rand.Rand
	w     strings.Builder
	scope map[string]string // prefix to namespace
	count int
	ids   []string
	plain bool // an empty CDATA section instead of each comment, which keeps everything else the same
}

// generate returns a document and the IDs in it, the root's first; plain leaves the comments out.
func generate(seed uint64, plain bool) (doc string, ids []string) {
	g := &generator{r: rand.New(rand.NewPCG(seed, 7)), scope: map[string]string{}, plain: plain}
	if g.one(3) {
		g.w.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + g.pick("", "\n", "\r\n"))
	}
	g.outside()
	g.element(0)
	g.outside()
	return g.w.String(), g.ids
}

func (g *generator) one(in int) bool             { return g.r.IntN(in) == 0 }
func (g *generator) pick(list ...string) string  { return list[g.r.IntN(len(list))] }
func (g *generator) write(s string, args ...any) { fmt.Fprintf(&g.w, s, args...) }
func (g *generator) prefix() string              { return g.pick("", "", "a", "b", "c") }
func (g *generator) namespace() string {
	return g.pick("urn:x", "urn:y", "http://z.example/?a='1'")
}
func (g *generator) times(most int, f func(i int)) {
	n := g.r.IntN(most + 1)
	for i := range n {
		f(i)
	}
}

func (g *generator) outside() {
	g.times(2, func(int) {
		if comment := "<!-- < & ' -->"; g.one(2) && !g.plain {
			g.w.WriteString(comment)
		}
		g.w.WriteString(g.pick("", "\n", " \r\n"))
	})
}

func (g *generator) element(depth int) {
	outer := g.scope
	g.scope = map[string]string{}
	for p, ns := range outer {
		g.scope[p] = ns
	}
	var attrs []string
	declared := map[string]bool{}
	declare := func(p, ns string) {
		if declared[p] || p != "" && ns == "" {
			return
		}
		declared[p], g.scope[p] = true, ns
		name := "xmlns"
		if p != "" {
			name += ":" + p
		}
		attrs = append(attrs, name+"="+`"`+ns+`"`)
	}
	g.times(3, func(int) {
		if p := g.prefix(); g.one(4) {
			declare(p, "")
		} else {
			declare(p, g.namespace())
		}
	})
	name := g.pick("e", "f", "Longer-name_1.2")
	if p := g.prefix(); p != "" {
		if g.scope[p] == "" {
			declare(p, g.namespace())
		}
		name = p + ":" + name
	}
	attrs = append(attrs, g.attributes(declare)...)
	g.r.Shuffle(len(attrs), func(i, j int) { attrs[i], attrs[j] = attrs[j], attrs[i] })
	g.write("<%s", name)
	for _, a := range attrs {
		g.w.WriteString(g.pick(" ", " ", "\n  ", "\t") + a)
	}
	g.w.WriteString(g.pick("", "", " ", "\n"))
	if g.count++; g.one(5) && depth > 0 {
		g.w.WriteString("/>")
	} else {
		g.w.WriteString(">")
		g.content(depth)
		g.write("</%s%s>", name, g.pick("", "", " ", "\n"))
	}
	g.scope = outer
}

// attributes are one ID, and others whose expanded names differ.
func (g *generator) attributes(declare func(p, ns string)) []string {
	id := fmt.Sprintf("_%d", g.count)
	g.ids = append(g.ids, id)
	list := []string{g.pick("xml:id", "Id") + `="` + id + `"`}
	seen := map[string]bool{}
	g.times(4, func(int) {
		p, local, value := g.prefix(), g.pick("k", "l", "m-1", "lang"), g.value()
		if g.one(4) {
			p, local = "xml", g.pick("lang", "space")
			value = g.pick(`"en"`, `'de'`, `"preserve"`, `"default"`)
			if local == "space" {
				value = g.pick(`"preserve"`, `'default'`)
			}
		}
		ns := ""
		if p != "" && p != "xml" {
			if g.scope[p] == "" {
				declare(p, g.namespace())
			}
			ns = g.scope[p]
		}
		if name := p + local; p == "xml" && seen[name] || p != "xml" && seen[ns+" "+local] {
			return
		}
		seen[p+local], seen[ns+" "+local] = true, true
		if p != "" {
			local = p + ":" + local
		}
		list = append(list, local+g.pick("=", "=", " = ", "\n=")+value)
	})
	return list
}

func (g *generator) value() string {
	q, other := `"`, "'"
	if g.one(2) {
		q, other = other, q
	}
	v := ""
	g.times(4, func(int) {
		v += g.pick("v", " ", "\t", "\n", "\r", "\r\n", "&#9;", "&#xA;", "&#13;", "&quot;", "&apos;", "&lt;", ">", "&amp;", "é", "\u2028", "😀", "&#x1F600;", other)
	})
	return q + v + q
}

func (g *generator) content(depth int) {
	g.times(5, func(int) {
		switch {
		case g.one(2) && depth < 6 && g.count < 40:
			g.element(depth + 1)
		case g.one(4):
			if g.plain {
				g.w.WriteString("<![CDATA[]]>")
			} else {
				g.w.WriteString("<!-- a comment & <so> ' -->")
			}
		case g.one(4):
			g.w.WriteString("<![CDATA[" + g.pick("", "<x>&amp;", "]] >", "\r\n", "\r", "\"") + "]]>")
		default:
			g.times(4, func(int) {
				g.w.WriteString(g.pick("text", " ", "\t", "\n", "\r\n", "\r", "&#13;", "&#10;", "&lt;", "&gt;", ">", "&amp;", "&quot;", "'", "é", "\u0085", "😀"))
			})
		}
	})
}
