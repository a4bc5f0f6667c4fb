package smartcard

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // an identifier of a public key, RFC 5280, section 4.2.1.2, method 1
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// OnUnreachable says what happens to a card whose revocation cannot be told.
type OnUnreachable string

// Deny is the default. Allow lowers the assurance to 2.
const (
	Deny  OnUnreachable = "deny"
	Allow OnUnreachable = "allow"
)

// Options of Cards. Roots, Revocation and Authenticators are required.
type Options struct {
	Roots          []*x509.Certificate // where a path must end
	Intermediates  []*x509.Certificate // what may lie between; what the browser sends along is not used
	EKU            []asn1.ObjectIdentifier
	Revocation     Source
	OnUnreachable  OnUnreachable
	Authenticators people.AuthenticatorStore
	Assurance      bridge.Assurance // of a proof by a card that is known not to be revoked; 3 if zero
	AllowSHA1      bool             // AcceptCMS takes signatures over a SHA-1 digest, as old middleware makes them
}

// Cards implements bridge.Cards.
type Cards struct {
	options       Options
	roots         *x509.CertPool
	intermediates *x509.CertPool
}

var _ bridge.Cards = (*Cards)(nil)

// New checks the options. EKU lists the extended key usages that a card must all have; when empty, it must have
// clientAuth or smartcardLogon. Use Off to switch revocation off on purpose.
func New(o Options) (*Cards, error) {
	switch {
	case len(o.Roots) == 0:
		return nil, errors.New("smartcard: no authority to trust")
	case o.Revocation == nil:
		return nil, errors.New("smartcard: no source of revocation")
	case o.Authenticators == nil:
		return nil, errors.New("smartcard: no store of authenticators")
	case o.OnUnreachable != "" && o.OnUnreachable != Deny && o.OnUnreachable != Allow:
		return nil, fmt.Errorf("smartcard: unknown policy %q", o.OnUnreachable)
	}
	if err := distinct(o.Roots, o.Intermediates); err != nil {
		return nil, err
	}
	if o.Assurance == 0 {
		o.Assurance = 3
	}
	c := &Cards{options: o, roots: x509.NewCertPool(), intermediates: x509.NewCertPool()}
	for _, r := range o.Roots {
		c.roots.AddCert(r)
	}
	for _, i := range o.Intermediates {
		c.intermediates.AddCert(i)
	}
	return c, nil
}

// distinct makes sure that a key identifier names one key: cards are told apart by it.
func distinct(authorities ...[]*x509.Certificate) error {
	keys := map[string][]byte{}
	for _, a := range slices.Concat(authorities...) {
		id := string(IssuerKeyID(a))
		if key, ok := keys[id]; ok && !bytes.Equal(key, a.RawSubjectPublicKeyInfo) {
			return fmt.Errorf("smartcard: two authorities claim the key identifier %x", id)
		}
		keys[id] = a.RawSubjectPublicKeyInfo
	}
	return nil
}

// Accept implements bridge.Cards.
func (c *Cards) Accept(ctx context.Context, presented []*x509.Certificate, now time.Time) (bridge.Proof, error) {
	card, err := c.examine(presented, now)
	if err != nil {
		return bridge.Proof{}, err
	}
	owner, err := c.owner(ctx, card)
	if err != nil {
		return bridge.Proof{}, err
	}
	owner.Used = now
	if err := c.options.Authenticators.UpdateAuthenticator(ctx, owner); err != nil {
		return bridge.Proof{}, fmt.Errorf("smartcard: note use: %w", err)
	}
	return bridge.Proof{
		UID: owner.UID, Method: bridge.MethodSmartcard, Assurance: c.assurance(card), AuthenticatorID: owner.ID, At: now,
		Evidence: card.evidence(),
	}, nil
}

// Inspect implements bridge.Cards. The caller gives the authenticator its ID, UID, Label and Added.
func (c *Cards) Inspect(_ context.Context, presented []*x509.Certificate, now time.Time) (people.Authenticator, error) {
	card, err := c.examine(presented, now)
	if err != nil {
		return people.Authenticator{}, err
	}
	return people.Authenticator{Kind: people.Smartcard, Handle: card.handle(), Expires: card.leaf.NotAfter}, nil
}

// examine runs the table of checks.
func (c *Cards) examine(presented []*x509.Certificate, now time.Time) (*card, error) {
	k := &card{presented: presented, now: now}
	for _, rule := range rules() {
		if r := rule.check(c, k); r != nil {
			return nil, r
		}
	}
	return k, nil
}

// owner finds whose card it is.
func (c *Cards) owner(ctx context.Context, k *card) (people.Authenticator, error) {
	a, err := c.options.Authenticators.Authenticator(ctx, people.Smartcard, k.handle())
	switch {
	case errors.Is(err, people.ErrNotFound):
		return a, bridge.Refuse(bridge.CredentialUnknown, "This card is in order, but it is not registered to anyone at this organisation. Ask your Registration Authority to register it.").WithCode("card_unknown")
	case err != nil:
		return a, fmt.Errorf("smartcard: find card: %w", err)
	case !a.Revoked.IsZero():
		return a, bridge.Refuse(bridge.CredentialRevoked, "This card was withdrawn by your Registration Authority on %s.", day(a.Revoked)).WithCode("card_withdrawn")
	case !a.UsableAt(k.now):
		return a, bridge.Refuse(bridge.CredentialExpired, "The registration of this card ended on %s. Ask your Registration Authority to renew it.", day(a.Expires)).WithCode("card_registration_ended")
	}
	return a, nil
}

// assurance is the full one only when the card is known not to be revoked.
func (c *Cards) assurance(k *card) bridge.Assurance {
	if k.revocation != revocationGood {
		return min(c.options.Assurance, 2)
	}
	return c.options.Assurance
}

// card is one examination. The rules fill it as they go.
type card struct {
	presented  []*x509.Certificate
	now        time.Time
	leaf       *x509.Certificate
	chain      []*x509.Certificate // verified, leaf first, at least two
	revocation string
	status     Status
}

// What the evidence says about revocation.
const (
	revocationGood    = "good"
	revocationOff     = "off"
	revocationUnknown = "unknown"
)

func (k *card) issuer() *x509.Certificate { return k.chain[1] }

func (k *card) handle() string {
	return people.CardHandle(IssuerKeyID(k.issuer()), k.leaf.SerialNumber)
}

// evidence says what was relied upon. The serial number is hashed: with the issuer it names the holder.
func (k *card) evidence() map[string]string {
	sum := sha256.Sum256(k.leaf.SerialNumber.Bytes())
	e := map[string]string{
		"issuer_key_id": hex.EncodeToString(IssuerKeyID(k.issuer())),
		"serial_sha256": hex.EncodeToString(sum[:]),
		"revocation":    k.revocation,
	}
	if k.status.Number != "" {
		e["crl_number"] = k.status.Number
		e["crl_this_update"] = k.status.ThisUpdate.UTC().Format(time.RFC3339)
	}
	return e
}

// IssuerKeyID identifies the key of an issuer, as the cards it issues name it: its subjectKeyIdentifier (RFC
// 5280, section 4.2.1.2), or SHA-1 over its public key (method 1 there) where it has none. It is read from the
// issuer that was verified, never from the card, and New refuses two authorities that claim the same one.
func IssuerKeyID(issuer *x509.Certificate) []byte {
	if len(issuer.SubjectKeyId) > 0 {
		return issuer.SubjectKeyId
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &spki); err != nil {
		return nil // not reachable: the certificate was parsed
	}
	sum := sha1.Sum(spki.Key.Bytes) //nolint:gosec // as above
	return sum[:]
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }
