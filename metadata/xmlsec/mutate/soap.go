package mutate

import (
	"fmt"
	"strings"
)

const (
	soap11 = "http://schemas.xmlsoap.org/soap/envelope/"
	soap12 = "http://www.w3.org/2003/05/soap-envelope"
)

// Envelope puts a message into a SOAP 1.1 envelope.
func Envelope(message []byte) []byte {
	return []byte(`<s:Envelope xmlns:s="` + soap11 + `"><s:Body>` + string(message) + `</s:Body></s:Envelope>`)
}

// EnvelopeMutants have the signed message in an envelope where another one might be read, or in what is no envelope.
func (d Document) EnvelopeMutants() ([]Mutant, error) {
	p, err := cut(string(d.XML))
	if err != nil {
		return nil, err
	}
	f := d.forged(p)
	f.before, f.after = otherIDs(f.before), otherIDs(f.after)
	good, evil := p.whole(), f.whole()
	l := newList(string(Envelope(d.XML)))
	open := `<s:Envelope xmlns:s="` + soap11 + `">`
	env := func(inside string) string { return open + inside + "</s:Envelope>" }
	body := func(s string) string { return "<s:Body>" + s + "</s:Body>" }
	header := func(s string) string { return "<s:Header>" + s + "</s:Header>" }
	for _, v := range []struct{ name, xml string }{
		{"two Bodies, forged first", env(body(evil) + body(good))}, {"two Bodies, forged second", env(body(good) + body(evil))}, {"two Bodies, one empty", env(body("") + body(good))}, {"two Bodies, the same", env(body(good) + body(good))},
		{"two messages, forged first", env(body(evil + good))}, {"two messages, forged second", env(body(good + evil))}, {"two messages, the same", env(body(good + good))}, {"original in Header", env(header(good) + body(evil))}, {"original in Header alone", env(header(good))}, {"original in Header, signature on forged", env(header(p.bare()) + body(f.before+p.signature+f.after))},
		{"original in Header, its signature there", env(header(p.signature) + body(p.bare()))}, {"signature in Header, forged in Body", env(header(p.signature) + body(evil))}, {"no Body", env("")}, {"empty Body", env(body(""))}, {"text in Body alone", env(body("x"))}, {"Body in Body", env(body(body(good)))}, {"Envelope in Body", env(body(env(body(good))))},
		{"original behind Body", env(body(evil) + good)}, {"original before Body", env(good + body(evil))}, {"Body behind what is foreign, forged", env(foreign(body(good)) + body(evil))}, {"Body below", env(foreign(body(good)))}, {"message below", env(body(foreign(good)))}, {"message deep below", env(body(nested(good, 10)))},
		{"Body of another namespace first", env(`<x:Body xmlns:x="urn:x">` + good + `</x:Body>` + body(evil))}, {"Body of another namespace alone", env(`<x:Body xmlns:x="urn:x">` + good + `</x:Body>`)}, {"body in small letters", env("<s:body>" + good + "</s:body>")}, {"SOAP 1.2", strings.ReplaceAll(env(body(good)), soap11, soap12)}, {"of no namespace", "<Envelope><Body>" + good + "</Body></Envelope>"},
		{"namespace with a slash less", strings.ReplaceAll(env(body(good)), soap11, strings.TrimSuffix(soap11, "/"))}, {"Envelope of another name", strings.ReplaceAll(env(body(good)), "s:Envelope", "s:Envelop")}, {"no envelope", good}, {"a Fault", env(body("<s:Fault><faultcode>s:Client</faultcode><faultstring>x</faultstring></s:Fault>"))}, {"a Fault with the original", env(body("<s:Fault><detail>" + good + "</detail></s:Fault>"))},
		{"signature of the envelope", open + p.signature + body(p.bare()) + "</s:Envelope>"}, {"signature in Body", env("<s:Body>" + p.signature + p.bare() + "</s:Body>")}, {"signature behind the message", env(body(p.bare() + p.signature))}, {"ID on Body", env(fmt.Sprintf(`<s:Body Id="%s">`, p.id) + evil + "</s:Body>" + header(good))},
		{"ID of the message on Body", env(fmt.Sprintf(`<s:Body ID="%s">`, p.id) + good + "</s:Body>")}, {"ID of the message on Envelope", replaceOnce(env(body(good)), ">", fmt.Sprintf(` ID="%s">`, p.id))}, {"message by reference", env(`<s:Body><x href="` + d.Elsewhere + `"></x></s:Body>`)}, {"message by XOP", env(`<s:Body><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="` + d.Elsewhere + `"></xop:Include></s:Body>`)}, {"MIME around", "--x\r\nContent-Type: text/xml\r\n\r\n" + env(body(good)) + "\r\n--x--"},
		{"DOCTYPE", `<!DOCTYPE s:Envelope SYSTEM "` + d.Elsewhere + `">` + env(body(good))}, {"processing instruction", `<?x y?>` + env(body(good))}, {"second root", env(body(good)) + env(body(evil))}, {"UTF-16 declared", `<?xml version="1.0" encoding="UTF-16"?>` + env(body(good))}, {"forged, unsigned", env(body(evil))}, {"stripped", env(body(p.bare()))}, {"prefix bound again in Body", env(`<s:Body xmlns:s="urn:x">` + good + "</s:Body>")},
		{"too many header blocks", env(header(strings.Repeat("<x></x>", d.Bounds.Elements)) + body(good))}, {"too deep a header", env(header(nested("", d.Bounds.Depth)) + body(good))}, {"too large a header", env(header("<x>"+strings.Repeat("a", d.Bounds.Text+1)+"</x>") + body(good))}, {"comment", env("<!-- x -->" + body(good))}, {"two Bodies in the second envelope", env(body(evil)) + body(good)},
	} {
		l.add("soap", v.name, v.xml)
	}
	return l.out, nil
}

// EnvelopeEquivalents are envelopes that carry the same message.
func (d Document) EnvelopeEquivalents() []Mutant {
	good := string(d.XML)
	l := newList("")
	for _, v := range []struct{ name, xml string }{
		{"genuine", string(Envelope(d.XML))}, {"another prefix", `<soap-env:Envelope xmlns:soap-env="` + soap11 + `"><soap-env:Body>` + good + `</soap-env:Body></soap-env:Envelope>`}, {"no prefix", `<Envelope xmlns="` + soap11 + `"><Body>` + good + `</Body></Envelope>`},
		{"a Header", `<s:Envelope xmlns:s="` + soap11 + `"><s:Header><x:y xmlns:x="urn:x">z</x:y></s:Header><s:Body>` + good + `</s:Body></s:Envelope>`}, {"blanks and a declaration", `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<s:Envelope xmlns:s="` + soap11 + `">` + "\n  <s:Body>\n" + good + "\n</s:Body>\n</s:Envelope>\n"},
		{"namespaces that nobody uses", `<s:Envelope xmlns:s="` + soap11 + `" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Body>` + good + `</s:Body></s:Envelope>`}, {"an empty Header", `<s:Envelope xmlns:s="` + soap11 + `"><s:Header/><s:Body>` + good + `</s:Body></s:Envelope>`},
	} {
		l.add("equal", v.name, v.xml)
	}
	return l.out
}
