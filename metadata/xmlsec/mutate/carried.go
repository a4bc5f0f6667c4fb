package mutate

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
)

// signedWrongly is signed by the wrong key, by none, by an algorithm that nobody accepts, or has another value.
func (d Detached) signedWrongly(l *list, b binding, good parameters) error {
	spki, err := x509.MarshalPKIXPublicKey(d.Key.Public())
	if err != nil {
		return fmt.Errorf("mutate: sender's key: %w", err)
	}
	kind := "rsa"
	if _, isEC := d.Key.(*ecdsa.PrivateKey); isEC {
		kind = "ecdsa"
	}
	hashed := func(name string) signer { return func(o []byte) ([]byte, error) { return value(d.Key, name, o) } }
	secret := func(name string, key []byte) signer {
		return func(o []byte) ([]byte, error) { return mac(name, key, o), nil }
	}
	for _, v := range []struct {
		name string
		made
	}{
		{"by a foreign key", made{xml: d.XML, sign: by(d.Other)}}, {"by a foreign key, forged", made{xml: d.forged(), sign: by(d.Other)}}, {"by SHA-1", made{xml: d.XML, alg: dsig + kind + "-sha1", sign: hashed("sha1")}}, {"by MD5", made{xml: d.XML, alg: more + kind + "-md5", sign: hashed("md5")}},
		{"by SHA-224", made{xml: d.XML, alg: more + kind + "-sha224", sign: hashed("sha224")}}, {"by SHA-1, labelled SHA-256", made{xml: d.XML, sign: hashed("sha1")}}, {"by SHA-512, labelled SHA-256", made{xml: d.XML, sign: hashed("sha512")}},
		{"by HMAC of the public key", made{xml: d.XML, alg: more + "hmac-sha256", sign: secret("sha256", spki)}}, {"by HMAC of nothing", made{xml: d.XML, alg: more + "hmac-sha256", sign: secret("sha256", nil)}}, {"by HMAC-SHA1 of the public key", made{xml: d.forged(), alg: dsig + "hmac-sha1", sign: secret("sha1", spki)}},
		{"by HMAC, labelled as usual", made{xml: d.forged(), sign: secret("sha256", spki)}}, {"by no name", made{xml: d.XML, alg: " ", sign: hashed("sha256")}}, {"by a made up name", made{xml: d.XML, alg: "urn:x", sign: hashed("sha256")}}, {"by name in capitals", made{xml: d.XML, alg: strings.ToUpper(usual(d.Key)), sign: hashed("sha256")}},
		{"by none", made{xml: d.XML, alg: "none", sign: func([]byte) ([]byte, error) { return []byte{0}, nil }}},
	} {
		v.relay = &d.Relay
		ps, err := d.make(b, v.made)
		if err != nil {
			return err
		}
		l.add(b.family, "signed "+v.name, ps.String())
	}
	text := unescaped(good.get("Signature"))
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("mutate: read signature: %w", err)
	}
	n := len(raw)
	values := append(derived(Document{Key: d.Key}, raw), []struct {
		name string
		b    []byte
	}{{"cut by one", raw[:n-1]}, {"cut by half", raw[:n/2]}, {"longer by a zero", append(bytes.Clone(raw), 0)}, {"longer by a zero in front", append([]byte{0}, raw...)}, {"all zero", make([]byte, n)}, {"all ones", bytes.Repeat([]byte{0xff}, n)}, {"first bit", flipped(raw, 0)}, {"last bit", flipped(raw, n-1)}, {"reversed", backwards(raw)}, {"base64 of its base64", []byte(text)}, {"of 60 KiB", make([]byte, 60<<10)}}...)
	for _, v := range values {
		l.add(b.family, "value "+v.name, good.with(meant("Signature", b64(v.b))).String())
	}
	for _, v := range []struct{ name, text string }{{"in the alphabet of URLs", strings.NewReplacer("+", "-", "/", "_").Replace(text) + "-_"}, {"without padding or with more", strings.TrimRight(text, "=") + "====="}, {"with a space", text[:4] + " " + text[4:]}, {"with a tab", text + "\t"}, {"with a no-break space", text[:4] + "\u00a0" + text[4:]}, {"in XML", "<ds:SignatureValue>" + text + "</ds:SignatureValue>"}} {
		l.add(b.family, "value "+v.name, good.with(meant("Signature", v.text)).String())
	}
	return nil
}

// octetsOtherwise signs other octets than those of the binding.
func (d Detached) octetsOtherwise(l *list, b binding, good parameters) error {
	alg := unescaped(good.get("SigAlg"))
	packed := unescaped(good.get(d.Field))
	relay := d.Relay
	sorted := slices.Clone(good.without("Signature"))
	slices.SortFunc(sorted, func(a, b parameter) int { return -strings.Compare(a.name, b.name) })
	fields := d.Field + "=" + packed + "&RelayState=" + relay + "&SigAlg=" + alg
	for _, v := range []struct{ name, octets string }{
		{"nothing", ""}, {"the message alone", string(d.XML)}, {"the packed message alone", packed}, {"all but SigAlg", strings.TrimSuffix(good.without("Signature").String(), "&SigAlg="+good.get("SigAlg"))}, {"all but RelayState", string(b.octets(d, d.XML, nil, alg, packed))},
		{"another order", sorted.String()}, {"with Signature", good.without("Signature").String() + "&Signature="}, {"with an ampersand", good.without("Signature").String() + "&"}, {"with a question mark", "?" + good.without("Signature").String()}, {"the other name", strings.Replace(string(b.octets(d, d.XML, &relay, alg, packed)), "SAMLRe", "SAMLre", 1)},
		{"another RelayState", string(b.octets(d, d.XML, new(string), alg, packed))}, {"another algorithm", string(b.octets(d, d.XML, &relay, rsaSHA256+"x", packed))}, {"the values without escapes", fields}, {"with a line end", string(b.octets(d, d.XML, &relay, alg, packed)) + "\n"}, {"in capitals", strings.ToUpper(string(b.octets(d, d.XML, &relay, alg, packed)))},
	} {
		if v.octets == string(b.octets(d, d.XML, &relay, alg, packed)) {
			continue
		}
		sig, err := value(d.Key, "sha256", []byte(v.octets))
		if err != nil {
			return err
		}
		l.add(b.family, "signature over "+v.name, good.with(meant("Signature", b64(sig))).String())
	}
	return nil
}

// packedOtherwise is rightly signed, but compressed or encoded in another way, or a bomb.
func (d Detached) packedOtherwise(l *list, b binding, good parameters) error {
	plain := b64(d.XML)
	right := deflated(d.XML)
	text := unescaped(good.get(d.Field))
	var gz, zl bytes.Buffer
	for _, w := range []io.WriteCloser{gzip.NewWriter(&gz), zlib.NewWriter(&zl)} {
		_, err1 := w.Write(d.XML)
		if err2 := w.Close(); err1 != nil || err2 != nil {
			return fmt.Errorf("%w: compress", errDocument)
		}
	}
	bomb := func(n int) string {
		doc := string(d.XML)
		return b64(deflated([]byte(doc + strings.Repeat(" ", n))))
	}
	packs := []struct{ name, packed string }{
		{"by gzip", b64(gz.Bytes())}, {"by zlib", b64(zl.Bytes())}, {"with something behind", b64(append(bytes.Clone(right), "<x/>"...))}, {"with a zero behind", b64(append(bytes.Clone(right), 0))}, {"cut", b64(right[:len(right)-2])}, {"cut by half", b64(right[:len(right)/2])}, {"twice", b64(deflated(right))}, {"two streams", b64(slices.Concat(right, right))},
		{"bomb of 70 KB", bomb(70 << 10)}, {"bomb of 10 MB", bomb(10 << 20)}, {"endless stored blocks", b64(bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, 8000))},
		{"base64 in the alphabet of URLs", strings.NewReplacer("+", "-", "/", "_").Replace(text) + "-_"}, {"base64 without padding or with more", strings.TrimRight(text, "=") + "====="}, {"base64 with a space", text[:8] + " " + text[8:]}, {"base64 with a tab", text[:8] + "\t" + text[8:]}, {"base64 with something behind", text + "!"}, {"base64 with text behind its padding", text + "AAAA===="}, {"base64 of base64", b64([]byte(text))}, {"in hexadecimal", fmt.Sprintf("%x", right)}, {"as XML", string(d.XML)},
	}
	if b.family == "query" {
		packs = append(packs, struct{ name, packed string }{"not compressed", plain})
	}
	for _, v := range packs {
		ps, err := d.make(b, made{xml: d.XML, packed: v.packed, relay: &d.Relay})
		if err != nil {
			return err
		}
		l.add(b.family, "packed "+v.name, ps.String())
	}
	for _, encoding := range []string{"", "urn:x", "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:deflate", "gzip"} {
		if b.family == "query" {
			l.add(b.family, "SAMLEncoding "+quoted(encoding), join(good, meant("SAMLEncoding", encoding)).String())
		}
	}
	return nil
}

// gated are documents for the gate, rightly signed.
func (d Detached) gated(l *list, b binding, _ parameters) error {
	doc, slots := d.host()
	g := Document{XML: []byte(doc), Elsewhere: d.Elsewhere, Bounds: d.Bounds}
	big := newList(doc)
	g.tooMuch(big, doc, slots)
	for _, m := range append(g.gate(doc, slots), big.out...) {
		switch {
		case len(m.Body) == 0, b.family == "form" && len(m.Body) > 1<<20:
			continue
		case m.Name == "mark inside", m.Name == "broken: greater-than twice": // rightly signed text that means nothing
			continue
		}
		ps, err := d.make(b, made{xml: m.Body, relay: &d.Relay})
		if err != nil {
			return err
		}
		l.add(b.family, m.Name, ps.String())
	}
	return nil
}

// contents has the message changed after signing, or rightly signed with look-alikes or a signature inside.
func (d Detached) contents(l *list, b binding, good parameters) error {
	doc := string(d.XML)
	all, err := nodes(doc)
	if err != nil {
		return err
	}
	edits := newList(doc)
	seen := map[string]int{}
	for _, n := range all {
		name := n.name
		if seen[n.name]++; seen[n.name] > 1 {
			name = fmt.Sprintf("%s %d", n.name, seen[n.name])
		}
		for _, a := range n.attrs {
			editValue(edits, doc, name+" "+a.name, a, strings.HasPrefix(a.name, "xmlns"))
		}
		if n.text {
			editText(edits, doc, name, n)
		}
		if n.parent >= 0 {
			editElement(edits, doc, name, n, all)
		}
	}
	for _, m := range edits.out {
		l.add(b.family, "content: "+m.Name, good.with(meant(d.Field, b.pack(m.Body))).String())
	}
	n := 0
	right := func(name, xml string) error {
		n++
		xml = replaceOnce(xml, ` ID="`, fmt.Sprintf(` ID="_%d`, n)) // a message that is rightly signed may be remembered
		ps, err := d.make(b, made{xml: []byte(xml), relay: &d.Relay})
		if err == nil {
			l.add(b.family, name, ps.String())
		}
		return err
	}
	for _, v := range append(slices.Clone(d.Exact), d.URIs...) {
		for _, like := range lookalikes(v, slices.Contains(d.URIs, v)) {
			if err := right(fmt.Sprintf("%s: %s", holderOf(doc, v), like.name), strings.ReplaceAll(doc, v, like.value)); err != nil {
				return err
			}
		}
	}
	return d.within(l, b, right)
}

// within has an enveloped signature in the message as well.
func (d Detached) within(l *list, b binding, right func(name, xml string) error) error {
	doc := string(d.XML)
	at := strings.Index(doc, "Issuer>") + len("Issuer>")
	_, id, _ := strings.Cut(doc, ` ID="`)
	id, _, _ = strings.Cut(id, `"`)
	p := parts{before: doc[:at], after: doc[at:], id: id, idName: "ID"}
	own, err := sealed(p, signedInfo(p, d.Key), by(d.Key), "")
	if err != nil {
		return err
	}
	theirs, err := sealed(p, signedInfo(p, d.Other), by(d.Other), "")
	if err != nil {
		return err
	}
	for _, v := range []struct{ name, xml string }{
		{"the sender's signature inside", own}, {"a foreign signature inside", theirs}, {"an empty signature inside", insert(doc, at, signatureOpen+signatureEnd)}, {"a signature of another namespace inside", insert(doc, at, `<x:Signature xmlns:x="urn:x"></x:Signature>`)}, {"a signature at the end inside", insert(doc, strings.LastIndex(doc, "</"), signatureOpen+signatureEnd)},
	} {
		if err := right(v.name, v.xml); err != nil {
			return err
		}
	}
	ps, err := d.make(b, made{xml: []byte(own), relay: &d.Relay, sign: by(d.Other)})
	if err != nil {
		return err
	}
	l.add(b.family, "the sender's signature inside, a foreign one outside", ps.String())
	if b.family == "query" {
		l.add(b.family, "a signature inside, none outside", ps.without("SigAlg").without("Signature").String())
	}
	return nil
}

// QueryEquivalents are queries that say and prove the same.
func (d Detached) QueryEquivalents() ([]Mutant, error) { return d.equivalents(redirect()) }

// FormEquivalents are forms that say and prove the same.
func (d Detached) FormEquivalents() ([]Mutant, error) { return d.equivalents(simpleSign()) }

func (d Detached) equivalents(b binding) ([]Mutant, error) {
	good, err := d.make(b, made{xml: d.XML, relay: &d.Relay})
	if err != nil {
		return nil, err
	}
	l := newList("")
	l.add("equal", "genuine", good.String())
	backward := slices.Clone(good)
	slices.Reverse(backward)
	l.add("equal", "in another order", backward.String())
	l.add("equal", "unknown parameters", "foo=bar&"+strings.Replace(good.String(), "&", "&x&y=%2B&", 1)+"&z=")
	l.add("equal", "empty pieces", "&"+strings.ReplaceAll(good.String(), "&", "&&")+"&")
	l.add("equal", "names of another case beside", join(good, parameter{strings.ToLower(d.Field), "x"}, parameter{"relaystate", "x"}).String())
	l.add("equal", "escapes of the signature in lower case", good.with(parameter{"Signature", lowerEscapes(good.get("Signature"))}).String())
	l.add("equal", "line ends in the signature", good.with(meant("Signature", wrapped(unescaped(good.get("Signature")), "\r\n"))).String())
	if b.family == "query" {
		l.add("equal", "SAMLEncoding", join(good, meant("SAMLEncoding", "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE")).String())
		return l.out, d.rewritten(l, good)
	}
	l.add("equal", "line ends in the message", good.with(meant(d.Field, wrapped(unescaped(good.get(d.Field)), "\n"))).String())
	l.add("equal", "escapes in lower case", parameters(good).with(parameter{d.Field, lowerEscapes(good.get(d.Field))}).with(parameter{"SigAlg", everyEscape(unescaped(good.get("SigAlg")))}).String())
	return l.out, nil
}

// rewritten are queries whose octets were written in another way before they were signed.
func (d Detached) rewritten(l *list, good parameters) error {
	stored := func(level int) string {
		var out bytes.Buffer
		z, err := flate.NewWriter(&out, level)
		if err != nil {
			return ""
		}
		_, err1 := z.Write(d.XML)
		if err2 := z.Close(); err1 != nil || err2 != nil {
			return ""
		}
		return b64(out.Bytes())
	}
	for _, v := range []struct {
		name string
		ps   parameters
	}{
		{"escapes in lower case", parameters{{d.Field, lowerEscapes(good.get(d.Field))}, {"RelayState", lowerEscapes(good.get("RelayState"))}, {"SigAlg", lowerEscapes(good.get("SigAlg"))}}},
		{"everything escaped", parameters{{d.Field, everyEscape(unescaped(good.get(d.Field)))}, {"RelayState", everyEscape(d.Relay)}, {"SigAlg", everyEscape(unescaped(good.get("SigAlg")))}}},
		{"slashes and colons bare", parameters{{d.Field, strings.ReplaceAll(good.get(d.Field), "%2F", "/")}, {"RelayState", good.get("RelayState")}, {"SigAlg", strings.NewReplacer("%2F", "/", "%3A", ":").Replace(good.get("SigAlg"))}}},
		{"not compressed, but packed", parameters{meant(d.Field, stored(flate.NoCompression)), {"RelayState", good.get("RelayState")}, {"SigAlg", good.get("SigAlg")}}},
		{"packed by Huffman's code alone", parameters{meant(d.Field, stored(flate.HuffmanOnly)), {"RelayState", good.get("RelayState")}, {"SigAlg", good.get("SigAlg")}}},
	} {
		sig, err := value(d.Key, "sha256", []byte(v.ps.String()))
		if err != nil {
			return err
		}
		l.add("equal", v.name, append(v.ps, meant("Signature", b64(sig))).String())
	}
	return nil
}
