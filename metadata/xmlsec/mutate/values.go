package mutate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// values write the signature's value, or nothing, in ways that are not its value.
func (d Document) values(l *list, p parts) error {
	own := element(p.signature, "ds:SignatureValue")
	text := strings.TrimSuffix(strings.TrimPrefix(own, "<ds:SignatureValue>"), "</ds:SignatureValue>")
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("mutate: read signature: %w", err)
	}
	with := func(name, s string) {
		l.add("resign", "value "+name, p.before+replaceOnce(p.signature, text, s)+p.after)
	}
	n := len(raw)
	for _, v := range append(derived(d, raw), []struct {
		name string
		b    []byte
	}{
		{"cut by one", raw[:n-1]}, {"cut by one in front", raw[1:]}, {"cut by half", raw[:n/2]}, {"of one byte", raw[:1]}, {"longer by a zero", append(bytes.Clone(raw), 0)},
		{"longer by a zero in front", append([]byte{0}, raw...)}, {"longer by 4 KiB", append(bytes.Clone(raw), make([]byte, 4096)...)}, {"twice", append(bytes.Clone(raw), raw...)}, {"all zero", make([]byte, n)},
		{"all ones", bytes.Repeat([]byte{0xFF}, n)}, {"of one", append(make([]byte, n-1), 1)}, {"first bit", flipped(raw, 0)}, {"middle bit", flipped(raw, n/2)}, {"last bit", flipped(raw, n-1)},
		{"reversed", backwards(raw)}, {"base64 of its base64", []byte(text)}, {"hex of it", []byte(hex.EncodeToString(raw))},
	}...) {
		with(v.name, b64(v.b))
	}
	with("empty", "")
	with("blank", " ")
	with("padding alone", "====")
	with("in the alphabet of URLs", strings.NewReplacer("+", "-", "/", "_").Replace(text)+"-_")
	with("in hexadecimal", hex.EncodeToString(raw))
	with("without padding or with more", strings.TrimRight(text, "=")+"=====")
	with("with a NUL", text+"\x00")
	with("with a letter of Cyrillic", "\u0410"+text[1:])
	with("with an element inside", text+"<ds:x></ds:x>")
	with("with a no-break space", text[:4]+"\u00a0"+text[4:])
	l.add("resign", "value missing", p.before+replaceOnce(p.signature, own, "")+p.after)
	l.add("resign", "value before SignedInfo", p.before+replaceOnce(replaceOnce(p.signature, own, ""), infoOpen, own+infoOpen)+p.after)
	l.add("resign", "value in another namespace", p.before+replaceOnce(p.signature, own, `<ds:SignatureValue xmlns:ds="urn:x">`+text+`</ds:SignatureValue>`)+p.after)
	l.add("resign", "stripped", p.bare())
	l.add("resign", "stripped of all but Signature", p.before+signatureOpen+signatureEnd+p.after)
	l.add("resign", "stripped of all but SignedInfo", p.before+signatureOpen+element(p.signature, "ds:SignedInfo")+signatureEnd+p.after)
	f := d.forged(p)
	l.add("resign", "stripped, forged", f.bare())
	l.add("resign", "signature of another document", f.before+p.signature+f.after)
	l.add("resign", "signature in another namespace", p.before+replaceOnce(p.signature, `"`+dsig+`"`, `"urn:x"`)+p.after)
	l.add("resign", "signature in no namespace", p.before+strings.ReplaceAll(replaceOnce(p.signature, ` xmlns:ds="`+dsig+`"`, ""), "ds:", "")+p.after)
	l.add("resign", "signature in the root's namespace", p.before+strings.ReplaceAll(replaceOnce(p.signature, ` xmlns:ds="`+dsig+`"`, ""), "ds:", p.prefix())+p.after)
	l.add("resign", "signature under another name", p.before+strings.ReplaceAll(p.signature, "ds:Signature>", "ds:signature>")+p.after)
	return nil
}

// derived are numbers near the value.
func derived(d Document, raw []byte) []struct {
	name string
	b    []byte
} {
	type named = struct {
		name string
		b    []byte
	}
	switch k := d.Key.(type) {
	case *rsa.PrivateKey:
		s := new(big.Int).SetBytes(raw)
		return []named{{"plus the modulus", s.Add(s, k.N).Bytes()}, {"of the modulus", k.N.Bytes()}, {"one below the modulus", new(big.Int).Sub(k.N, big.NewInt(1)).Bytes()}}
	case *ecdsa.PrivateKey:
		n, size := k.Curve.Params().N, len(raw)/2
		r, s := new(big.Int).SetBytes(raw[:size]), new(big.Int).SetBytes(raw[size:])
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			return nil
		}
		fill := func(a, b *big.Int) []byte {
			return append(a.FillBytes(make([]byte, size+1)), b.FillBytes(make([]byte, size+1))...)
		}
		zero := make([]byte, size)
		return []named{
			{"in DER", der}, {"swapped", slices.Concat(raw[size:], raw[:size])}, {"r zero", slices.Concat(zero, raw[size:])}, {"s zero", slices.Concat(raw[:size], zero)},
			{"r and s longer by a zero", fill(r, s)}, {"r plus the order", fill(new(big.Int).Add(r, n), s)}, {"r alone", raw[:size]},
			{"r is the order", slices.Concat(n.Bytes(), raw[size:])}, {"both the order", slices.Concat(n.Bytes(), n.Bytes())},
		}
	}
	return nil
}

func flipped(b []byte, at int) []byte {
	c := bytes.Clone(b)
	c[at] ^= 1
	return c
}

func backwards(b []byte) []byte {
	c := bytes.Clone(b)
	slices.Reverse(c)
	return c
}

// digests state that something else is the digest, rightly signed.
func (d Document) digests(l *list, p parts) error {
	good := signedInfo(p, d.Key)
	own := element(good, "ds:DigestValue")
	right := digest("sha256", []byte(p.bare()))
	method := element(good, "ds:DigestMethod")
	for _, v := range []struct{ name, alg, text string }{
		{"of nothing", "", b64(digest("sha256", nil))}, {"empty", "", ""}, {"blank", "", " "}, {"cut", "", b64(right[:31])}, {"longer", "", b64(append(bytes.Clone(right), 0))},
		{"all zero", "", b64(make([]byte, 32))}, {"in hexadecimal", "", hex.EncodeToString(right)}, {"twice", "", b64(append(bytes.Clone(right), right...))},
		{"of the whole document", "", b64(digest("sha256", []byte(p.whole())))}, {"of a forged document", "", b64(digest("sha256", []byte(d.forged(p).bare())))},
		{"of the root's content", "", b64(digest("sha256", []byte(p.bare()[strings.IndexByte(p.bare(), '>')+1:])))},
		{"by SHA-1", dsig + "sha1", b64(digest("sha1", []byte(p.bare())))}, {"by MD5", more + "md5", b64(digest("md5", []byte(p.bare())))},
		{"by SHA-224", more + "sha224", b64(digest("sha224", []byte(p.bare())))}, {"labelled SHA-512", sha512URI, b64(right)}, {"SHA-512 labelled SHA-256", "", b64(digest("sha512", []byte(p.bare())))},
		{"by no name", "-", b64(right)}, {"by a name in capitals", strings.ToUpper(sha256URI), b64(right)}, {"with an element inside", "", b64(right) + "<ds:x></ds:x>"},
		{"by a signature's name", rsaSHA256, b64(right)}, {"by another's name for SHA-256", "urn:oid:2.16.840.1.101.3.4.2.1", b64(right)},
	} {
		info := replaceOnce(good, own, "<ds:DigestValue>"+v.text+"</ds:DigestValue>")
		switch v.alg {
		case "":
		case "-":
			info = replaceOnce(info, method, `<ds:DigestMethod Algorithm=""></ds:DigestMethod>`)
		default:
			info = replaceOnce(info, method, `<ds:DigestMethod Algorithm="`+v.alg+`"></ds:DigestMethod>`)
		}
		if err := d.signedAs(l, "resign", "digest "+v.name, p, info); err != nil {
			return err
		}
	}
	l.add("resign", "comment in DigestValue", p.before+replaceOnce(p.signature, "<ds:DigestValue>", "<ds:DigestValue><!--"+b64(digest("sha256", nil))+"-->")+p.after)
	salt := make([]byte, 32)
	if _, err := rand.Read(salt); err != nil {
		return fmt.Errorf("mutate: randomness: %w", err)
	}
	return d.signedAs(l, "resign", "digest of something random", p, replaceOnce(good, own, "<ds:DigestValue>"+b64(salt)+"</ds:DigestValue>"))
}
