package trust

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// ReadEntity reads metadata. id chooses from an aggregate of several. With keys, one of them must have signed the whole of it, and only
// what the signature covers is read; without, an administrator vouches for it by applying it, and a signature in it is not looked at.
// The strict gate is passed either way.
func ReadEntity(entityXML []byte, id string, keys ...crypto.PublicKey) (metadata.Entity, error) {
	if len(entityXML) == 0 {
		return metadata.Entity{}, errors.New("there is none")
	}
	var v xmlsec.Verified
	var err error
	if len(keys) > 0 {
		v, err = xmlsec.VerifyEnveloped(entityXML, xmlsec.MetadataLimits(), keys)
	} else {
		v, err = xmlsec.AcceptVouched(entityXML, xmlsec.MetadataLimits())
	}
	if err != nil {
		return metadata.Entity{}, err
	}
	return metadata.ParseEntity(v, id)
}

// readEntity is ReadEntity by what the terms say.
func readEntity(entityXML []byte, id string, d *SAMLDocument) (metadata.Entity, error) {
	if d.VerifyKeys == "" {
		return ReadEntity(entityXML, id)
	}
	keys, err := ReadVerifyKeys([]byte(d.VerifyKeys))
	if err != nil {
		return metadata.Entity{}, err
	}
	return ReadEntity(entityXML, id, keys...)
}

// ReadVerifyKeys reads PEM with certificates or public keys, at least one, and nothing else. A certificate only carries its key: how
// long it lives does not matter. The error wraps [ErrInvalid].
func ReadVerifyKeys(text []byte) ([]crypto.PublicKey, error) {
	var keys []crypto.PublicKey
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		var key crypto.PublicKey
		switch block.Type {
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("%w: a certificate: %w", ErrInvalid, err)
			}
			key = c.PublicKey
		case "PUBLIC KEY":
			var err error
			if key, err = x509.ParsePKIXPublicKey(block.Bytes); err != nil {
				return nil, fmt.Errorf("%w: a public key: %w", ErrInvalid, err)
			}
		default:
			return nil, fmt.Errorf("%w: %s where a certificate or a public key is expected", ErrInvalid, block.Type)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: no certificate and no public key in PEM", ErrInvalid)
	}
	return keys, nil
}
