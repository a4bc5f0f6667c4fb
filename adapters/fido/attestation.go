package fido

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/webauthn"
)

// formats are the attestation statements that are read at all (WebAuthn Level 3, section 8). The library verifies each by its section.
// SafetyNet ended with the service behind it; a compound statement says nothing that one of its parts does not.
func formats() []protocol.AttestationFormat {
	return []protocol.AttestationFormat{
		protocol.AttestationFormatNone, protocol.AttestationFormatPacked, protocol.AttestationFormatTPM,
		protocol.AttestationFormatAndroidKey, protocol.AttestationFormatApple, protocol.AttestationFormatFIDOUniversalSecondFactor,
	}
}

// readable says whether an attestation is of a format that is read.
func readable(format string) bool {
	return slices.Contains(formats(), protocol.AttestationFormat(format))
}

// trustPath is the certificates of a verified attestation statement, leaf first; nil if the statement has none, as of a key that
// vouches for itself.
func trustPath(object []byte) [][]byte {
	var a protocol.AttestationObject
	if err := webauthncbor.Unmarshal(object, &a); err != nil {
		return nil
	}
	items, ok := a.AttStatement["x5c"].([]any)
	if !ok || len(items) > maxChain {
		return nil
	}
	var out [][]byte
	for _, item := range items {
		b, ok := item.([]byte)
		if !ok {
			return nil
		}
		out = append(out, b)
	}
	return out
}

// vouched says whether a trust path leads to an authority of the model: one that metadata lists for it, or one of the policy's.
func vouched(c *webauthn.Credential, model AAGUID, m *Metadata, roots []*x509.Certificate, at time.Time) bool {
	path, err := certificates(trustPath(c.Attestation.Object))
	if err != nil || len(path) == 0 {
		return false
	}
	var own []*x509.Certificate
	if m != nil {
		own = m.models[model].roots
	}
	anchor := anchorOf(path, slices.Concat(own, roots), at)
	if anchor == nil {
		return false
	}
	// Who certifies several models must say in each certificate for which (section 8.2.1). Otherwise the model is the word of whoever has a key
	// of any of them, whatever the format: what a platform's statement covers is made by software of the device's owner.
	named, ok, err := modelIn(path[0])
	onlyThis := slices.ContainsFunc(own, anchor.Equal) && !m.shared[sha256.Sum256(anchor.Raw)]
	return onlyThis || err == nil && ok && named == model
}

// aaguidExtension is id-fido-gen-ce-aaguid.
func aaguidExtension() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}
}

// anchorOf finds the root that a path leads to; nil if none. Vendors also list an attestation certificate as its own root.
func anchorOf(path, roots []*x509.Certificate, at time.Time) *x509.Certificate {
	leaf := path[0]
	if slices.ContainsFunc(roots, leaf.Equal) {
		if at.Before(leaf.NotBefore) || at.After(leaf.NotAfter) {
			return nil
		}
		return leaf
	}
	// TPMs mark their subject alternative name as critical; the library has read it.
	leaf.UnhandledCriticalExtensions = slices.DeleteFunc(leaf.UnhandledCriticalExtensions, func(o asn1.ObjectIdentifier) bool {
		return o.Equal(asn1.ObjectIdentifier{2, 5, 29, 17})
	})
	chains, err := verifyPath(path, roots, at)
	if err != nil {
		return nil
	}
	return chains[0][len(chains[0])-1]
}
