package smartcard

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Bounds of a signed message that a card's middleware made.
const (
	maxSignedData   = 64 << 10 // bytes of DER
	maxCertificates = 8
	maxAttributes   = 16
)

// setOf is the first byte of signed attributes as they are signed (RFC 5652, section 5.4).
const setOf = 0x31

var errSignedData = errors.New("smartcard: not a signed message that is accepted")

func malformed(what string) error { return fmt.Errorf("%w: %s", errSignedData, what) }

// Object identifiers of RFC 5652, and that of RSA where the digest is named apart (RFC 3370, section 3.2).
var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	tagContext0      = cbasn1.Tag(0).ContextSpecific().Constructed()
	tagContext0Plain = cbasn1.Tag(0).ContextSpecific()
)

// signatureKind is what an algorithm identifier of a signature says: the digest, and RSA (PKCS #1 v1.5) or ECDSA.
type signatureKind struct {
	hash crypto.Hash
	rsa  bool
}

// signatureKindOf knows the algorithms of RFC 3370, RFC 5753 and RFC 5754 that cards use; the zero value for any other.
func signatureKindOf(oid asn1.ObjectIdentifier) signatureKind {
	switch oid.String() {
	case "1.2.840.113549.1.1.5":
		return signatureKind{crypto.SHA1, true}
	case "1.2.840.113549.1.1.11":
		return signatureKind{crypto.SHA256, true}
	case "1.2.840.113549.1.1.12":
		return signatureKind{crypto.SHA384, true}
	case "1.2.840.113549.1.1.13":
		return signatureKind{crypto.SHA512, true}
	case "1.2.840.10045.4.3.2":
		return signatureKind{crypto.SHA256, false}
	case "1.2.840.10045.4.3.3":
		return signatureKind{crypto.SHA384, false}
	case "1.2.840.10045.4.3.4":
		return signatureKind{crypto.SHA512, false}
	}
	return signatureKind{}
}

// digestOf knows SHA-1, which AcceptCMS refuses unless told otherwise, and SHA-2; 0 for any other.
func digestOf(oid asn1.ObjectIdentifier) crypto.Hash {
	switch oid.String() {
	case "1.3.14.3.2.26":
		return crypto.SHA1
	case "2.16.840.1.101.3.4.2.1":
		return crypto.SHA256
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512
	}
	return 0
}

// signedData is a CMS message with one signer (RFC 5652, section 5), read and not yet verified.
type signedData struct {
	content      []byte // nil: it is detached
	certificates []*x509.Certificate
	signer       signerInfo
}

// signerInfo is the one signer.
type signerInfo struct {
	issuer, serial []byte // DER of both; nil: named by keyID
	keyID          []byte
	digest         crypto.Hash
	attributes     []byte // DER of the signed attributes as they are signed, a SET OF; nil: there are none
	contentType    []byte // DER, of the attributes
	messageDigest  []byte // of the attributes
	kind           signatureKind
	signature      []byte
}

// parseSignedData reads DER and nothing else: one signer, content of type id-data, at most eight certificates, no revocation
// lists, no unsigned attributes, nothing behind. Errors wrap errSignedData.
func parseSignedData(der []byte) (*signedData, error) {
	if len(der) > maxSignedData {
		return nil, malformed("too large")
	}
	in := cryptobyte.String(der)
	var outer, explicit, body cryptobyte.String
	var kind asn1.ObjectIdentifier
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !in.Empty() || !outer.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(oidSignedData) ||
		!outer.ReadASN1(&explicit, tagContext0) || !outer.Empty() || !explicit.ReadASN1(&body, cbasn1.SEQUENCE) || !explicit.Empty() {
		return nil, malformed("no SignedData")
	}
	d := &signedData{}
	digest, err := d.readHead(&body)
	if err != nil {
		return nil, err
	}
	if err := d.readCertificates(&body); err != nil {
		return nil, err
	}
	var signers, signer cryptobyte.String
	if !body.ReadASN1(&signers, cbasn1.SET) || !body.Empty() || !signers.ReadASN1(&signer, cbasn1.SEQUENCE) || !signers.Empty() {
		return nil, malformed("not exactly one signer, or revocation lists")
	}
	if err := d.signer.read(signer); err != nil {
		return nil, err
	}
	if d.signer.digest != digest {
		return nil, malformed("two digest algorithms")
	}
	return d, nil
}

// readHead reads version, digest algorithm and content.
func (d *signedData) readHead(body *cryptobyte.String) (crypto.Hash, error) {
	var version int
	var digests, content, explicit cryptobyte.String
	if !body.ReadASN1Integer(&version) || version != 1 && version != 3 || !body.ReadASN1(&digests, cbasn1.SET) {
		return 0, malformed("version or digest algorithms")
	}
	digest, err := readDigest(&digests)
	if err != nil || !digests.Empty() {
		return 0, malformed("not exactly one digest algorithm that is known")
	}
	var kind asn1.ObjectIdentifier
	var detached bool
	if !body.ReadASN1(&content, cbasn1.SEQUENCE) || !content.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(oidData) {
		return 0, malformed("content is not of type data")
	}
	if detached = content.Empty(); detached {
		return digest, nil
	}
	var octets cryptobyte.String
	if !content.ReadASN1(&explicit, tagContext0) || !content.Empty() || !explicit.ReadASN1(&octets, cbasn1.OCTET_STRING) || !explicit.Empty() {
		return 0, malformed("content")
	}
	d.content = append([]byte{}, octets...)
	return digest, nil
}

func (d *signedData) readCertificates(body *cryptobyte.String) error {
	var set cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&set, &present, tagContext0) {
		return malformed("certificates")
	}
	for !set.Empty() {
		var raw cryptobyte.String
		if !set.ReadASN1Element(&raw, cbasn1.SEQUENCE) || len(raw) > maxCertificate || len(d.certificates) == maxCertificates {
			return malformed("certificates")
		}
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			return malformed("certificate")
		}
		d.certificates = append(d.certificates, c)
	}
	return nil
}

// read reads a SignerInfo (RFC 5652, section 5.3).
func (s *signerInfo) read(in cryptobyte.String) error {
	var version int
	if !in.ReadASN1Integer(&version) {
		return malformed("version of the signer")
	}
	if err := s.readIdentifier(&in, version); err != nil {
		return err
	}
	var err error
	if s.digest, err = readDigest(&in); err != nil {
		return err
	}
	if in.PeekASN1Tag(tagContext0) {
		if err := s.readAttributes(&in); err != nil {
			return err
		}
	}
	if err := s.readAlgorithm(&in); err != nil {
		return err
	}
	var signature cryptobyte.String
	if !in.ReadASN1(&signature, cbasn1.OCTET_STRING) || !in.Empty() {
		return malformed("signature, or unsigned attributes")
	}
	s.signature = signature
	return nil
}

// readIdentifier reads by what the signer's certificate is found.
func (s *signerInfo) readIdentifier(in *cryptobyte.String, version int) error {
	switch version {
	case 1:
		var both, issuer, serial cryptobyte.String
		if !in.ReadASN1(&both, cbasn1.SEQUENCE) || !both.ReadASN1Element(&issuer, cbasn1.SEQUENCE) ||
			!both.ReadASN1Element(&serial, cbasn1.INTEGER) || !both.Empty() {
			return malformed("issuer and serial number")
		}
		s.issuer, s.serial = issuer, serial
		return nil
	case 3:
		var id cryptobyte.String
		if !in.ReadASN1(&id, tagContext0Plain) || len(id) == 0 {
			return malformed("subject key identifier")
		}
		s.keyID = id
		return nil
	}
	return malformed("version of the signer")
}

// readAttributes reads the signed attributes: DER, each kind once, contentType and messageDigest among them.
func (s *signerInfo) readAttributes(in *cryptobyte.String) error {
	var element cryptobyte.String
	if !in.ReadASN1Element(&element, tagContext0) {
		return malformed("signed attributes")
	}
	s.attributes = append([]byte{setOf}, element[1:]...) // as it is signed: section 5.4
	var set cryptobyte.String
	if !element.ReadASN1(&set, tagContext0) {
		return malformed("signed attributes")
	}
	var last []byte
	seen := map[string]bool{}
	for !set.Empty() {
		var raw, attribute, values cryptobyte.String
		var kind asn1.ObjectIdentifier
		if len(seen) == maxAttributes || !set.ReadASN1Element(&raw, cbasn1.SEQUENCE) || bytes.Compare(raw, last) <= 0 {
			return malformed("signed attributes are not in the order of DER")
		}
		last = raw
		rest := raw
		if !rest.ReadASN1(&attribute, cbasn1.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&kind) || !attribute.ReadASN1(&values, cbasn1.SET) ||
			!attribute.Empty() || seen[kind.String()] {
			return malformed("signed attribute")
		}
		seen[kind.String()] = true
		if err := s.readAttribute(kind, values); err != nil {
			return err
		}
	}
	if s.contentType == nil || s.messageDigest == nil {
		return malformed("signed attributes without contentType or messageDigest")
	}
	return nil
}

// readAttribute takes the two that matter; each has exactly one value (sections 11.1 and 11.2).
func (s *signerInfo) readAttribute(kind asn1.ObjectIdentifier, values cryptobyte.String) error {
	switch {
	case kind.Equal(oidContentType):
		var oid asn1.ObjectIdentifier
		if !values.ReadASN1ObjectIdentifier(&oid) || !values.Empty() || !oid.Equal(oidData) {
			return malformed("contentType")
		}
		s.contentType = []byte(oid.String())
	case kind.Equal(oidMessageDigest):
		var sum cryptobyte.String
		if !values.ReadASN1(&sum, cbasn1.OCTET_STRING) || !values.Empty() {
			return malformed("messageDigest")
		}
		s.messageDigest = append([]byte{}, sum...)
	}
	return nil
}

// readAlgorithm reads how the signature was made: an algorithm with a digest of its own has to have the signer's.
func (s *signerInfo) readAlgorithm(in *cryptobyte.String) error {
	oid, err := readAlgorithmIdentifier(in)
	if err != nil {
		return err
	}
	if oid.Equal(oidRSA) {
		s.kind = signatureKind{s.digest, true}
		return nil
	}
	kind := signatureKindOf(oid)
	if kind.hash != s.digest {
		return malformed("signature algorithm")
	}
	s.kind = kind
	return nil
}

func readDigest(in *cryptobyte.String) (crypto.Hash, error) {
	oid, err := readAlgorithmIdentifier(in)
	if err != nil {
		return 0, err
	}
	hash := digestOf(oid)
	if hash == 0 {
		return 0, malformed("digest algorithm")
	}
	return hash, nil
}

// readAlgorithmIdentifier reads one whose parameters are NULL or absent.
func readAlgorithmIdentifier(in *cryptobyte.String) (asn1.ObjectIdentifier, error) {
	var seq, null cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&oid) {
		return nil, malformed("algorithm identifier")
	}
	if !seq.Empty() && (!seq.ReadASN1(&null, cbasn1.NULL) || !null.Empty() || !seq.Empty()) {
		return nil, malformed("parameters of an algorithm")
	}
	return oid, nil
}

// signerCertificate is the one certificate that the signer is named by; nil if there is none, or more than one.
func (d *signedData) signerCertificate() *x509.Certificate {
	var found *x509.Certificate
	for _, c := range d.certificates {
		if !d.signer.names(c) {
			continue
		}
		if found != nil {
			return nil
		}
		found = c
	}
	return found
}

func (s *signerInfo) names(c *x509.Certificate) bool {
	if s.keyID != nil {
		return bytes.Equal(c.SubjectKeyId, s.keyID)
	}
	serial, err := asn1.Marshal(c.SerialNumber)
	return err == nil && bytes.Equal(c.RawIssuer, s.issuer) && bytes.Equal(serial, s.serial)
}
