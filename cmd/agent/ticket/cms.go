package ticket

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// Objects of the Cryptographic Message Syntax (RFC 5652) and its algorithms.
var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidECDSA         = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2} // with SHA-256
)

type algorithm struct {
	Algorithm  asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content signedData `asn1:"explicit,tag:0"`
}

type signedData struct { // 5.1
	Version      int
	Digests      []algorithm `asn1:"set"`
	Content      encapsulated
	Certificates asn1.RawValue
	Signers      []signerInfo `asn1:"set"`
}

type encapsulated struct {
	Type    asn1.ObjectIdentifier
	Content []byte `asn1:"explicit,tag:0"`
}

type signerInfo struct { // 5.3
	Version   int
	Signer    issuerAndSerial
	Digest    algorithm
	Attrs     asn1.RawValue
	Algorithm algorithm
	Signature []byte
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

// signedAttributes are what the card signs (5.4): the DER of a SET, which no text that a page has signed can begin like.
func signedAttributes(content []byte, now time.Time) ([]byte, error) {
	digest := sha256.Sum256(content)
	var list []attribute
	for _, a := range []struct {
		oid   asn1.ObjectIdentifier
		value any
	}{{oidContentType, oidData}, {oidSigningTime, now.UTC().Truncate(time.Second)}, {oidMessageDigest, digest[:]}} {
		der, err := asn1.Marshal(a.value)
		if err != nil {
			return nil, err
		}
		list = append(list, attribute{a.oid, []asn1.RawValue{{FullBytes: der}}})
	}
	return asn1.MarshalWithParams(list, "set")
}

// signedMessage wraps a content, the attributes that were signed and the signature into CMS SignedData of one signer.
func signedMessage(content, attributes, signature []byte, cert *x509.Certificate) ([]byte, error) {
	sha := algorithm{Algorithm: oidSHA256, Parameters: asn1.NullRawValue}
	how := algorithm{Algorithm: oidRSA, Parameters: asn1.NullRawValue}
	switch cert.PublicKeyAlgorithm {
	case x509.RSA:
	case x509.ECDSA:
		how = algorithm{Algorithm: oidECDSA} // RFC 5754 3.3: no parameters
	default:
		return nil, fmt.Errorf("ticket: a key of kind %s", cert.PublicKeyAlgorithm)
	}
	implicit := bytes.Clone(attributes)
	implicit[0] = 0xA0 // [0] IMPLICIT, where the signature is over the SET
	return asn1.Marshal(contentInfo{oidSignedData, signedData{
		Version: 1, Digests: []algorithm{sha}, Content: encapsulated{oidData, content},
		Certificates: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: cert.Raw},
		Signers: []signerInfo{{
			Version: 1, Signer: issuerAndSerial{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber}, Digest: sha,
			Attrs: asn1.RawValue{FullBytes: implicit}, Algorithm: how, Signature: signature,
		}},
	}})
}
