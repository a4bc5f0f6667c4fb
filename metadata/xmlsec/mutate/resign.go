package mutate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

// resign signs in every wrong way: as the attacker, who has a key of its own and knows the public ones, and as the holder of a
// registered key that signs what the profile does not have.
func (d Document) resign(l *list, p parts) error {
	for _, f := range []func(*list, parts) error{d.foreignKeys, d.publicSecrets, d.algorithms, d.values, d.digests, d.references, d.transforms} {
		if err := f(l, p); err != nil {
			return err
		}
	}
	return nil
}

// foreignKeys are signatures of the attacker, over the original and over what it forged, with its key in KeyInfo in all ways.
func (d Document) foreignKeys(l *list, p parts) error {
	public, err := x509.MarshalPKIXPublicKey(d.Other.Public())
	if err != nil {
		return fmt.Errorf("mutate: attacker's key: %w", err)
	}
	own := keyInfoOf(p.signature)
	infos := []struct{ name, keyInfo string }{
		{"no KeyInfo", ""}, {"the partner's KeyInfo", own}, {"empty KeyInfo", "<ds:KeyInfo></ds:KeyInfo>"},
		{"its key as certificate", "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>" + b64(public) + "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"},
		{"a KeyName", "<ds:KeyInfo><ds:KeyName>partner</ds:KeyName></ds:KeyInfo>"},
		{"a DEREncodedKeyValue", `<ds:KeyInfo><x:DEREncodedKeyValue xmlns:x="http://www.w3.org/2009/xmldsig11#">` + b64(public) + "</x:DEREncodedKeyValue></ds:KeyInfo>"},
		{"a RetrievalMethod", `<ds:KeyInfo><ds:RetrievalMethod URI="` + d.Elsewhere + `"></ds:RetrievalMethod></ds:KeyInfo>`},
		{"a KeyInfoReference", `<ds:KeyInfo><x:KeyInfoReference xmlns:x="http://www.w3.org/2009/xmldsig11#" URI="` + d.Elsewhere + `"></x:KeyInfoReference></ds:KeyInfo>`},
		{"the partner's KeyInfo and its own", strings.Replace(own, "<ds:KeyInfo>", "<ds:KeyInfo><ds:KeyValue>"+rsaValue(d.Other)+"</ds:KeyValue>", 1)},
		{"a KeyValue", "<ds:KeyInfo><ds:KeyValue>" + rsaValue(d.Other) + "</ds:KeyValue></ds:KeyInfo>"},
	}
	for _, f := range []struct {
		name string
		p    parts
	}{{"original", p}, {"forged", d.forged(p)}} {
		for _, k := range infos {
			body, err := sealed(f.p, signedInfo(f.p, d.Other), by(d.Other), k.keyInfo)
			if err != nil {
				return err
			}
			l.add("resign", fmt.Sprintf("foreign key, %s, %s", f.name, k.name), body)
		}
	}
	if d.Weak == nil {
		return nil
	}
	body, err := sealed(p, signedInfo(p, d.Weak), by(d.Weak), "")
	if err != nil {
		return err
	}
	l.add("resign", "registered weak key", body)
	return nil
}

func rsaValue(key crypto.Signer) string {
	k, ok := key.Public().(*rsa.PublicKey)
	if !ok {
		return ""
	}
	return "<ds:RSAKeyValue><ds:Modulus>" + b64(k.N.Bytes()) + "</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue>"
}

// publicSecrets take what everybody knows of the partner's key for an HMAC secret.
func (d Document) publicSecrets(l *list, p parts) error {
	spki, err := x509.MarshalPKIXPublicKey(d.Key.Public())
	if err != nil {
		return fmt.Errorf("mutate: partner's key: %w", err)
	}
	secrets := []struct {
		name string
		key  []byte
	}{
		{"SubjectPublicKeyInfo", spki}, {"PEM of it", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})}, {"nothing", nil},
		{"certificate", []byte(element(p.signature, "ds:X509Certificate"))}, {"entity", []byte(p.id)},
	}
	switch k := d.Key.Public().(type) {
	case *rsa.PublicKey:
		secrets = append(secrets, struct {
			name string
			key  []byte
		}{"PKCS #1", x509.MarshalPKCS1PublicKey(k)}, struct {
			name string
			key  []byte
		}{"modulus", k.N.Bytes()})
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			return fmt.Errorf("mutate: partner's key: %w", err)
		}
		secrets = append(secrets, struct {
			name string
			key  []byte
		}{"point", point})
	}
	for _, alg := range []struct{ uri, hash string }{{dsig + "hmac-sha1", "sha1"}, {more + "hmac-sha256", "sha256"}, {more + "hmac-sha512", "sha512"}, {more + "hmac-md5", "md5"}} {
		for _, secret := range secrets {
			for _, f := range []parts{p, d.forged(p)} {
				info := strings.Replace(signedInfo(f, d.Key), usual(d.Key), alg.uri, 1)
				body, err := sealed(f, info, func(b []byte) ([]byte, error) { return mac(alg.hash, secret.key, b), nil }, keyInfoOf(p.signature))
				if err != nil {
					return err
				}
				name := fmt.Sprintf("HMAC %s keyed with %s", alg.hash, secret.name)
				if f.whole() != p.whole() {
					name += ", forged"
				}
				l.add("resign", name, body)
			}
		}
	}
	for _, length := range []string{"0", "1", "8", "160"} {
		info := strings.Replace(signedInfo(p, d.Key), usual(d.Key)+`">`, more+`hmac-sha256"><ds:HMACOutputLength>`+length+`</ds:HMACOutputLength>`, 1)
		l.add("resign", "HMACOutputLength "+length, p.before+signatureOpen+info+"<ds:SignatureValue>gA==</ds:SignatureValue>"+signatureEnd+p.after)
	}
	return nil
}

// algorithms are signatures by the partner's own key that no list of accepted algorithms has, or that are labelled as another.
func (d Document) algorithms(l *list, p parts) error {
	good := signedInfo(p, d.Key)
	add := func(name, uri string, sign signer) error {
		body, err := sealed(p, strings.Replace(good, usual(d.Key), uri, 1), sign, keyInfoOf(p.signature))
		if err != nil {
			return err
		}
		l.add("resign", name, body)
		return nil
	}
	hashed := func(name string) signer {
		return func(info []byte) ([]byte, error) { return value(d.Key, name, info) }
	}
	_, isEC := d.Key.(*ecdsa.PrivateKey)
	kind := map[bool]string{false: "rsa", true: "ecdsa"}[isEC]
	for _, a := range []struct{ name, uri, hash string }{
		{"SHA-1", dsig + kind + "-sha1", "sha1"}, {"SHA-1, newer name", more + kind + "-sha1", "sha1"}, {"MD5", more + kind + "-md5", "md5"}, {"SHA-224", more + kind + "-sha224", "sha224"},
		{"RIPEMD-160", more + kind + "-ripemd160", "sha1"}, {"DSA", dsig + "dsa-sha1", "sha1"}, {"DSA SHA-256", "http://www.w3.org/2009/xmldsig11#dsa-sha256", "sha256"},
		{"none", "none", "sha256"}, {"no name", "", "sha256"}, {"a made up name", "urn:x", "sha256"}, {"name in capitals", strings.ToUpper(usual(d.Key)), "sha256"},
		{"name with a space", usual(d.Key) + " ", "sha256"}, {"name with a line end", "&#xA;" + usual(d.Key), "sha256"}, {"name of the digest", sha256URI, "sha256"}, {"name of a canonicalization", excC14N, "sha256"},
		{"labelled SHA-512", more + kind + "-sha512", "sha256"}, {"labelled SHA-384", more + kind + "-sha384", "sha256"}, {"SHA-512 labelled SHA-256", usual(d.Key), "sha512"},
		{"SHA-1 labelled SHA-256", usual(d.Key), "sha1"}, {"labelled RSA or ECDSA", map[bool]string{false: ecdsa256, true: rsaSHA256}[isEC], "sha256"},
		{"labelled RSA-PSS", pssSHA256, "sha256"}, {"labelled Ed25519", "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519", "sha256"},
		{"RSA-PSS with parameters", newer + "rsa-pss", "sha256"}, {"whirlpool", newer + kind + "-whirlpool", "sha256"}, {"SHA3-256", newer + kind + "-sha3-256", "sha256"},
	} {
		if err := add(a.name, a.uri, hashed(a.hash)); err != nil {
			return err
		}
	}
	if isEC {
		return nil
	}
	for _, salt := range []int{rsa.PSSSaltLengthAuto, 20, 31, 33, 64} { // the first is the longest that fits
		if err := add(fmt.Sprintf("RSA-PSS, salt of %d bytes", salt), pssSHA256, func(b []byte) ([]byte, error) { return pss(d.Key, "sha256", b, salt) }); err != nil {
			return err
		}
	}
	if err := add("RSA-PSS labelled PKCS #1", rsaSHA256, func(b []byte) ([]byte, error) { return pss(d.Key, "sha256", b, 32) }); err != nil {
		return err
	}
	if err := add("RSA-PSS by SHA-1", newer+"sha1-rsa-MGF1", func(b []byte) ([]byte, error) { return pss(d.Key, "sha1", b, 20) }); err != nil {
		return err
	}
	return add("RSA-PSS of SHA-512 labelled SHA-256", pssSHA256, func(b []byte) ([]byte, error) { return pss(d.Key, "sha512", b, 64) })
}
