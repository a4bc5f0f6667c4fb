package smartcard

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // known so that it can be refused by name, and for cards that Options.AllowSHA1 lets in
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// AcceptCMS implements bridge.Cards. What is signed is content: by way of signed attributes, which must hold its digest (RFC 5652,
// section 5.4), or directly where there are none. Content in the message must be the same bytes. ECDSA values are DER (RFC 5753, section 7.2).
func (c *Cards) AcceptCMS(ctx context.Context, signed, content []byte, now time.Time) (bridge.Proof, error) {
	d, err := parseSignedData(signed)
	if err != nil {
		return bridge.Proof{}, notSigned("card_cms").Because(err)
	}
	if d.content != nil && subtle.ConstantTimeCompare(d.content, content) != 1 {
		return bridge.Proof{}, notSigned("card_cms_content")
	}
	if d.signer.digest == crypto.SHA1 && !c.options.AllowSHA1 {
		return bridge.Proof{}, bridge.Refuse(bridge.CredentialUntrusted, "The card's software signed with SHA-1, which is not accepted here.").WithCode("card_sha1")
	}
	certificate := d.signerCertificate()
	if certificate == nil {
		return bridge.Proof{}, notSigned("card_cms_signer")
	}
	if err := d.signer.verify(certificate, content); err != nil {
		return bridge.Proof{}, notSigned("card_signature").Because(err)
	}
	return c.Accept(ctx, []*x509.Certificate{certificate}, now)
}

func notSigned(code string) *bridge.Refusal {
	return bridge.Refuse(bridge.CredentialUntrusted, "The challenge was not signed by this card.").WithCode(code)
}

var errNotMade = errors.New("smartcard: the signature is not of this key over this content")

// verify checks the signature with the certificate's key; who issued it is asked afterwards, as of any card.
func (s *signerInfo) verify(certificate *x509.Certificate, content []byte) error {
	sum := sumOf(s.digest, content)
	if s.attributes != nil {
		if subtle.ConstantTimeCompare(sum, s.messageDigest) != 1 {
			return errNotMade
		}
		sum = sumOf(s.digest, s.attributes)
	} else if len(content) == 0 || content[0] == setOf {
		return errNotMade // what is signed directly must not be taken for signed attributes, nor they for it
	}
	switch key := certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		if s.kind.rsa && key.N.BitLen() <= maxRSABits && rsa.VerifyPKCS1v15(key, s.kind.hash, sum, s.signature) == nil {
			return nil
		}
	case *ecdsa.PublicKey:
		if !s.kind.rsa && ecdsa.VerifyASN1(key, sum, s.signature) {
			return nil
		}
	}
	return errNotMade
}

func sumOf(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data)
	return h.Sum(nil)
}
