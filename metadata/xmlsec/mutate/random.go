package mutate

import "strings"

// maxSteps bounds a program of Random.
const maxSteps = 24

// junk is put where a program says.
var junk = []string{
	"<!-- x -->", "<?x y?>", "<![CDATA[x]]>", "&lt;", "&#x41;", "\u00a0", "<x></x>", "<x/>", `<x:y xmlns:x="urn:x"></x:y>`, "<!DOCTYPE x>", " ", "\r\n", "\x00", "]]>", `<x ID="_x"></x>`, `<Signature xmlns="` + dsig + `"></Signature>`,
}

// junkAttributes are put on an element.
var junkAttributes = []string{
	` ID="_x"`, ` Id="_x"`, ` id="_x"`, ` xml:id="_x"`, ` xmlns="urn:x"`, ` xmlns=""`, ` xmlns:ds="urn:x"`, ` xmlns:saml="urn:x"`, ` xmlns:x="urn:x"`, ` xml:base="urn:x"`, ` xml:lang="en"`, ` Algorithm="none"`, ` x='y'`, ` URI=""`, ` xmlns:x="x"`, ` Destination=""`,
}

// Random is what a program makes of a document: each four bytes are one step, which moves, copies, renames or removes elements,
// attributes and texts, or puts something in. The same program makes the same of it. Fuzzing finds the programs.
func (d Document) Random(program []byte) []byte {
	doc := string(d.XML)
	for i := 0; i+4 <= len(program) && i < 4*maxSteps; i += 4 {
		all, err := nodes(doc)
		if err != nil || len(all) == 0 || len(doc) > 1<<20 {
			break
		}
		doc = d.step(doc, all, program[i], program[i+1], program[i+2], program[i+3])
	}
	return []byte(doc)
}

func (d Document) step(doc string, all []node, op, x, y, z byte) string {
	a, b := all[int(x)%len(all)], all[int(y)%len(all)]
	own := doc[a.start:a.end]
	switch op % 16 {
	case 0:
		return doc[:a.start] + doc[a.end:]
	case 1:
		return insert(doc, b.start, own)
	case 2:
		return insert(doc, b.shut, own)
	case 3:
		return moved(doc, a, b)
	case 4:
		return doc[:a.start] + "<" + b.name + ">" + own + "</" + b.name + ">" + doc[a.end:]
	case 5:
		return doc[:a.start+1] + b.name + doc[a.start+1+len(a.name):a.shut+2] + b.name + doc[a.end-1:]
	case 6, 7, 8:
		return attributeStep(doc, a, b, op%16, z)
	case 9:
		if a.text && b.text {
			return doc[:a.open] + doc[b.open:b.shut] + doc[a.shut:]
		}
	case 10:
		return insert(doc, a.open, junk[int(z)%len(junk)])
	case 11:
		return insert(doc, a.open-1, junkAttributes[int(z)%len(junkAttributes)])
	case 12:
		return insert(doc, a.shut, junk[int(z)%len(junk)])
	case 13:
		if len(d.Forge) > 0 {
			i := int(z) % (len(d.Forge) / 2)
			return strings.Replace(doc, d.Forge[2*i], d.Forge[2*i+1], 1)
		}
	case 14:
		at := (int(x)<<8 | int(y)) % len(doc)
		return doc[:at] + string([]byte{z}) + doc[at+1:]
	case 15:
		return doc[:a.open] + doc[a.shut:]
	}
	return doc
}

// moved has a before b, unless one holds the other.
func moved(doc string, a, b node) string {
	own := doc[a.start:a.end]
	switch {
	case b.start >= a.end:
		return doc[:a.start] + doc[a.end:b.start] + own + doc[b.start:]
	case a.start >= b.start:
		return doc[:b.start] + own + doc[b.start:a.start] + doc[a.end:]
	}
	return doc
}

func attributeStep(doc string, a, b node, op, z byte) string {
	if len(b.attrs) == 0 {
		return doc
	}
	from := b.attrs[int(z)%len(b.attrs)]
	text := doc[from.start : from.to+1]
	switch {
	case op == 6:
		return insert(doc, a.open-1, text)
	case op == 7:
		return doc[:from.start] + doc[from.to+1:]
	case len(a.attrs) > 0:
		to := a.attrs[int(z>>4)%len(a.attrs)]
		return doc[:to.from] + doc[from.from:from.to] + doc[to.to:]
	}
	return doc
}
