package mutate

import (
	"fmt"
	"slices"
	"strings"
)

// edit changes every attribute, text and element that the signature covers, SignedInfo and the value included, after signing.
// KeyInfo is left alone: it is a hint.
func (d Document) edit(l *list, p parts) error {
	doc := p.whole()
	all, err := nodes(doc)
	if err != nil {
		return err
	}
	hint := strings.Index(doc, "<ds:KeyInfo>")
	hintEnd := strings.Index(doc, "</ds:KeyInfo>")
	signature, signatureEnd := len(p.before), len(p.before)+len(p.signature)
	seen := map[string]int{}
	for _, n := range all {
		if n.start >= hint && n.start < hintEnd {
			continue
		}
		name := n.name
		if seen[n.name]++; seen[n.name] > 1 {
			name = fmt.Sprintf("%s %d", n.name, seen[n.name])
		}
		covered := n.start < signature || n.start >= signatureEnd || n.name != "ds:Signature"
		for _, a := range n.attrs {
			editValue(l, doc, name+" "+a.name, a, strings.HasPrefix(a.name, "xmlns"))
		}
		if n.text {
			editText(l, doc, name, n)
		}
		if n.parent >= 0 && covered {
			editElement(l, doc, name, n, all)
		}
	}
	return d.exactly(l, p)
}

func editValue(l *list, doc, name string, a span, declaration bool) {
	v := doc[a.from:a.to]
	with := func(how, value string) { l.add("edit", name+" "+how, doc[:a.from]+value+doc[a.to:]) }
	with("longer", v+"x")
	with("emptied", "")
	with("in another case", otherCase(v))
	with("cut", v[:max(len(v)-1, 0)])
	with("with a space", v+" ")
	l.add("edit", name+" removed", doc[:a.start]+doc[a.to+1:])
	if !declaration {
		l.add("edit", name+" renamed", doc[:a.start+1]+"x"+doc[a.start+1:])
	}
	l.add("edit", name+" twice", doc[:a.start]+doc[a.start:a.to+1]+doc[a.start:])
}

func editText(l *list, doc, name string, n node) {
	v := doc[n.open:n.shut]
	with := func(how, value string) { l.add("edit", name+" text "+how, doc[:n.open]+value+doc[n.shut:]) }
	with("longer", v+"x")
	with("emptied", "")
	if n.name != "ds:SignatureValue" { // base64 may have white space in it
		with("with a space behind", v+" ")
		with("with a line end before", "\n"+v)
	}
	with("in another case", otherCase(v))
	with("cut", v[:len(v)-1])
	with("with an element inside", v[:len(v)/2]+"<x></x>"+v[len(v)/2:])
}

func editElement(l *list, doc, name string, n node, all []node) {
	own := doc[n.start:n.end]
	with := func(how, text string) { l.add("edit", name+" "+how, doc[:n.start]+text+doc[n.end:]) }
	with("removed", "")
	with("twice", own+own)
	with("in a foreign element", foreign(own))
	with("renamed", "<"+n.name+"x"+own[1+len(n.name):len(own)-1]+"x>")
	_, local, prefixed := strings.Cut(n.name, ":")
	if prefixed {
		with("in another namespace", `<x:`+local+` xmlns:x="urn:x"`+own[1+len(n.name):len(own)-len(n.name)-1]+"x:"+local+">")
	}
	l.add("edit", name+" with text before its end", doc[:n.shut]+"x"+doc[n.shut:])
	if n.next >= 0 {
		m := all[n.next]
		l.add("edit", name+" behind the next", doc[:n.start]+doc[m.start:m.end]+doc[n.end:m.start]+own+doc[m.end:])
	}
	l.add("edit", name+" emptied", doc[:n.open]+doc[n.shut:])
}

func otherCase(s string) string {
	if up := strings.ToUpper(s); up != s {
		return up
	}
	return strings.ToLower(s)
}

// lookalikes are what a careless comparison takes for the value. XML's white space around a URI means nothing (XML Schema Part 2,
// 4.3.6 and 3.2.17).
func lookalikes(v string, uri bool) []struct{ name, value string } {
	type named = struct{ name, value string }
	out := []named{
		{"space behind", v + " "}, {"space before", " " + v}, {"tab behind", v + "&#x9;"}, {"line end behind", v + "&#xA;"}, {"return behind", v + "&#xD;"}, {"no-break space behind", v + "\u00a0"},
		{"zero width space behind", v + "\u200b"}, {"zero width space inside", v[:1] + "\u200b" + v[1:]}, {"zero width joiner inside", v[:1] + "\u200d" + v[1:]}, {"soft hyphen inside", v[:1] + "\u00ad" + v[1:]},
		{"byte order mark before", "\ufeff" + v}, {"right to left mark behind", v + "\u200f"}, {"ideographic space behind", v + "\u3000"}, {"combining mark behind", v + "\u0301"},
		{"in capitals", strings.ToUpper(v)}, {"slash behind", v + "/"}, {"query behind", v + "?"}, {"fragment behind", v + "#"}, {"percent escape", strings.Replace(v, v[:1], fmt.Sprintf("%%%02X", v[0]), 1)},
		{"NUL escape behind", v + "%00"}, {"twice", v + v}, {"twice, with a space", v + " " + v}, {"another behind", v + ".evil"}, {"line separator behind", v + "\u2028"}, {"full width", fullWidth(v)},
	}
	for _, pair := range [][2]string{{"a", "\u0430"}, {"e", "\u0435"}, {"p", "\u0440"}, {"s", "\u0455"}, {"5", "\u0665"}, {"1", "\u0661"}, {"/", "\u2215"}, {".", "\u3002"}, {"0", "\u041e"}, {"_", "\uff3f"}} {
		if strings.Contains(v, pair[0]) {
			out = append(out, named{"look-alike of " + pair[0], strings.Replace(v, pair[0], pair[1], 1)})
		}
	}
	blank := strings.NewReplacer("&#x9;", "", "&#xA;", "", "&#xD;", "", " ", "")
	return slices.DeleteFunc(out, func(n named) bool { return n.value == v || uri && blank.Replace(n.value) == v })
}

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7F {
			return r - '!' + '\uff01'
		}
		return r
	}, s)
}

// exactly writes look-alikes of values that are compared exactly, rightly signed.
func (d Document) exactly(l *list, p parts) error {
	n := 0
	for _, v := range append(slices.Clone(d.Exact), d.URIs...) {
		if !strings.Contains(p.bare(), v) {
			return fmt.Errorf("%w: no %s", errDocument, v)
		}
		what := holderOf(p.bare(), v)
		for _, like := range lookalikes(v, slices.Contains(d.URIs, v)) {
			with := like.value
			if !strings.Contains(what, "=") { // canonical form writes these out in text
				with = strings.NewReplacer("&#x9;", "\t", "&#xA;", "\n").Replace(with)
			}
			q := p
			q.before, q.after = strings.ReplaceAll(p.before, v, with), strings.ReplaceAll(p.after, v, with)
			n++
			body, err := d.again(q.renumbered(n))
			if err != nil {
				return err
			}
			l.add("edit", fmt.Sprintf("%s: %s, signed again", what, like.name), body)
		}
	}
	return nil
}

// holderOf names the attribute or element that holds a value.
func holderOf(s, v string) string {
	i := strings.Index(s, v)
	if s[i-1] == '"' {
		return s[strings.LastIndexByte(s[:i], ' ')+1 : i-1]
	}
	return s[strings.LastIndexByte(s[:i], '<')+1 : i-1]
}
