package xmlsec

import (
	"crypto/aes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"io"
	"slices"
)

// agreement is key agreement with a recipient's EC key: ECDH-ES, ConcatKDF with SHA-256 and AES key wrap (XML Encryption 1.1, 5.4.1,
// 5.6.1 and 5.7).
type agreement struct {
	wrap    string // kw-aes128 or kw-aes256
	keySize int    // bytes
}

// chooseAgreement takes the recipient's first AES key wrap; without one, that of the content key's size. A recipient that lists
// methods for keys, but none of key agreement, does not want it.
func chooseAgreement(to EncryptionKey, data dataMethod) (agreement, error) {
	var listed, agrees bool
	var chosen agreement
	if to.refuses(ECDHES) {
		return agreement{}, noMethod()
	}
	for _, m := range to.Methods {
		switch m.Algorithm {
		case ECDHES:
			agrees = true
		case KeyWrapAES128, KeyWrapAES256:
			if agrees = true; chosen.wrap == "" {
				chosen.wrap = m.Algorithm
			}
		case RSAOAEP, RSAOAEPMGF1P, rsa15:
			listed = true
		}
	}
	if listed && !agrees {
		return agreement{}, fail(CodeAlgorithm, "the recipient lists no key agreement")
	}
	if chosen.wrap == "" {
		if chosen.wrap = KeyWrapAES256; data.keySize == 16 {
			chosen.wrap = KeyWrapAES128
		}
	}
	if chosen.keySize = 32; chosen.wrap == KeyWrapAES128 {
		chosen.keySize = 16
	}
	return chosen, nil
}

// encryptedKey appends what stands in an EncryptedKey for the recipient: method, KeyInfo and the wrapped key.
func (a agreement) encryptedKey(w []byte, to EncryptionKey, public *ecdsa.PublicKey, key []byte, rand io.Reader) ([]byte, error) {
	theirs, err := public.ECDH()
	if err != nil {
		return nil, failWith(CodeKey, "EC key", err)
	}
	ours, err := theirs.Curve().GenerateKey(rand)
	if err != nil {
		return nil, failWith(CodeKey, "randomness", err)
	}
	secret, err := ours.ECDH(theirs)
	if err != nil {
		return nil, failWith(CodeKey, "key agreement", err)
	}
	wrapped, err := wrapKey(concatKDF(secret, a.keySize), key)
	if err != nil {
		return nil, err
	}
	w = append(append(w, `<xenc:EncryptionMethod Algorithm="`...), a.wrap...)
	w = append(w, `"></xenc:EncryptionMethod><ds:KeyInfo><xenc:AgreementMethod Algorithm="`+ECDHES+
		`"><xenc11:KeyDerivationMethod xmlns:xenc11="`+xmlenc11Space+`" Algorithm="`+ConcatKDF+
		`"><xenc11:ConcatKDFParams AlgorithmID="0000" PartyUInfo="00" PartyVInfo="00"><ds:DigestMethod Algorithm="`+SHA256+
		`"></ds:DigestMethod></xenc11:ConcatKDFParams></xenc11:KeyDerivationMethod><xenc:OriginatorKeyInfo>`...)
	w = append(ecKeyValue(w, ours.PublicKey(), public.Curve), `</xenc:OriginatorKeyInfo><xenc:RecipientKeyInfo>`...)
	if len(to.Certificate) > 0 {
		w = x509Data(w, to.Certificate)
	} else {
		w = ecKeyValue(w, theirs, public.Curve)
	}
	w = append(w, `</xenc:RecipientKeyInfo></xenc:AgreementMethod></ds:KeyInfo>`...)
	return cipherData(w, wrapped), nil
}

// ecKeyValue appends a public key as a named curve and an uncompressed point (XML Signature 1.1, 4.5.2.3).
func ecKeyValue(w []byte, key *ecdh.PublicKey, curve elliptic.Curve) []byte {
	w = append(append(w, `<ds:KeyValue><dsig11:ECKeyValue xmlns:dsig11="`+dsig11Space+`"><dsig11:NamedCurve URI="`...), curveURI(curve)...)
	w = append(w, `"></dsig11:NamedCurve><dsig11:PublicKey>`...)
	w = base64.StdEncoding.AppendEncode(w, key.Bytes())
	return append(w, `</dsig11:PublicKey></dsig11:ECKeyValue></ds:KeyValue>`...)
}

func curveURI(c elliptic.Curve) string {
	switch c {
	case elliptic.P384():
		return "urn:oid:1.3.132.0.34"
	case elliptic.P521():
		return "urn:oid:1.3.132.0.35"
	}
	return "urn:oid:1.2.840.10045.3.1.7"
}

// concatKDF derives up to 32 bytes by one round of SHA-256 (NIST SP 800-56A, 5.8.1). The algorithm is one zero byte and both parties
// are empty: the first byte of each parameter counts bits of padding. Some recipients refuse to derive from three empty parameters.
func concatKDF(secret []byte, size int) []byte {
	sum := sha256.Sum256(slices.Concat([]byte{0, 0, 0, 1}, secret, []byte{0}))
	return sum[:size]
}

// wrapKey is the AES key wrap of RFC 3394, 2.2.1.
func wrapKey(kek, key []byte) ([]byte, error) {
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, failWith(CodeKey, "AES", err)
	}
	const half = aes.BlockSize / 2
	out := make([]byte, half+len(key))
	for i := range half {
		out[i] = 0xA6
	}
	copy(out[half:], key)
	var b, count [aes.BlockSize]byte
	for t := 1; t <= 6*len(key)/half; t++ {
		r := out[half*(1+(t-1)%(len(key)/half)):][:half]
		copy(b[:half], out)
		copy(b[half:], r)
		block.Encrypt(b[:], b[:])
		binary.BigEndian.PutUint64(count[:], uint64(t))
		subtle.XORBytes(out[:half], b[:half], count[:half])
		copy(r, b[half:])
	}
	return out, nil
}
