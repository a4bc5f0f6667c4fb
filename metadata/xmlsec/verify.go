package xmlsec

import (
	"crypto"
	"crypto/subtle"
	"slices"
)

// Verified is a document that passed the gate and whose origin was decided by this package. Only this package makes one.
type Verified struct {
	root *Element
	by   crypto.PublicKey
}

// Root is the root element, read from exactly the bytes that the signature covered; nil in the zero value.
// Of a signed document it has no ds:Signature any more.
func (v Verified) Root() *Element { return v.root }

// By is the key that verified the document; nil after [AcceptUnsigned].
func (v Verified) By() crypto.PublicKey { return v.by }

// AcceptUnsigned lets a document through the gate without a signature. A document that carries a Signature anywhere is
// refused (code "sig_profile"): a signature is verified or it is fatal, never ignored.
func AcceptUnsigned[T Octets](doc T, l Limits) (Verified, error) {
	root, err := parse(doc, l)
	if err != nil {
		return Verified{}, err
	}
	if l.signatures(root) > 0 {
		return Verified{}, fail(CodeProfile, "a signature that nobody asked to verify")
	}
	return Verified{root: root}, nil
}

// VerifyEnveloped verifies the enveloped signature on the root of doc. Every key is tried, so that a partner can roll over.
// For messages goxmldsig must come to the same result over the same bytes; if not the code is "second_opinion" and the
// disagreement deserves an alarm.
func VerifyEnveloped[T Octets](doc T, l Limits, keys []crypto.PublicKey) (Verified, error) {
	d, err := readSigned(doc, l)
	if err != nil {
		return Verified{}, err
	}
	s, err := signatureOf(d, l)
	if err != nil {
		return Verified{}, err
	}
	covered, err := coveredBytes(d, s, l)
	if err != nil {
		return Verified{}, err
	}
	if subtle.ConstantTimeCompare(sumOf(s.digest, covered), s.want) != 1 {
		return Verified{}, fail(CodeDigest, "the content is not what was signed")
	}
	by, err := verifyAny(s.method, keys, sumOf(s.method.hash, s.bytes), s.value)
	if err != nil {
		return Verified{}, err
	}
	if l.secondOpinion {
		if err := secondOpinion(d.doc, s, by, covered); err != nil {
			return Verified{}, err
		}
	}
	root, err := readBack(covered, d.canon.size)
	if err != nil {
		return Verified{}, err
	}
	return Verified{root: root, by: by}, nil
}

// coveredBytes is the canonical form that the Reference digests. It was written while the document was read, unless the signer
// asked for a PrefixList or another form, which is known too late for that.
func coveredBytes(d *signedDocument, s signature, l Limits) (string, error) {
	if s.content == ExclusiveC14N && len(s.inclusive) == 0 {
		return d.canon.form(), nil
	}
	again, err := readAs(d.doc, s.content, s.inclusive, l)
	if err != nil {
		return "", err
	}
	return again.canon.form(), nil
}

// VerifyDetached verifies sig, made with the algorithm URI alg over octets, with any one of keys and lets doc through the gate
// (SAML Bindings 3.4.4.1). The caller proves that octets carry doc. A Signature inside doc is refused.
func VerifyDetached[T Octets](doc T, l Limits, octets []byte, alg string, sig []byte, keys []crypto.PublicKey) (Verified, error) {
	m, known := signatureMethodOf(alg)
	if !known || slices.Contains(l.Refused, alg) {
		return Verified{}, fail(CodeAlgorithm, "signature algorithm")
	}
	by, err := verifyAny(m, keys, sum(m.hash, octets), sig)
	if err != nil {
		return Verified{}, err
	}
	v, err := AcceptUnsigned(doc, l)
	if err != nil {
		return Verified{}, err
	}
	return Verified{root: v.root, by: by}, nil
}

// verifyAny returns the first key that verifies value over what has the digest.
func verifyAny(m signatureMethod, keys []crypto.PublicKey, digest, value []byte) (crypto.PublicKey, error) {
	if len(keys) == 0 {
		return nil, fail(CodeNoKey, "no key is known for the signer")
	}
	for _, key := range keys {
		if verifyValue(m, key, digest, value) {
			return key, nil
		}
	}
	return nil, fail(CodeSignature, "no known key made this signature")
}
