package mutate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // to see it refused
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // to see it refused
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"hash"
	"math/big"
	"strings"
)

// Algorithms by their names (XML Signature 1.1, RFC 9231). The kit signs with every one of them.
const (
	excC14N    = "http://www.w3.org/2001/10/xml-exc-c14n#"
	enveloped  = dsig + "enveloped-signature"
	more       = "http://www.w3.org/2001/04/xmldsig-more#"
	newer      = "http://www.w3.org/2007/05/xmldsig-more#"
	sha256URI  = "http://www.w3.org/2001/04/xmlenc#sha256"
	sha512URI  = "http://www.w3.org/2001/04/xmlenc#sha512"
	rsaSHA256  = more + "rsa-sha256"
	ecdsa256   = more + "ecdsa-sha256"
	pssSHA256  = newer + "sha256-rsa-MGF1"
	infoOpen   = "<ds:SignedInfo>"
	infoAlone  = "<ds:SignedInfo xmlns:ds=\"" + dsig + "\">"
	infoEnd    = "</ds:SignedInfo>"
	transformX = `<ds:Transform Algorithm="` + excC14N + `"></ds:Transform>`
	transformE = `<ds:Transform Algorithm="` + enveloped + `"></ds:Transform>`
)

func hashOf(name string) (crypto.Hash, func() hash.Hash) {
	switch name {
	case "md5":
		return crypto.MD5, md5.New
	case "sha1":
		return crypto.SHA1, sha1.New
	case "sha224":
		return crypto.SHA224, sha256.New224
	case "sha384":
		return crypto.SHA384, sha512.New384
	case "sha512":
		return crypto.SHA512, sha512.New
	}
	return crypto.SHA256, sha256.New
}

func digest(name string, data []byte) []byte {
	_, f := hashOf(name)
	h := f()
	h.Write(data)
	return h.Sum(nil)
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// usual is the algorithm that a key signs with.
func usual(key crypto.Signer) string {
	if _, ok := key.(*ecdsa.PrivateKey); ok {
		return ecdsa256
	}
	return rsaSHA256
}

// value signs data by a hash: PKCS #1 v1.5 for RSA, r||s for ECDSA.
func value(key crypto.Signer, name string, data []byte) ([]byte, error) {
	h, _ := hashOf(name)
	der, err := key.Sign(rand.Reader, digest(name, data), h)
	if err != nil {
		return nil, fmt.Errorf("mutate: sign: %w", err)
	}
	if k, ok := key.(*ecdsa.PrivateKey); ok {
		r, s, err := pair(der)
		if err != nil {
			return nil, err
		}
		n := (k.Curve.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, n)), s.FillBytes(make([]byte, n))...), nil
	}
	return der, nil
}

func pair(der []byte) (r, s *big.Int, err error) {
	var v struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &v); err != nil {
		return nil, nil, fmt.Errorf("mutate: read signature: %w", err)
	}
	return v.R, v.S, nil
}

// pss signs by RSA-PSS with a salt of that many bytes.
func pss(key crypto.Signer, name string, data []byte, salt int) ([]byte, error) {
	k, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: no RSA key", errDocument)
	}
	h, _ := hashOf(name)
	b, err := rsa.SignPSS(rand.Reader, k, h, digest(name, data), &rsa.PSSOptions{SaltLength: salt})
	if err != nil {
		return nil, fmt.Errorf("mutate: sign: %w", err)
	}
	return b, nil
}

func mac(name string, key, data []byte) []byte {
	_, f := hashOf(name)
	h := hmac.New(f, key)
	h.Write(data)
	return h.Sum(nil)
}

// signer makes a signature value over SignedInfo in canonical form.
type signer func(info []byte) ([]byte, error)

func by(key crypto.Signer) signer {
	return func(info []byte) ([]byte, error) { return value(key, "sha256", info) }
}

// signedInfo is the SignedInfo of a good signature of p by key.
func signedInfo(p parts, key crypto.Signer) string {
	return infoOpen + `<ds:CanonicalizationMethod Algorithm="` + excC14N + `"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="` + usual(key) +
		`"></ds:SignatureMethod><ds:Reference URI="#` + p.id + `"><ds:Transforms>` + transformE + transformX + `</ds:Transforms><ds:DigestMethod Algorithm="` +
		sha256URI + `"></ds:DigestMethod><ds:DigestValue>` + b64(digest("sha256", []byte(p.bare()))) + `</ds:DigestValue></ds:Reference>` + infoEnd
}

// sealed is p with a signature over info, which is in canonical form but for the declaration of its prefix.
func sealed(p parts, info string, sign signer, keyInfo string) (string, error) {
	v, err := sign([]byte(replaceOnce(info, infoOpen, infoAlone)))
	if err != nil {
		return "", err
	}
	p.signature = signatureOpen + info + "<ds:SignatureValue>" + b64(v) + "</ds:SignatureValue>" + keyInfo + signatureEnd
	return p.whole(), nil
}

// again is p, changed, with a good signature.
func (d Document) again(p parts) (string, error) {
	return sealed(p, signedInfo(p, d.Key), by(d.Key), keyInfoOf(p.signature))
}

// renumbered gives the root an ID that is used once: a message that is rightly signed may be remembered by it.
func (p parts) renumbered(n int) parts {
	id := fmt.Sprintf("%s-%d", p.id, n)
	p.before = replaceOnce(p.before, p.idName+`="`+p.id+`"`, p.idName+`="`+id+`"`)
	p.id = id
	return p
}

// keyInfoOf cuts the KeyInfo out of a signature.
func keyInfoOf(signature string) string {
	i := strings.Index(signature, "<ds:KeyInfo>")
	if i < 0 {
		return ""
	}
	return signature[i:strings.Index(signature, signatureEnd)]
}
