package mutate

import (
	"fmt"
	"strings"
)

// markup has processing instructions, comments, CDATA sections, inclusions and typed values where there should be none.
func (d Document) markup(l *list, doc string, slots []slot) {
	tag := strings.IndexByte(doc, '>') + 1
	sheet := `<?xml-stylesheet type="text/xsl" href="` + d.Elsewhere + `"?>`
	for _, v := range []struct{ name, body string }{
		{"instruction before the root", "<?x y?>" + doc}, {"instruction behind the root", doc + "<?x y?>"}, {"instruction in the root", insert(doc, tag, "<?x y?>")}, {"style sheet", sheet + doc}, {"style sheet behind a declaration", `<?xml version="1.0"?>` + sheet + doc},
		{"instruction called xml", insert(doc, tag, `<?xml version="1.0"?>`)}, {"instruction of PHP", insert(doc, tag, `<?php phpinfo(); ?>`)}, {"instruction with a colon", "<?x:y z?>" + doc},
	} {
		l.add("encode", v.name, v.body)
	}
	for _, s := range slots {
		for _, v := range []struct{ name, text string }{
			{"inclusion by HTTP", `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="` + d.Elsewhere + `"></xi:include>`}, {"inclusion by file", `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"></xi:include>`},
			{"instruction", "<?x y?>"}, {"xml:base", `<x:a xmlns:x="urn:x" xml:base="` + d.Elsewhere + `"></x:a>`},
		} {
			l.add("encode", v.name+" in "+s.name, insert(doc, s.at, v.text))
		}
	}
	all, err := nodes(doc)
	if err != nil {
		return
	}
	seen := map[string]int{}
	for _, n := range all {
		seen[n.name]++
		if !n.text || seen[n.name] > 1 {
			continue
		}
		at, v := n.open+(n.shut-n.open)/2, doc[n.open:n.shut]
		l.add("encode", "instruction in "+n.name, insert(doc, at, "<?x y?>"))
		if d.Markup && !strings.HasPrefix(n.name, "ds:") {
			continue
		}
		l.add("encode", "comment in "+n.name, insert(doc, at, "<!---->"))
		l.add("encode", "comment at the end of "+n.name, insert(doc, n.shut, "<!-- x -->.evil"))
		l.add("encode", "comment at the start of "+n.name, insert(doc, n.open, "<!-- x -->"))
		l.add("encode", "CDATA is "+n.name, doc[:n.open]+"<![CDATA["+v+"]]>"+doc[n.shut:])
		l.add("encode", "CDATA of nothing in "+n.name, insert(doc, at, "<![CDATA[]]>"))
	}
	if d.Markup {
		return
	}
	for _, v := range []struct{ name, body string }{
		{"comment before the root", "<!-- x -->" + doc}, {"comment behind the root", doc + "<!-- x -->"}, {"comment in the root", insert(doc, tag, "<!-- x -->")}, {"comment before the end", insert(doc, strings.LastIndex(doc, "</"), "<!-- x -->")},
	} {
		l.add("encode", v.name, v.body)
	}
	for _, s := range slots {
		l.add("encode", "comment in "+s.name, insert(doc, s.at, "<!-- x -->"))
		l.add("encode", "CDATA in "+s.name, insert(doc, s.at, "<![CDATA[x]]>"))
	}
}

// namespaces confuses prefixes, in ways that no namespace-aware reader may accept. Those on the root are not seen by exclusive
// canonicalization.
func namespaces(l *list, doc string, slots []slot) {
	tag := strings.IndexByte(doc, '>')
	root := doc[1:strings.IndexAny(doc, " >")]
	declarations := []struct{ name, text string }{
		{"relative", ` xmlns:x="x"`}, {"relative with a path", ` xmlns:x="../x"`}, {"empty name of a prefix", ` xmlns:x=""`}, {"xml bound elsewhere", ` xmlns:xml="urn:x"`}, {"xml namespace on another prefix", ` xmlns:x="http://www.w3.org/XML/1998/namespace"`},
		{"prefix xmlns", ` xmlns:xmlns="urn:x"`}, {"xmlns namespace on a prefix", ` xmlns:x="http://www.w3.org/2000/xmlns/"`}, {"prefix declared twice", ` xmlns:x="urn:x" xmlns:x="urn:x"`}, {"prefix declared twice, differently", ` xmlns:x="urn:x" xmlns:x="urn:y"`},
		{"name with a space", ` xmlns:x="urn:x y"`}, {"name with a control", ` xmlns:x="urn:x&#x9;"`}, {"name that is no ASCII", " xmlns:x=\"urn:\u0445\""}, {"name of a fragment", ` xmlns:x="#x"`}, {"no prefix in front of the colon", ` xmlns:="urn:x"`},
		{"undeclared prefix", ` x:a="b"`}, {"xml:base", ` xml:base="urn:x"`}, {"same attribute by two prefixes", ` xmlns:x="urn:x" xmlns:y="urn:x" x:a="1" y:a="2"`}, {"attribute twice", ` a="1" a="2"`}, {"attribute twice, the same", ` a="1" a="1"`},
	}
	for _, v := range declarations {
		l.add("encode", "namespace on the root: "+v.name, insert(doc, tag, v.text))
		for _, s := range slots {
			l.add("encode", fmt.Sprintf("namespace in %s: %s", s.name, v.name), insert(doc, s.at, "<a"+v.text+"></a>"))
		}
	}
	for _, s := range slots {
		for _, v := range []struct{ name, text string }{
			{"element of an undeclared prefix", "<x:a></x:a>"}, {"element of the prefix xmlns", "<xmlns:a></xmlns:a>"}, {"element of the prefix xml", "<xml:a></xml:a>"}, {"prefix out of scope", `<a xmlns:x="urn:x"></a><x:a></x:a>`}, {"Signature of no namespace", "<Signature></Signature>"},
			{"Signature of another namespace", `<x:Signature xmlns:x="urn:x"></x:Signature>`}, {"Signature of nothing", `<s:Signature xmlns:s="` + dsig + `"></s:Signature>`},
		} {
			l.add("encode", fmt.Sprintf("namespace in %s: %s", s.name, v.name), insert(doc, s.at, v.text))
		}
	}
	if prefix, local, ok := strings.Cut(root, ":"); ok {
		own := ` xmlns:` + prefix + `="`
		l.add("encode", "root in no namespace", strings.ReplaceAll(strings.ReplaceAll(doc, "<"+root, "<"+local), "</"+root, "</"+local))
		for _, v := range []struct{ name, with string }{{"with a space", own + " "}, {"in capitals", own + "URN:"}, {"longer", own + "x"}} {
			l.add("encode", "root's namespace "+v.name, replaceOnce(doc, own, v.with))
		}
		l.add("encode", "root's prefix bound again below", strings.Replace(doc, ">", "><"+prefix+":x xmlns:"+prefix+`="urn:x"></`+prefix+":x>", 1))
	}
}
