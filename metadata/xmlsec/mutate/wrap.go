package mutate

import (
	"fmt"
	"strings"
)

// place is somewhere in a forged document where the original can be put.
type place struct {
	name   string
	inside bool                                    // of the signature
	put    func(f parts, original string) parts    // of the document
	into   func(signature, original string) string // of its signature
}

func object(s string) string { return "<ds:Object>" + s + "</ds:Object>" }

func foreign(s string) string { return `<x:any xmlns:x="urn:x">` + s + `</x:any>` }

// nested puts s n elements deep.
func nested(s string, n int) string { return strings.Repeat("<x>", n) + s + strings.Repeat("</x>", n) }

func (p parts) extensions(s string) string {
	return "<" + p.prefix() + "Extensions>" + s + "</" + p.prefix() + "Extensions>"
}

// end is where the root's end tag begins in after.
func (p parts) end() int { return strings.LastIndex(p.after, "</") }

// places are all of them.
func places() []place {
	inSignature := func(name, at, open, end string) place {
		return place{name: name, inside: true, into: func(signature, original string) string {
			return replaceOnce(signature, at, open+original+end+at)
		}}
	}
	after := func(name string, wrapped func(p parts, s string) string) place {
		return place{name: name, put: func(f parts, original string) parts {
			f.after = wrapped(f, original) + f.after
			return f
		}}
	}
	return []place{
		inSignature("last in the signature", signatureEnd, "", ""),
		inSignature("in an Object", signatureEnd, "<ds:Object>", "</ds:Object>"),
		inSignature("in an Object, first in the signature", "<ds:SignedInfo>", "<ds:Object>", "</ds:Object>"),
		inSignature("in KeyInfo", "</ds:KeyInfo>", "", ""),
		inSignature("in SignedInfo", "</ds:SignedInfo>", "", ""),
		inSignature("in SignatureValue", "</ds:SignatureValue>", "", ""),
		inSignature("in a Transform", "</ds:Transform>", "", ""),
		inSignature("in DigestValue", "</ds:DigestValue>", "", ""),
		{name: "before the signature", put: func(f parts, original string) parts {
			f.before += original
			return f
		}},
		after("behind the signature", func(_ parts, s string) string { return s }),
		after("in Extensions", func(f parts, s string) string { return f.extensions(s) }),
		after("in a foreign element", func(_ parts, s string) string { return foreign(s) }),
		after("deep below", func(f parts, s string) string { return f.extensions(nested(s, 12)) }),
		{name: "last in the root", put: func(f parts, original string) parts {
			f.after = insert(f.after, f.end(), original)
			return f
		}},
		{name: "inside the first child", put: func(f parts, original string) parts {
			from := strings.IndexByte(f.before, '>') + 1
			if i := strings.IndexByte(f.before[from:], '>'); i >= 0 {
				f.before = insert(f.before, from+i+1, original)
				return f
			}
			from = strings.IndexByte(f.after, '>') + 1
			f.after = insert(f.after, from, original)
			return f
		}},
		{name: "before the root", put: func(f parts, original string) parts {
			f.before = original + f.before
			return f
		}},
		{name: "behind the root", put: func(f parts, original string) parts {
			f.after += original
			return f
		}},
	}
}

// signing says where the forged document carries a signature.
var signing = []struct {
	name string
	put  func(f parts, signature string) parts
}{
	{"none", func(f parts, _ string) parts { return f }},
	{"at its place", func(f parts, signature string) parts { f.signature = signature; return f }},
	{"last", func(f parts, signature string) parts { f.after = insert(f.after, f.end(), signature); return f }},
	{"in Extensions", func(f parts, signature string) parts { f.after = f.extensions(signature) + f.after; return f }},
}

// wrap has the original somewhere and something else where it is looked for.
func (d Document) wrap(l *list, p parts) {
	f := d.forged(p)
	idAttr := fmt.Sprintf(` %s="%s"`, p.idName, p.id)
	other := f
	other.before, other.after = otherIDs(f.before), otherIDs(f.after)
	without, lower := f, f
	without.before = replaceOnce(f.before, idAttr, "")
	lower.before = replaceOnce(f.before, idAttr, fmt.Sprintf(` %s="evil" Id="%s"`, p.idName, p.id))
	d.published(l, p, other)
	for _, id := range []struct {
		name string
		f    parts
	}{{"another ID", other}, {"the same ID", f}, {"no ID", without}, {"the ID as Id", lower}} {
		for _, original := range []struct{ name, xml string }{{"signed", p.whole()}, {"bare", p.bare()}} {
			for _, at := range places() {
				for _, s := range signing {
					signature, forged := p.signature, id.f
					if at.inside {
						signature = at.into(signature, original.xml)
					} else {
						forged = at.put(forged, original.xml)
					}
					if at.inside && s.name == "none" {
						continue
					}
					l.add("wrap", fmt.Sprintf("%s, %s original %s, signature %s", id.name, original.name, at.name, s.name), s.put(forged, signature).whole())
				}
			}
		}
	}
	d.bundle(l, p, other)
}

// published are the shapes with a number (XSW 1 to 9), as they are transposed to one message.
func (Document) published(l *list, p, f parts) {
	inside := func(s string) string { return replaceOnce(p.signature, signatureEnd, s+signatureEnd) }
	at := func(signature string) string { return f.before + signature + f.after }
	end := f.end()
	for i, body := range []string{
		at(inside(p.bare())),
		at(p.bare() + p.signature),
		f.whole() + p.whole(),
		f.before + insert(f.after, end, p.whole()),
		f.before + p.signature + insert(f.after, end, p.bare()),
		at(replaceOnce(p.signature, "<ds:KeyInfo>", "<ds:KeyInfo>"+p.bare())),
		at(p.signature + f.extensions(p.bare())),
		at(inside(object(p.bare()))),
		at(inside(object(p.whole()))),
	} {
		l.add("wrap", fmt.Sprintf("XSW%d", i+1), body)
	}
}

// bundle has a root around both.
func (Document) bundle(l *list, p, f parts) {
	open, end := `<x:Bundle xmlns:x="urn:x" ID="_bundle">`, `</x:Bundle>`
	tag := p.before[:strings.IndexByte(p.before, '>')+1]
	same, sameEnd := replaceOnce(tag, p.id, "_bundle"), "</"+p.root+">"
	for _, b := range []struct{ name, open, end string }{
		{"in another root", open, end},
		{"in the same root", same, sameEnd},
		{"in a root of that ID", replaceOnce(same, "_bundle", p.id), sameEnd},
		{"in EntitiesDescriptor", `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">`, `</md:EntitiesDescriptor>`},
		{"in a SOAP envelope", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>`, `</s:Body></s:Envelope>`},
	} {
		l.add("wrap", b.name+", alone", b.open+p.whole()+b.end)
		l.add("wrap", b.name+", forged first", b.open+f.whole()+p.whole()+b.end)
		l.add("wrap", b.name+", forged last", b.open+p.whole()+f.whole()+b.end)
		l.add("wrap", b.name+", signature beside", b.open+p.signature+p.bare()+f.whole()+b.end)
		l.add("wrap", b.name+", signature of the bundle", b.open+p.signature+f.whole()+p.bare()+b.end)
	}
	l.add("wrap", "forged last in the original", p.before+p.signature+insert(p.after, p.end(), f.whole()))
	l.add("wrap", "forged in Extensions of the original", p.before+p.signature+p.extensions(f.whole())+p.after)
	l.add("wrap", "forged first in the original", insert(p.before, strings.IndexByte(p.before, '>')+1, f.whole())+p.signature+p.after)
	l.add("wrap", "forged in KeyInfo of the original", p.before+replaceOnce(p.signature, "<ds:KeyInfo>", "<ds:KeyInfo>"+p.bare())+p.after)
	l.add("wrap", "signature moved last", p.before+insert(p.after, p.end(), p.signature))
	l.add("wrap", "signature moved first", insert(p.before, strings.IndexByte(p.before, '>')+1, p.signature)+p.after)
	l.add("wrap", "signature moved to Extensions", p.before+p.extensions(p.signature)+p.after)
	l.add("wrap", "signature in a foreign element", p.before+foreign(p.signature)+p.after)
	l.add("wrap", "signature before the root", p.signature+p.bare())
	l.add("wrap", "signature behind the root", p.bare()+p.signature)
	l.add("wrap", "signature alone", p.signature)
	l.add("wrap", "signature as root", replaceOnce(p.signature, signatureEnd, object(p.bare())+signatureEnd))
}
