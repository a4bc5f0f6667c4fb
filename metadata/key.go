package metadata

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// maxCertificate bounds a certificate before anything parses it, in bytes of DER.
const maxCertificate = 16 << 10

var errKeyInfo = errors.New("metadata: key cannot be read")

// readKey adds the key of a KeyDescriptor to sp. Certificates only carry keys: their dates, names, issuers and signatures mean
// nothing (SAML V2.0 Metadata Interoperability Profile 2.6.1).
func (e *Entity) readKey(sp *ServiceProvider, descriptor *xmlsec.Element) {
	info := descriptor.Child(spaceDsig, "KeyInfo")
	if info == nil {
		e.note(Error, "key_unreadable", "a KeyDescriptor has no KeyInfo")
		return
	}
	key, der, err := readKeyInfo(info)
	switch {
	case err != nil:
		e.note(Error, "key_unreadable", "a key cannot be read or its certificate is too large")
		return
	case key == nil:
		e.note(Warning, "key_name_only", "a key is given by name only and is passed over")
		return
	}
	if err := xmlsec.CheckKey(key); err != nil {
		e.note(Error, "key_weak", "a key is refused: RSA must have 2048 to 8192 bits and exponent 65537 or more, EC must be P-256, P-384 or P-521")
		return
	}
	use := attribute(descriptor, "use")
	if use != "" && use != "signing" && use != "encryption" {
		e.note(Warning, "key_use", "a key has an unknown use and is passed over")
		return
	}
	if der != nil && !slices.ContainsFunc(sp.Certificates, func(c []byte) bool { return bytes.Equal(c, der) }) {
		sp.Certificates = append(sp.Certificates, der)
	}
	if use != "encryption" && !hasKey(sp.SigningKeys, key) {
		sp.SigningKeys = append(sp.SigningKeys, key)
	}
	if use == "signing" || onlySigns(der) {
		return
	}
	encryption := xmlsec.EncryptionKey{Public: key, Certificate: der}
	for _, m := range descriptor.All(space, "EncryptionMethod") {
		encryption.Methods = append(encryption.Methods, encryptionMethod(m))
	}
	sp.addEncryptionKey(encryption, use == "encryption")
}

// addEncryptionKey keeps RSA keys in front: every system decrypts by them. An EC key counts only where it says that it is for
// encryption: many are meant for signatures and do not say so.
func (sp *ServiceProvider) addEncryptionKey(key xmlsec.EncryptionKey, explicit bool) {
	isRSA := hasRSA(key)
	if !isRSA && !explicit {
		return
	}
	at := len(sp.EncryptionKeys)
	for at > 0 && isRSA && !hasRSA(sp.EncryptionKeys[at-1]) {
		at--
	}
	sp.EncryptionKeys = slices.Insert(sp.EncryptionKeys, at, key)
}

func hasRSA(key xmlsec.EncryptionKey) bool {
	_, ok := key.Public.(*rsa.PublicKey)
	return ok
}

// encryptionMethod reads an EncryptionMethod with the children that matter to RSA-OAEP (XML Encryption 1.1, 5.5.2).
func encryptionMethod(e *xmlsec.Element) xmlsec.EncryptionMethod {
	m := xmlsec.EncryptionMethod{Algorithm: attribute(e, "Algorithm")}
	if d := e.Child(spaceDsig, "DigestMethod"); d != nil {
		m.Digest = attribute(d, "Algorithm")
	}
	if g := e.Child(spaceXenc11, "MGF"); g != nil {
		m.MGF = attribute(g, "Algorithm")
	}
	return m
}

func hasKey(keys []crypto.PublicKey, key crypto.PublicKey) bool {
	for _, k := range keys {
		if same, ok := k.(interface{ Equal(crypto.PublicKey) bool }); ok && same.Equal(key) {
			return true
		}
	}
	return false
}

// readKeyInfo returns the key, and the certificate that carried it if one did; nil where nothing but names is given.
// Of several certificates the first is the end entity's, the others are its chain and mean nothing here.
func readKeyInfo(info *xmlsec.Element) (crypto.PublicKey, []byte, error) {
	if c := descend(info, spaceDsig, "X509Data", spaceDsig, "X509Certificate"); c != nil {
		der, err := decode(c, maxCertificate)
		if err != nil {
			return nil, nil, err
		}
		key, err := certificateKey(der)
		return key, der, err
	}
	if v := info.Child(spaceDsig11, "DEREncodedKeyValue"); v != nil {
		key, err := encodedKey(v)
		return key, nil, err
	}
	value := info.Child(spaceDsig, "KeyValue")
	if value == nil {
		return nil, nil, nil
	}
	if v := value.Child(spaceDsig, "RSAKeyValue"); v != nil {
		key, err := rsaKey(v)
		return key, nil, err
	}
	if v := value.Child(spaceDsig11, "ECKeyValue"); v != nil {
		key, err := ecKey(v)
		return key, nil, err
	}
	return nil, nil, errKeyInfo
}

// encodedKey reads DEREncodedKeyValue (XML Signature 1.1, 4.5.9): a SubjectPublicKeyInfo.
func encodedKey(v *xmlsec.Element) (crypto.PublicKey, error) {
	der, err := decode(v, maxCertificate)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.Join(errKeyInfo, err)
	}
	return key, nil
}

// rsaKey reads RSAKeyValue (XML Signature 1.1, 4.5.2.2).
func rsaKey(v *xmlsec.Element) (crypto.PublicKey, error) {
	n, err := decode(v.Child(spaceDsig, "Modulus"), 2<<10)
	if err != nil {
		return nil, err
	}
	e, err := decode(v.Child(spaceDsig, "Exponent"), 4)
	if err != nil {
		return nil, err
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
}

// ecKey reads ECKeyValue with a named curve (XML Signature 1.1, 4.5.2.3).
func ecKey(v *xmlsec.Element) (crypto.PublicKey, error) {
	named := v.Child(spaceDsig11, "NamedCurve")
	if named == nil {
		return nil, errKeyInfo
	}
	var curve elliptic.Curve
	switch attribute(named, "URI") {
	case "urn:oid:1.2.840.10045.3.1.7":
		curve = elliptic.P256()
	case "urn:oid:1.3.132.0.34":
		curve = elliptic.P384()
	case "urn:oid:1.3.132.0.35":
		curve = elliptic.P521()
	default:
		return nil, errKeyInfo
	}
	point, err := decode(v.Child(spaceDsig11, "PublicKey"), 256)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, errors.Join(errKeyInfo, err)
	}
	return key, nil
}

// decode reads base64 text with white space in it, up to limit bytes of result.
func decode(e *xmlsec.Element, limit int) ([]byte, error) {
	if e == nil {
		return nil, errKeyInfo
	}
	text := strings.Join(strings.Fields(e.Text()), "")
	if base64.StdEncoding.DecodedLen(len(text)) > limit+2 {
		return nil, errKeyInfo
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) == 0 || len(b) > limit {
		return nil, errKeyInfo
	}
	return b, nil
}
