package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"io"
)

// SigningKey is a private key and how it signs.
type SigningKey struct {
	Signer      crypto.Signer
	Algorithm   string // signature algorithm URI
	Digest      string // digest algorithm URI of the Reference; empty: that of Algorithm
	Certificate []byte // DER, goes in KeyInfo; may be empty
}

// SignEnveloped signs an element that is already in exclusive canonical form and returns it with a ds:Signature inserted at
// byte offset at (after Issuer, or first in metadata). The attribute ID (AssertionID or ResponseID in
// SAML 1.1) of the element must be id. The canonical bytes are
// hashed once as they are; the result is again in canonical form. Characters that XML does not have are refused: no partner could
// read them. Errors match [ErrKey], [ErrSyntax] or [ErrSignature].
func SignEnveloped(canonical []byte, id string, at int, key SigningKey, rand io.Reader) ([]byte, error) {
	m, known := signatureMethodOf(key.Algorithm)
	if !known {
		return nil, fail(CodeAlgorithm, "signature algorithm")
	}
	if err := checkPlace(canonical, id, at); err != nil {
		return nil, err
	}
	if err := CheckCharacters(canonical); err != nil {
		return nil, err
	}
	digest, hash := m.digest, m.hash
	if key.Digest != "" {
		if hash, known = digestOf(key.Digest); !known {
			return nil, fail(CodeAlgorithm, "digest algorithm")
		}
		digest = key.Digest
	}
	info := appendSignedInfo(make([]byte, 0, 1024), id, key.Algorithm, digest, sum(hash, canonical))
	value, err := signValue(m, sum(m.hash, info), key.Signer, rand)
	if err != nil {
		return nil, err
	}
	n := len(canonical) + len(info) + base64.StdEncoding.EncodedLen(len(value)+len(key.Certificate)) + 512
	out := append(make([]byte, 0, n), canonical[:at]...)
	out = append(out, `<ds:Signature xmlns:ds="`+dsigSpace+`">`...)
	// Inside ds:Signature the declaration is in force already; standing alone, for its digest, SignedInfo repeats it.
	out = append(append(out, infoOpen...), info[len(infoOpenAlone):]...)
	out = append(out, "<ds:SignatureValue>"...)
	out = base64.StdEncoding.AppendEncode(out, value)
	out = append(out, "</ds:SignatureValue>"...)
	if len(key.Certificate) > 0 {
		out = append(out, "<ds:KeyInfo>"...)
		out = append(x509Data(out, key.Certificate), "</ds:KeyInfo>"...)
	}
	return append(append(out, "</ds:Signature>"...), canonical[at:]...), nil
}

const (
	infoOpen      = `<ds:SignedInfo>`
	infoOpenAlone = `<ds:SignedInfo xmlns:ds="` + dsigSpace + `">`
)

// appendSignedInfo appends SignedInfo in canonical form, as it is digested.
func appendSignedInfo(w []byte, id, algorithm, digestAlgorithm string, digest []byte) []byte {
	w = append(w, infoOpenAlone+`<ds:CanonicalizationMethod Algorithm="`+ExclusiveC14N+
		`"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="`...)
	w = append(w, algorithm...)
	w = append(w, `"></ds:SignatureMethod><ds:Reference URI="#`...)
	w = append(w, id...)
	w = append(w, `"><ds:Transforms><ds:Transform Algorithm="`+EnvelopedSignature+
		`"></ds:Transform><ds:Transform Algorithm="`+ExclusiveC14N+
		`"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="`...)
	w = append(w, digestAlgorithm...)
	w = append(w, `"></ds:DigestMethod><ds:DigestValue>`...)
	w = base64.StdEncoding.AppendEncode(w, digest)
	return append(w, `</ds:DigestValue></ds:Reference></ds:SignedInfo>`...)
}

// x509Data appends a certificate as a key hint.
func x509Data(w, der []byte) []byte {
	w = append(w, "<ds:X509Data><ds:X509Certificate>"...)
	w = base64.StdEncoding.AppendEncode(w, der)
	return append(w, "</ds:X509Certificate></ds:X509Data>"...)
}

// checkPlace catches a caller that names the wrong element or offset; it does not parse.
func checkPlace(canonical []byte, id string, at int) error {
	if !isNCName(id) {
		return fail(CodeProfile, "ID is not an NCName")
	}
	tag := bytes.IndexByte(canonical, '>')
	if tag < 0 || !bytes.Contains(canonical[:tag], []byte(`ID="`+id+`"`)) {
		return fail(CodeProfile, "the element does not have this ID")
	}
	if at <= tag || at >= len(canonical) || canonical[at-1] != '>' || canonical[at] != '<' {
		return fail(CodeProfile, "the signature would not stand between elements")
	}
	return nil
}

// SignDetached signs octets. ECDSA values are r||s (XML Signature 1.1, 6.4.3).
func SignDetached(octets []byte, key SigningKey, rand io.Reader) ([]byte, error) {
	m, known := signatureMethodOf(key.Algorithm)
	if !known {
		return nil, fail(CodeAlgorithm, "signature algorithm")
	}
	return signValue(m, sum(m.hash, octets), key.Signer, rand)
}

func signValue(m signatureMethod, digest []byte, signer crypto.Signer, rand io.Reader) ([]byte, error) {
	if signer == nil {
		return nil, fail(CodeNoKey, "no signing key")
	}
	public := signer.Public()
	if !checkKeyOf(m.kind, public) {
		return nil, fail(CodeKey, "the signing key cannot use its algorithm")
	}
	var options crypto.SignerOpts = m.hash
	if m.kind == kindPSS {
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: m.hash}
	}
	value, err := signer.Sign(rand, digest, options)
	if err != nil {
		return nil, failWith(CodeKey, "signer", err)
	}
	if k, ok := public.(*ecdsa.PublicKey); ok {
		return rawSignature(k, value)
	}
	return value, nil
}
