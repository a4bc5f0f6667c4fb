package smartcard

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
)

// maxCertificate bounds a card's certificate, in bytes of DER.
const maxCertificate = 16 << 10

// rule is one requirement on a card. It returns nil when it holds.
type rule struct {
	name  string
	check func(*card) *bridge.Refusal
}

// rules is what every card must keep, in order: what the person can mend at once comes first.
func rules() []rule {
	return []rule{
		{"a card was presented", (*card).given},
		{"size is sane", (*card).size},
		{"within its dates", (*card).dates},
		{"is not an authority", (*card).ofPerson},
		{"not for what asks no PIN", (*card).asksPIN},
	}
}

// authorityRules is what a card of one authority must keep besides.
func authorityRules() []rule {
	return []rule{
		{"path to the authority", (*card).path},
		{"key is of an accepted kind and size", (*card).key},
		{"extended key usage", (*card).extendedUsage},
		{"key usage", (*card).usage},
		{"certificate policy", (*card).policies},
	}
}

func (k *card) given() *bridge.Refusal {
	if len(k.presented) == 0 || k.presented[0] == nil {
		return bridge.Refuse(bridge.CredentialMissing, "No Smartcard was presented. Insert your card and choose its certificate when the browser asks.").WithCode("card_missing")
	}
	k.leaf = k.presented[0]
	return nil
}

func (k *card) size() *bridge.Refusal {
	if len(k.leaf.Raw) > maxCertificate {
		return untrusted("card_size", "The certificate on this card is too large to be a Smartcard's.")
	}
	return nil
}

func (k *card) key() *bridge.Refusal {
	if k.authority.accepts(k.leaf.PublicKey) {
		return nil
	}
	return untrusted("card_key", "The key on this card is of a kind that is no longer accepted. Ask your Registration Authority for a new card.")
}

func (k *card) dates() *bridge.Refusal {
	switch {
	case k.now.After(k.leaf.NotAfter):
		return bridge.Refuse(bridge.CredentialExpired, "The certificate on this card expired on %s. Ask your Registration Authority to renew it.", day(k.leaf.NotAfter)).WithCode("card_expired")
	case k.now.Before(k.leaf.NotBefore):
		return bridge.Refuse(bridge.CredentialExpired, "The certificate on this card is not valid before %s.", day(k.leaf.NotBefore)).WithCode("card_not_yet_valid")
	}
	return nil
}

func (k *card) ofPerson() *bridge.Refusal {
	if k.leaf.IsCA || k.leaf.KeyUsage&(x509.KeyUsageCertSign|x509.KeyUsageCRLSign) != 0 {
		return untrusted("card_authority", "This certificate belongs to an authority and not to a person.")
	}
	return nil
}

// asksPIN refuses the certificate of a PIV card that answers without a PIN, whatever else it is meant for: whoever finds the card
// could sign in (FIPS 201-3, section 3.3.2; id-PIV-cardAuth).
func (k *card) asksPIN() *bridge.Refusal {
	if have, err := extendedUsages(k.leaf); err != nil || contains(have, oidCardAuth) {
		return wrongUsage()
	}
	return nil
}

func (k *card) extendedUsage() *bridge.Refusal {
	have, err := extendedUsages(k.leaf)
	if err != nil {
		return wrongUsage().Because(err)
	}
	// anyExtendedKeyUsage counts for nothing here: it says that the issuer did not decide.
	if !k.authority.satisfies(have) {
		return wrongUsage()
	}
	return nil
}

func (k *card) usage() *bridge.Refusal {
	// A certificate for signatures of intent (contentCommitment) must not sign a handshake: the holder would mean what nobody said.
	if k.leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return wrongUsage()
	}
	if k.leaf.KeyUsage&x509.KeyUsageContentCommitment != 0 && !k.authority.ContentCommitment {
		return wrongUsage()
	}
	return nil
}

// policies wants one policy to hold all the way down. Mappings are not followed; that the path keeps what its authorities require
// (RFC 5280, section 6.1) was checked with it.
func (k *card) policies() *bridge.Refusal {
	if len(k.authority.Policies) == 0 {
		return nil
	}
	for _, want := range k.authority.Policies {
		if holds(want, k.chain) {
			return nil
		}
	}
	return untrusted("card_policy", "This certificate was issued for other purposes than signing in here. Try again and choose another certificate of your card.")
}

// holds reports whether the card and every authority above it but the root name a policy; to authorities anyPolicy is as good.
func holds(want asn1.ObjectIdentifier, chain []*x509.Certificate) bool {
	for i, c := range chain[:len(chain)-1] {
		if !slices.ContainsFunc(c.Policies, func(p x509.OID) bool {
			return p.EqualASN1OID(want) || i > 0 && p.EqualASN1OID(oidAnyPolicy)
		}) {
			return false
		}
	}
	return true
}

func (k *card) path() *bridge.Refusal {
	chains, err := k.leaf.Verify(x509.VerifyOptions{
		Roots: k.authority.roots, Intermediates: k.authority.intermediates, CurrentTime: k.now,
		// Usages are checked by our own rule and below, because the library does not know all of them.
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return unknownAuthority().Because(err)
	}
	for _, chain := range chains {
		if len(chain) > 1 && k.authority.mayIssue(chain[1:]) {
			k.chain = chain
			return nil
		}
	}
	return unknownAuthority().Because(errors.New("smartcard: no path allows this usage"))
}

// mayIssue reports whether every authority on the path is allowed to issue cards: where it names extended
// usages, they nest (as every implementation reads RFC 5280, section 4.2.1.12).
func (a *knownAuthority) mayIssue(authorities []*x509.Certificate) bool {
	for _, above := range authorities {
		have, err := extendedUsages(above)
		if err != nil || !strongKey(above) {
			return false
		}
		if len(have) > 0 && !contains(have, oidAny) && !a.satisfies(have) {
			return false
		}
	}
	return true
}

// revoked asks how the card stands, and how the authorities between it and the root do.
func (k *card) revoked() *bridge.Refusal {
	d := k.authority.Revocation.Decide(k.issuer(), k.leaf.SerialNumber, k.now)
	k.decision = d
	switch {
	case d.Evidence.Revoked:
		return bridge.Refuse(bridge.CredentialRevoked, "This card was revoked. Hand it in and ask your Registration Authority for a new one.").WithCode("card_revoked")
	case d.Evidence.Unheard:
		return untrusted("card_ocsp_unknown", "The authority that this card names as its issuer does not know it. Ask your Registration Authority for a new card.")
	}
	// Authorities were installed by the operator: missing evidence about them is no obstacle, a revocation is.
	for i := 1; i+1 < len(k.chain); i++ {
		if k.authority.Revocation.Listed(k.chain[i+1], k.chain[i].SerialNumber) {
			return untrusted("card_authority_revoked", "The authority that issued this card was revoked. Ask your Registration Authority for a new card.")
		}
	}
	if d.Standing != bridge.StandingUnknown {
		return nil
	}
	switch d.Then {
	case revocation.Allow:
		return nil
	case revocation.Emergency:
		k.emergency = bridge.Refuse(bridge.RevocationUnknown, "It cannot be checked at present whether this card is still valid. It opens emergency access only.").WithCode(bridge.CodeEmergencyOnly)
		return nil
	default:
		return bridge.Refuse(bridge.RevocationUnknown, "It cannot be checked at present whether this card is still valid. Use a security key, or try again later.").WithCode("card_revocation_unknown")
	}
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

func unregistered() *bridge.Refusal {
	return bridge.Refuse(bridge.CredentialUnknown, "This card is in order, but it is not registered to anyone at this organisation. Ask your Registration Authority to register it.").WithCode("card_unknown")
}

func contains(list []asn1.ObjectIdentifier, oid asn1.ObjectIdentifier) bool {
	for _, o := range list {
		if o.Equal(oid) {
			return true
		}
	}
	return false
}
