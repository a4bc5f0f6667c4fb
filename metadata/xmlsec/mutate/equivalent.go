package mutate

import (
	"crypto/ecdsa"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
)

// Equivalents are documents that say and prove the same as d by the standards: the canonical form is the same (Canonical XML 1.0),
// or what differs is a hint that proves nothing (XML Signature 1.1, 4.5). A verifier must accept each of them.
func (d Document) Equivalents() ([]Mutant, error) {
	p, err := cut(string(d.XML))
	if err != nil {
		return nil, err
	}
	l := newList(string(d.XML))
	l.add("equal", "genuine again", p.whole()+"\n")
	notations(l, p)
	hints(l, p)
	if err := d.sealedOtherwise(l, p); err != nil {
		return nil, err
	}
	if d.Markup {
		marked(l, p.whole())
	}
	return l.out, nil
}

// notations write the same information in another way.
func notations(l *list, p parts) {
	doc := p.whole()
	tag := strings.IndexByte(doc, '>')
	all, err := nodes(doc)
	if err != nil {
		return
	}
	root := all[0]
	first, last := root.attrs[0], root.attrs[len(root.attrs)-1]
	attr := func(a span) string { return doc[a.start : a.to+1] }
	value := strings.TrimSuffix(strings.TrimPrefix(element(p.signature, "ds:SignatureValue"), "<ds:SignatureValue>"), "</ds:SignatureValue>")
	for _, v := range []struct{ name, body string }{
		{"declaration", `<?xml version="1.0" encoding="UTF-8"?>` + doc}, {"declaration in small letters", "<?xml version='1.0' encoding='utf-8' standalone='no'?>\r\n" + doc}, {"byte order mark", "\ufeff" + doc},
		{"byte order mark and declaration", "\ufeff<?xml version=\"1.0\"?>\n" + doc}, {"blanks around the root", "\r\n\t " + doc + " \r\n"}, {"other quotes", doc[:first.from-1] + "'" + doc[first.from:first.to] + "'" + doc[first.to+1:]},
		{"attributes in another order", doc[:first.start] + attr(last) + doc[first.to+1:last.start] + attr(first) + doc[last.to+1:]}, {"line ends between attributes", doc[:first.start] + "\r\n\t" + doc[first.start+1:]},
		{"space in the start tag", insert(doc, tag, " \n")}, {"space in the end tag", doc[:len(doc)-1] + " \t>"}, {"spaces around an equals sign", strings.Replace(doc, `="`, ` = "`, 1)},
		{"empty-element tags", emptied(doc, all)}, {"namespace that nobody uses", insert(doc, tag, ` xmlns:unused="urn:unused"`)}, {"namespace declared on the root", hoisted(doc)},
		{"base64 with line ends", replaceOnce(doc, value, wrapped(value, "\n"))}, {"base64 with CRLF", replaceOnce(doc, value, wrapped(value, "\r\n"))}, {"base64 with CR as reference", replaceOnce(doc, value, wrapped(value, "&#13;\n"))}, {"base64 with blanks around", replaceOnce(doc, value, "\n\t "+value+" ")},
		{"blanks between the parts of the signature", strings.NewReplacer("</ds:SignedInfo>", "</ds:SignedInfo>\r\n  ", "</ds:SignatureValue>", "</ds:SignatureValue>\n").Replace(doc)},
		{"Id on the signature", replaceOnce(doc, "<ds:Signature ", `<ds:Signature Id="_signature" `)}, {"Id on the value", replaceOnce(doc, "<ds:SignatureValue>", `<ds:SignatureValue Id="_value">`)},
	} {
		l.add("equal", v.name, v.body)
	}
	referenced(l, doc, all)
}

// referenced writes one character of each first attribute and text of a name as a reference, and line ends as they were sent.
func referenced(l *list, doc string, all []node) {
	seen := map[string]bool{}
	for _, n := range all {
		if seen[n.name] {
			continue
		}
		seen[n.name] = true
		if n.text && doc[n.open] != '&' && doc[n.open] < 0x80 {
			l.add("equal", "reference in "+n.name, doc[:n.open]+reference(doc[n.open], false)+doc[n.open+1:])
		}
		for _, a := range n.attrs {
			if a.to > a.from && doc[a.from] != '&' && doc[a.from] < 0x80 {
				l.add("equal", "reference in "+n.name+" "+a.name, doc[:a.from]+reference(doc[a.from], true)+doc[a.from+1:])
			}
		}
	}
}

func reference(c byte, hexadecimal bool) string {
	const digits = "0123456789abcdef"
	if hexadecimal {
		return "&#x0" + string(digits[c>>4]) + string(digits[c&15]) + ";"
	}
	return "&#" + string('0'+c/100) + string('0'+c/10%10) + string('0'+c%10) + ";"
}

// emptied uses empty-element tags where there is no content.
func emptied(doc string, all []node) string {
	for _, n := range slices.Backward(all) {
		if n.open == n.shut {
			doc = doc[:n.open-1] + "/>" + doc[n.end:]
		}
	}
	return doc
}

// hoisted declares the assertion's and the signature's prefix on the root and not below.
func hoisted(doc string) string {
	for _, prefix := range []string{"saml", "ds"} {
		i := strings.Index(doc, " xmlns:"+prefix+`="`)
		tag := strings.IndexByte(doc, '>')
		if i < tag {
			continue
		}
		end := i + strings.Index(doc[i:], `="`) + 2
		end += strings.IndexByte(doc[end:], '"') + 1
		declaration := doc[i:end]
		doc = insert(strings.ReplaceAll(doc, declaration, ""), tag, declaration)
	}
	return doc
}

func wrapped(s, end string) string {
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(s[:76] + end)
		s = s[76:]
	}
	return b.String() + s + end
}

// hints change KeyInfo, which proves nothing.
func hints(l *list, p parts) {
	own := keyInfoOf(p.signature)
	for _, v := range []struct{ name, with string }{
		{"no KeyInfo", ""}, {"empty KeyInfo", "<ds:KeyInfo></ds:KeyInfo>"}, {"another certificate", "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"},
		{"a certificate that is none", "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>%%%</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"}, {"names in KeyInfo", "<ds:KeyInfo><ds:KeyName>x</ds:KeyName><ds:X509Data><ds:X509SubjectName>CN=x</ds:X509SubjectName></ds:X509Data></ds:KeyInfo>"},
		{"a key of 16,384 bits in KeyInfo", "<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>" + b64([]byte(strings.Repeat("\xff", 2048))) + "</ds:Modulus><ds:Exponent>Aw==</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>"},
		{"its certificate twice", own[:len(own)-len("</ds:KeyInfo>")] + element(own, "ds:X509Data") + "</ds:KeyInfo>"}, {"Id on KeyInfo", replaceOnce(own, "<ds:KeyInfo>", `<ds:KeyInfo Id="_hint">`)},
	} {
		l.add("equal", v.name, p.before+replaceOnce(p.signature, own, v.with)+p.after)
	}
}

// marked has comments and CDATA sections: canonical form leaves the ones out and resolves the others.
func marked(l *list, doc string) {
	all, err := nodes(doc)
	if err != nil {
		return
	}
	l.add("equal", "comments around the root", "<!-- a -->"+doc+"<!-- b -->")
	seen := map[string]bool{}
	from, to := strings.Index(doc, signatureOpen), strings.Index(doc, signatureEnd)
	for _, n := range all {
		if !n.text || seen[n.name] || n.start >= from && n.start < to { // nobody writes these in a signature
			continue
		}
		seen[n.name] = true
		at := n.open + (n.shut-n.open)/2
		l.add("equal", "comment in "+n.name, insert(doc, at, "<!-- evil -->"))
		if !strings.Contains(doc[n.open:n.shut], "&") {
			l.add("equal", "CDATA is "+n.name, doc[:n.open]+"<![CDATA["+doc[n.open:n.shut]+"]]>"+doc[n.shut:])
		}
	}
}

// sealedOtherwise signs the same in other ways that the profile has.
func (d Document) sealedOtherwise(l *list, p parts) error {
	good := signedInfo(p, d.Key)
	own := keyInfoOf(p.signature)
	add := func(name, info string, sign signer) error {
		body, err := sealed(p, info, sign, own)
		if err == nil {
			l.add("equal", name, body)
		}
		return err
	}
	prefixes := func(list string) string {
		return replaceOnce(good, transformX, `<ds:Transform Algorithm="`+excC14N+`"><ec:InclusiveNamespaces xmlns:ec="`+excC14N+`" PrefixList="`+list+`"></ec:InclusiveNamespaces></ds:Transform>`)
	}
	usualURI := usual(d.Key)
	for _, v := range []struct {
		name, info string
		sign       signer
	}{
		{"signed again", good, by(d.Key)}, {"PrefixList of a prefix that is not there", prefixes("xs"), by(d.Key)}, {"PrefixList of nothing", prefixes(""), by(d.Key)}, {"Id on SignedInfo and Reference", strings.NewReplacer("<ds:Reference ", `<ds:Reference Id="_reference" `).Replace(good), by(d.Key)},
		{"digest with line ends", strings.NewReplacer("<ds:DigestValue>", "<ds:DigestValue>\n", "</ds:DigestValue>", "&#xD;\n</ds:DigestValue>").Replace(good), by(d.Key)}, {"blanks in SignedInfo", strings.ReplaceAll(good, "><", ">\n  <"), by(d.Key)},
		{"digest by SHA-512", strings.NewReplacer(sha256URI, sha512URI, b64(digest("sha256", []byte(p.bare()))), b64(digest("sha512", []byte(p.bare())))).Replace(good), by(d.Key)},
		{"signed by SHA-512", strings.Replace(good, usualURI, strings.Replace(usualURI, "sha256", "sha512", 1), 1), func(b []byte) ([]byte, error) { return value(d.Key, "sha512", b) }},
	} {
		if err := add(v.name, v.info, v.sign); err != nil {
			return err
		}
	}
	k, isEC := d.Key.(*ecdsa.PrivateKey)
	if !isEC {
		return add("signed by RSA-PSS", strings.Replace(good, usualURI, pssSHA256, 1), func(b []byte) ([]byte, error) { return pss(d.Key, "sha256", b, 32) })
	}
	// An ECDSA value and the one with s negated are both right (FIPS 186-5, 6.4.2): whoever sees one can write the other.
	text := strings.TrimSuffix(strings.TrimPrefix(element(p.signature, "ds:SignatureValue"), "<ds:SignatureValue>"), "</ds:SignatureValue>")
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw)%2 != 0 {
		return errDocument
	}
	n := k.Curve.Params().N
	s := new(big.Int).Sub(n, new(big.Int).SetBytes(raw[len(raw)/2:]))
	l.add("equal", "s negated", p.before+replaceOnce(p.signature, text, b64(append(raw[:len(raw)/2:len(raw)/2], s.FillBytes(make([]byte, len(raw)/2))...)))+p.after)
	return nil
}
