package mutate

import (
	"fmt"
	"strings"
)

// oversized are documents larger, deeper or wider than the bounds: a little, and as much as fits.
func (d Document) oversized(p parts) []Mutant {
	l := newList(p.whole())
	d.tooMuch(l, p.whole(), d.slots(p))
	b := d.Bounds
	certificate := element(p.signature, "ds:X509Certificate")
	reference := element(p.signature, "ds:Reference")
	in := func(name, old, with string) {
		l.add("limits", name, p.before+replaceOnce(p.signature, old, with)+p.after)
	}
	for _, n := range []int{2, 50, 50000} {
		in(fmt.Sprintf("%d References", n), reference, strings.Repeat(reference, n))
	}
	in("50,000 empty References", reference, strings.Repeat("<ds:Reference></ds:Reference>", 50000)+reference)
	in("5,000 certificates", "<ds:KeyInfo>", "<ds:KeyInfo><ds:X509Data>"+strings.Repeat(certificate, 5000)+"</ds:X509Data>")
	in("5,000 empty certificates", "<ds:KeyInfo>", "<ds:KeyInfo><ds:X509Data>"+strings.Repeat("<ds:X509Certificate></ds:X509Certificate>", 5000)+"</ds:X509Data>")
	in("5,000 Transforms", transformX, strings.Repeat(transformX, 5000))
	in("SignatureValue as long as fits", "<ds:SignatureValue>", "<ds:SignatureValue>"+strings.Repeat("A", min(b.Text, b.Bytes-len(p.whole())-64)/4*4))
	in("SignatureValue of blanks", "<ds:SignatureValue>", "<ds:SignatureValue>A"+strings.Repeat(" ", min(b.Text, b.Bytes-len(p.whole())-64)-1024))
	return l.out
}

// tooMuch adds to a document what passes a bound, in its slots and on its root.
func (d Document) tooMuch(l *list, doc string, slots []slot) {
	b := d.Bounds
	tag := strings.IndexByte(doc, '>')
	attributes := func(n int) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, ` a%d=""`, i)
		}
		return s.String()
	}
	prefixes := func(n int) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, ` xmlns:n%d="urn:%d"`, i, i)
		}
		return s.String()
	}
	deepNamespaces := func(n int) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, `<x xmlns:n%d="urn:%d">`, i, i)
		}
		return s.String() + strings.Repeat("</x>", n)
	}
	for _, n := range []int{b.Attributes + 1, 1000, 100000} {
		l.add("limits", fmt.Sprintf("%d attributes on the root", n), insert(doc, tag, attributes(n)))
		l.add("limits", fmt.Sprintf("%d namespaces on the root", max(n, b.Namespaces+1)), insert(doc, tag, prefixes(max(n, b.Namespaces+1))))
	}
	l.add("limits", "attribute too long on the root", insert(doc, tag, ` a="`+strings.Repeat("a", b.Value+1)+`"`))
	for i, s := range slots {
		at := func(name, text string) { l.add("limits", name+" in "+s.name, insert(doc, s.at, text)) }
		huge := []int{200000}[min(i, 1):] // once is enough
		for _, n := range append([]int{b.Depth, 1000, 5000}, huge...) {
			at(fmt.Sprintf("%d deep", n), nested("", n))
		}
		at("unclosed, deep", strings.Repeat("<x>", 20000))
		for _, n := range append([]int{b.Elements, 20000}, huge...) {
			at(fmt.Sprintf("%d elements", n), strings.Repeat("<x></x>", n))
		}
		for _, n := range append([]int{b.Attributes + 1, 1000}, huge...) {
			at(fmt.Sprintf("%d attributes", n), "<x"+attributes(n)+"></x>")
			at(fmt.Sprintf("%d namespaces", max(n, b.Namespaces+1)), "<x"+prefixes(max(n, b.Namespaces+1))+"></x>")
		}
		for _, n := range []int{b.Namespaces + 1, 1000} {
			at(fmt.Sprintf("%d nested namespaces", n), deepNamespaces(n))
		}
		at("attribute too long", `<x a="`+strings.Repeat("a", b.Value+1)+`"></x>`)
		at("name too long", "<"+strings.Repeat("n", b.Bytes)+"></"+strings.Repeat("n", b.Bytes)+">")
		at("text too long", "<x>"+strings.Repeat("a", b.Text+1)+"</x>")
		at("references too long", "<x>"+strings.Repeat("&#65;", b.Text/5+1)+"</x>")
		if len(huge) > 0 {
			at("text of ten megabytes", "<x>"+strings.Repeat("a", 10<<20)+"</x>")
		}
	}
	l.add("limits", "too large by one", doc+strings.Repeat(" ", b.Bytes-len(doc)+1))
	l.add("limits", "blanks in front", strings.Repeat(" ", b.Bytes)+doc)
}
