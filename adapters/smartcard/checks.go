package smartcard

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"

	"github.com/lanyard-hub/lanyard/bridge"
)

// maxCertificate bounds a card's certificate, in bytes of DER.
const maxCertificate = 16 << 10

// rule is one requirement on a card. It returns nil when it holds.
type rule struct {
	name  string
	check func(*Cards, *card) *bridge.Refusal
}

// rules is what makes a card good, in order: what the person can mend at once comes first.
func rules() []rule {
	return []rule{
		{"a card was presented", (*Cards).presented},
		{"size is sane", (*Cards).size},
		{"key is of an accepted kind and size", (*Cards).key},
		{"within its dates", (*Cards).dates},
		{"is not an authority", (*Cards).leaf},
		{"extended key usage", (*Cards).extendedUsage},
		{"key usage", (*Cards).usage},
		{"path to a trusted authority", (*Cards).path},
		{"not revoked", (*Cards).revoked},
	}
}

func (c *Cards) presented(k *card) *bridge.Refusal {
	if len(k.presented) == 0 || k.presented[0] == nil {
		return bridge.Refuse(bridge.CredentialMissing, "No Smartcard was presented. Insert your card and choose its certificate when the browser asks.").WithCode("card_missing")
	}
	k.leaf = k.presented[0]
	return nil
}

func (c *Cards) size(k *card) *bridge.Refusal {
	if len(k.leaf.Raw) > maxCertificate {
		return untrusted("card_size", "The certificate on this card is too large to be a Smartcard's.")
	}
	return nil
}

func (c *Cards) key(k *card) *bridge.Refusal {
	switch pub := k.leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		if pub.N.BitLen() >= 2048 {
			return nil
		}
	case *ecdsa.PublicKey:
		switch pub.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return nil
		}
	}
	return untrusted("card_key", "The key on this card is of a kind that is no longer accepted. Ask your Registration Authority for a new card.")
}

func (c *Cards) dates(k *card) *bridge.Refusal {
	switch {
	case k.now.After(k.leaf.NotAfter):
		return bridge.Refuse(bridge.CredentialExpired, "The certificate on this card expired on %s. Ask your Registration Authority to renew it.", day(k.leaf.NotAfter)).WithCode("card_expired")
	case k.now.Before(k.leaf.NotBefore):
		return bridge.Refuse(bridge.CredentialExpired, "The certificate on this card is not valid before %s.", day(k.leaf.NotBefore)).WithCode("card_not_yet_valid")
	}
	return nil
}

func (c *Cards) leaf(k *card) *bridge.Refusal {
	if k.leaf.IsCA || k.leaf.KeyUsage&(x509.KeyUsageCertSign|x509.KeyUsageCRLSign) != 0 {
		return untrusted("card_authority", "This certificate belongs to an authority and not to a person.")
	}
	return nil
}

func (c *Cards) extendedUsage(k *card) *bridge.Refusal {
	have, err := extendedUsages(k.leaf)
	if err != nil {
		return wrongUsage().Because(err)
	}
	// anyExtendedKeyUsage counts for nothing here: it says that the issuer did not decide.
	if !c.satisfies(have) {
		return wrongUsage()
	}
	return nil
}

func (c *Cards) usage(k *card) *bridge.Refusal {
	// A certificate for signatures of intent (contentCommitment alone) must not sign a TLS handshake.
	if k.leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return wrongUsage()
	}
	return nil
}

func (c *Cards) path(k *card) *bridge.Refusal {
	chains, err := k.leaf.Verify(x509.VerifyOptions{
		Roots: c.roots, Intermediates: c.intermediates, CurrentTime: k.now,
		// Usages are checked by our own rule and below, because the library does not know all of them.
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return unknownAuthority().Because(err)
	}
	for _, chain := range chains {
		if len(chain) > 1 && c.mayIssue(chain[1:]) {
			k.chain = chain
			return nil
		}
	}
	return unknownAuthority().Because(errors.New("smartcard: no path allows this usage"))
}

// mayIssue reports whether every authority on the path is allowed to issue cards: where it names extended
// usages, they nest (as every implementation reads RFC 5280, section 4.2.1.12).
func (c *Cards) mayIssue(authorities []*x509.Certificate) bool {
	for _, a := range authorities {
		have, err := extendedUsages(a)
		if err != nil || !strongKey(a) {
			return false
		}
		if len(have) > 0 && !contains(have, oidAny) && !c.satisfies(have) {
			return false
		}
	}
	return true
}

func (c *Cards) revoked(k *card) *bridge.Refusal {
	status, err := c.options.Revocation.Status(k.issuer(), k.leaf.SerialNumber, k.now)
	k.status = status
	switch {
	case errors.Is(err, ErrOff):
		k.revocation = revocationOff
		return nil
	case err != nil:
		k.revocation = revocationUnknown
		if c.options.OnUnreachable != Allow {
			return bridge.Refuse(bridge.RevocationUnknown, "It cannot be checked at present whether this card is still valid. Use a security key, or try again later.").WithCode("card_revocation_unknown").Because(err)
		}
	case status.Revoked:
		return bridge.Refuse(bridge.CredentialRevoked, "This card was revoked. Hand it in and ask your Registration Authority for a new one.").WithCode("card_revoked")
	default:
		k.revocation = revocationGood
	}
	// Authorities were installed by the operator: a missing list about them is no obstacle, a revocation is.
	for i := 1; i+1 < len(k.chain); i++ {
		if s, err := c.options.Revocation.Status(k.chain[i+1], k.chain[i].SerialNumber, k.now); err == nil && s.Revoked {
			return untrusted("card_authority_revoked", "The authority that issued this card was revoked. Ask your Registration Authority for a new card.")
		}
	}
	return nil
}

func strongKey(cert *x509.Certificate) bool {
	pub, ok := cert.PublicKey.(*rsa.PublicKey)
	return !ok || pub.N.BitLen() >= 2048
}

func untrusted(code, detail string) *bridge.Refusal {
	return bridge.Refuse(bridge.CredentialUntrusted, "%s", detail).WithCode(code)
}

func wrongUsage() *bridge.Refusal {
	return untrusted("card_usage", "This certificate is not meant for signing in. Try again and choose another certificate of your card.")
}

func unknownAuthority() *bridge.Refusal {
	return untrusted("card_untrusted", "This certificate was not issued by an authority that this organisation accepts. Try again and choose the certificate of your Smartcard.")
}

func contains(list []asn1.ObjectIdentifier, oid asn1.ObjectIdentifier) bool {
	for _, o := range list {
		if o.Equal(oid) {
			return true
		}
	}
	return false
}
