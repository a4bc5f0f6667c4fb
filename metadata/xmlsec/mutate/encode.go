package mutate

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// slot is a place in a document where the kit puts markup.
type slot struct {
	name string
	at   int
}

// slots are where foreign markup can go: in KeyInfo, where no digest sees it, and behind the signature's place.
func (d Document) slots(p parts) []slot {
	out := []slot{{"Extensions", len(p.before) + len(p.signature)}}
	if i := strings.Index(p.signature, "<ds:KeyInfo>"); i >= 0 {
		out = append(out, slot{"KeyInfo", len(p.before) + i + len("<ds:KeyInfo>")})
	}
	return out
}

func (d Document) encoded(p parts) []Mutant {
	return d.gate(p.whole(), d.slots(p))
}

// gate writes a document so that parsers differ about it, or have work with it. Nobody may accept these, whoever signed them.
func (d Document) gate(doc string, slots []slot) []Mutant {
	l := newList(doc)
	encodings(l, doc)
	d.doctypes(l, doc)
	d.markup(l, doc, slots)
	namespaces(l, doc, slots)
	broken(l, doc)
	return l.out
}

func utf16Bytes(s string, order binary.ByteOrder) string {
	units := utf16.Encode([]rune(s))
	b := make([]byte, 2*len(units))
	for i, u := range units {
		order.PutUint16(b[2*i:], u)
	}
	return string(b)
}

func utf32Bytes(s string) string {
	var b []byte
	for _, r := range s {
		b = binary.BigEndian.AppendUint32(b, uint32(r)) //nolint:gosec // runes are not negative
	}
	return string(b)
}

// encodings are character encodings that are not the one of the binding, announced and not.
func encodings(l *list, doc string) {
	const bom = "\ufeff"
	declared := func(name string) string { return `<?xml version="1.0" encoding="` + name + `"?>` + doc }
	for _, v := range []struct{ name, body string }{
		{"UTF-16LE with mark", utf16Bytes(bom+doc, binary.LittleEndian)}, {"UTF-16BE with mark", utf16Bytes(bom+doc, binary.BigEndian)},
		{"UTF-16LE", utf16Bytes(doc, binary.LittleEndian)}, {"UTF-16BE", utf16Bytes(doc, binary.BigEndian)},
		{"UTF-16LE, declared", utf16Bytes(bom+declared("UTF-16"), binary.LittleEndian)}, {"UTF-16BE, declared", utf16Bytes(bom+declared("UTF-16"), binary.BigEndian)},
		{"UTF-32", utf32Bytes(bom + doc)}, {"UTF-7", strings.NewReplacer("<", "+ADw-", ">", "+AD4-").Replace(doc)}, {"two marks", bom + bom + doc},
		{"mark behind the declaration", `<?xml version="1.0"?>` + bom + doc}, {"mark at the end", doc + bom}, {"mark inside", insert(doc, strings.IndexByte(doc, '>')+1, bom)},
		{"mark of UTF-16 before UTF-8", "\xff\xfe" + doc}, {"half a mark", "\xef\xbb" + doc},
		{"NUL in front", "\x00" + doc}, {"NUL at the end", doc + "\x00"}, {"NUL in a tag", insert(doc, 3, "\x00")}, {"vertical tab", doc + "\x0b"}, {"form feed", "\x0c" + doc},
		{"C1 control as one byte", insert(doc, strings.IndexByte(doc, '>')+1, "\x85")}, {"overlong slash", strings.Replace(doc, "/", "\xc0\xaf", 1)}, {"overlong less-than", "\xc0\xbc" + doc[1:]},
		{"surrogate", doc[:len(doc)-1] + "\xed\xa0\x80>"}, {"beyond Unicode", doc + "\xf4\x90\x80\x80"}, {"no character FFFE", doc + "\ufffe"}, {"cut in a character", doc + "\xe2\x82"},
		{"version 1.1", `<?xml version="1.1"?>` + doc}, {"version 2.0", `<?xml version="2.0"?>` + doc}, {"no version", `<?xml encoding="UTF-8"?>` + doc}, {"declaration twice", `<?xml version="1.0"?><?xml version="1.0"?>` + doc},
		{"declaration behind a space", ` <?xml version="1.0"?>` + doc}, {"declaration at the end", doc + `<?xml version="1.0"?>`}, {"standalone maybe", `<?xml version="1.0" standalone="maybe"?>` + doc},
		{"declaration in capitals", `<?XML version="1.0"?>` + doc}, {"unknown in the declaration", `<?xml version="1.0" x="y"?>` + doc}, {"declaration unfinished", `<?xml version="1.0"` + doc}, {"long declaration", `<?xml version="1.0"` + strings.Repeat(" ", 4096) + `?>` + doc},
	} {
		l.add("encode", v.name, v.body)
	}
	for _, name := range []string{"UTF-16", "UTF-16LE", "UTF-32", "UTF-7", "ISO-8859-1", "ISO-8859-15", "windows-1252", "US-ASCII", "utf8", "UTF_8", "UCS-2", "EBCDIC-CP-US", "IBM037", "Shift_JIS", "ISO-2022-JP", "HZ-GB-2312", "x-user-defined", "", "UTF-8 ", "\u0055\u0422F-8"} {
		l.add("encode", "declared "+name, declared(name))
	}
}

// doctypes are document types, with and without the forms of XXE.
func (d Document) doctypes(l *list, doc string) {
	root := doc[1:strings.IndexAny(doc, " >")]
	subset := func(s string) string { return "<!DOCTYPE " + root + " [" + s + "]>" + doc }
	using := func(s, entity string) string {
		return "<!DOCTYPE " + root + " [" + s + "]>" + insert(doc, strings.LastIndex(doc, "</"), entity)
	}
	laughs := `<!ENTITY l0 "ha">`
	for i := 1; i < 12; i++ {
		laughs += fmt.Sprintf(`<!ENTITY l%d "%s">`, i, strings.Repeat(fmt.Sprintf("&l%d;", i-1), 10))
	}
	for _, v := range []struct{ name, body string }{
		{"plain", "<!DOCTYPE " + root + ">" + doc}, {"in small letters", "<!doctype " + root + ">" + doc}, {"of HTML", "<!DOCTYPE html>" + doc}, {"empty subset", subset("")}, {"behind a declaration", `<?xml version="1.0" standalone="yes"?><!DOCTYPE ` + root + ">" + doc},
		{"behind a space", "\n<!DOCTYPE " + root + ">" + doc}, {"behind the root", doc + "<!DOCTYPE " + root + ">"}, {"inside the root", insert(doc, strings.IndexByte(doc, '>')+1, "<!DOCTYPE x>")},
		{"SYSTEM by HTTP", "<!DOCTYPE " + root + ` SYSTEM "` + d.Elsewhere + `">` + doc}, {"PUBLIC by HTTP", "<!DOCTYPE " + root + ` PUBLIC "-//X//Y" "` + d.Elsewhere + `">` + doc}, {"SYSTEM by file", "<!DOCTYPE " + root + ` SYSTEM "file:///etc/passwd">` + doc},
		{"external entity by HTTP", using(`<!ENTITY e SYSTEM "`+d.Elsewhere+`">`, "&e;")}, {"external entity by file", using(`<!ENTITY e SYSTEM "file:///etc/passwd">`, "&e;")}, {"external entity, unused", subset(`<!ENTITY e SYSTEM "` + d.Elsewhere + `">`)},
		{"parameter entity", subset(`<!ENTITY % p SYSTEM "` + d.Elsewhere + `">%p;`)}, {"parameter entity that sends a file", subset(`<!ENTITY % f SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "` + d.Elsewhere + `">%p;%send;`)},
		{"internal entity", using(`<!ENTITY e "x">`, "&e;")}, {"predefined entity declared anew", subset(`<!ENTITY lt "&#38;#60;">`)}, {"billion laughs", using(laughs, "&l11;")}, {"quadratic", using(`<!ENTITY q "`+strings.Repeat("q", 8000)+`">`, strings.Repeat("&q;", 4000))},
		{"entity of itself", using(`<!ENTITY e "&e;">`, "&e;")}, {"default attribute", subset(`<!ATTLIST ` + root + ` ID CDATA "_evil">`)}, {"ID type", subset(`<!ATTLIST x Other ID #IMPLIED>`)}, {"default namespace by type", subset(`<!ATTLIST ` + root + ` xmlns:x CDATA "urn:x">`)},
		{"element declared", subset(`<!ELEMENT ` + root + ` ANY>`)}, {"notation", subset(`<!NOTATION n SYSTEM "` + d.Elsewhere + `">`)}, {"unparsed entity", subset(`<!NOTATION n SYSTEM "x"><!ENTITY e SYSTEM "` + d.Elsewhere + `" NDATA n>`)},
		{"conditional section", subset(`<![INCLUDE[<!ENTITY e "x">]]>`)}, {"comment in subset", subset(`<!-- ]> -->`)}, {"UTF-7 trick", `<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-` + doc}, {"element alone", `<!ELEMENT x ANY>` + doc}, {"entity alone", `<!ENTITY e "x">` + doc},
	} {
		l.add("encode", "doctype "+v.name, v.body)
	}
}

// broken is XML that is none, and that some parser takes.
func broken(l *list, doc string) {
	root := doc[1:strings.IndexAny(doc, " >")]
	tag := strings.IndexByte(doc, '>')
	attr := strings.Index(doc, `="`)
	for _, v := range []struct{ name, body string }{
		{"empty", ""}, {"blank", "  \n"}, {"text before the root", "x" + doc}, {"text behind the root", doc + "x"}, {"second root", doc + "<x></x>"}, {"root twice", doc + doc}, {"end tag behind the root", doc + "</" + root + ">"},
		{"unclosed", doc[:strings.LastIndex(doc, "</")]}, {"cut by one", doc[:len(doc)-1]}, {"cut by half", doc[:len(doc)/2]}, {"no start", doc[1:]}, {"CDATA before the root", "<![CDATA[]]>" + doc}, {"CDATA behind the root", doc + "<![CDATA[]]>"},
		{"reference behind the root", doc + "&#65;"}, {"no quotes", strings.Replace(doc, `="`, `=`, 1)}, {"attribute without value", insert(doc, tag, " x")}, {"attribute without space", insert(doc, attr, "")[:tag] + `x="y"` + doc[tag:]}, {"less-than in an attribute", insert(doc, attr+2, "<")},
		{"ampersand in an attribute", insert(doc, attr+2, "&")}, {"ampersand in text", insert(doc, tag+1, "&")}, {"unknown entity", insert(doc, tag+1, "&nbsp;")}, {"entity without end", insert(doc, tag+1, "&amp")}, {"reference to NUL", insert(doc, tag+1, "&#0;")},
		{"reference to a surrogate", insert(doc, tag+1, "&#xD800;")}, {"reference beyond Unicode", insert(doc, tag+1, "&#x110000;")}, {"reference that wraps", insert(doc, tag+1, "&#x100000041;")}, {"reference to FFFE", insert(doc, tag+1, "&#xFFFE;")}, {"reference to a control", insert(doc, tag+1, "&#x1;")},
		{"reference in capitals", insert(doc, tag+1, "&#X41;")}, {"reference of nothing", insert(doc, tag+1, "&#;")}, {"reference with a sign", insert(doc, tag+1, "&#-65;")}, {"CDATA end in text", insert(doc, tag+1, "]]>")}, {"unfinished CDATA", insert(doc, tag+1, "<![CDATA[x")},
		{"unfinished comment", insert(doc, tag+1, "<!-- x")}, {"two hyphens in a comment", insert(doc, tag+1, "<!-- a--b -->")}, {"three hyphens end a comment", insert(doc, tag+1, "<!-- a --->")}, {"comment of nothing", insert(doc, tag+1, "<!-->")}, {"processing instruction without end", insert(doc, tag+1, "<?x")},
		{"space before a name", "< " + doc[1:]}, {"space in an end tag", strings.Replace(doc, "</", "</ ", 1)}, {"attribute in an end tag", doc[:len(doc)-1] + ` x="y">`}, {"end tag of another case", doc[:strings.LastIndex(doc, "</")] + strings.ToUpper(doc[strings.LastIndex(doc, "</"):])},
		{"two colons", strings.ReplaceAll(doc, root, strings.Replace(root, ":", "::", 1))}, {"three parts", strings.ReplaceAll(doc, root, "a:"+root)}, {"colon in front", strings.ReplaceAll(doc, "<"+root, "<:"+root)}, {"colon at the end", insert(doc, tag, ` x:="y"`)}, {"colon in front of an attribute", insert(doc, tag, ` :x="y"`)},
		{"two colons in an attribute", insert(doc, tag, ` xml::lang="y"`)}, {"name with a digit in front", insert(doc, tag, ` 1x="y"`)}, {"name in Cyrillic", insert(doc, tag, " \u0445=\"y\"")}, {"slash in the tag", insert(doc, tag, "/ ")}, {"greater-than twice", insert(doc, tag, ">")}, {"HTML", "<html><body>" + doc + "</body></html>"},
	} {
		l.add("encode", "broken: "+v.name, v.body)
	}
}
