package smartcard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Options of Cards. Authorities and Authenticators are required.
type Options struct {
	Authorities    []Authority
	Authenticators people.AuthenticatorStore
	// People, Journal and NewID are for authorities that name the holder: a card of theirs is registered when it is first used.
	People    bridge.Directory
	Journal   bridge.Journal
	NewID     func() string
	Clock     func() time.Time // of handshakes; nil: time.Now
	AllowSHA1 bool             // AcceptCMS takes signatures over a SHA-1 digest, as old middleware makes them
}

// Cards implements bridge.Cards.
type Cards struct {
	options     Options
	authorities []knownAuthority
}

var _ bridge.Cards = (*Cards)(nil)

// New checks the options.
func New(o Options) (*Cards, error) {
	if len(o.Authorities) == 0 {
		return nil, errors.New("smartcard: no authority to trust")
	}
	if o.Authenticators == nil {
		return nil, errors.New("smartcard: no store of authenticators")
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	c := &Cards{options: o}
	var all []*x509.Certificate
	for _, a := range o.Authorities {
		ready, err := a.prepare()
		if err != nil {
			return nil, err
		}
		if a.Identifier.Source != NoIdentifier && (o.People == nil || o.Journal == nil || o.NewID == nil) {
			return nil, fmt.Errorf("smartcard: nobody knows whom the identifiers of authority %s name", a.Name)
		}
		c.authorities = append(c.authorities, ready)
		all = slices.Concat(all, a.Roots, a.Intermediates)
	}
	return c, distinct(all)
}

// Accept implements bridge.Cards. A registered card of which it cannot be told whether it is revoked, by a policy that leaves it to
// emergency access, comes back as a Proof of unknown standing together with a Refusal of code card_emergency_only: the proof is
// good for that alone.
func (c *Cards) Accept(ctx context.Context, presented []*x509.Certificate, now time.Time) (bridge.Proof, error) {
	card, err := c.examine(ctx, presented, now)
	if err != nil {
		return bridge.Proof{}, err
	}
	owner, err := c.owner(ctx, card)
	if err != nil {
		return bridge.Proof{}, err
	}
	proof := bridge.Proof{
		UID: owner.UID, Method: bridge.MethodSmartcard, Assurance: card.assurance(), AuthenticatorID: owner.ID, At: now,
		Standing: card.decision.Standing, Evidence: card.evidence(),
	}
	if card.emergency != nil {
		return proof, card.emergency
	}
	owner.Used = now
	if err := c.options.Authenticators.UpdateAuthenticator(ctx, owner, owner.Record); err != nil {
		return bridge.Proof{}, fmt.Errorf("smartcard: note use: %w", err)
	}
	return proof, nil
}

// Inspect implements bridge.Cards. The caller gives the authenticator its ID, UID, Label and Added.
func (c *Cards) Inspect(ctx context.Context, presented []*x509.Certificate, now time.Time) (people.Authenticator, error) {
	card, err := c.examine(ctx, presented, now)
	if err != nil {
		return people.Authenticator{}, err
	}
	if card.emergency != nil {
		return people.Authenticator{}, card.emergency
	}
	return people.Authenticator{Kind: people.Smartcard, Handle: card.handle(), Expires: card.leaf.NotAfter}, nil
}

// Asker is a Decider of an Authority that can be waited for.
type Asker interface {
	// AskNow asks about a card of which nothing is known, and returns when something is, or in bounded time. The card's path is verified.
	AskNow(ctx context.Context, issuer *x509.Certificate, serial *big.Int)
}

// examine runs the tables of checks.
func (c *Cards) examine(ctx context.Context, presented []*x509.Certificate, now time.Time) (*card, error) {
	k := &card{presented: presented, now: now}
	for _, rule := range rules() {
		if r := rule.check(k); r != nil {
			return nil, r
		}
	}
	if r := c.choose(k); r != nil {
		return nil, r
	}
	if asker, ok := k.authority.Revocation.(Asker); ok {
		asker.AskNow(ctx, k.issuer(), k.leaf.SerialNumber)
	}
	if r := k.revoked(); r != nil {
		return nil, r
	}
	return k, nil
}

// choose finds the authority whose rules the card keeps: the first in the order of the options. If there is none, it tells of the
// one whose rules it kept longest.
func (c *Cards) choose(k *card) *bridge.Refusal {
	var told *bridge.Refusal
	longest := -1
	for i := range c.authorities {
		k.authority, k.chain = &c.authorities[i], nil
		kept, r := k.keeps(authorityRules())
		if r == nil {
			return nil
		}
		if kept > longest {
			longest, told = kept, r
		}
	}
	return told
}

// keeps runs a table, and says how many rules held.
func (k *card) keeps(table []rule) (int, *bridge.Refusal) {
	for i, rule := range table {
		if r := rule.check(k); r != nil {
			return i, r
		}
	}
	return len(table), nil
}

// owner finds whose card it is.
func (c *Cards) owner(ctx context.Context, k *card) (people.Authenticator, error) {
	a, err := c.registered(ctx, k)
	switch {
	case errors.Is(err, people.ErrNotFound) && k.authority.Identifier.Source != NoIdentifier:
		return c.register(ctx, k)
	case errors.Is(err, people.ErrNotFound):
		return a, unregistered()
	case err != nil:
		return a, fmt.Errorf("smartcard: find card: %w", err)
	case !a.Revoked.IsZero():
		return a, bridge.Refuse(bridge.CredentialRevoked, "This card was withdrawn by your Registration Authority on %s.", day(a.Revoked)).WithCode("card_withdrawn")
	case !a.UsableAt(k.now):
		return a, bridge.Refuse(bridge.CredentialExpired, "The registration of this card ended on %s. Ask your Registration Authority to renew it.", day(a.Expires)).WithCode("card_registration_ended")
	}
	return a, nil
}

// registered looks a card up: under the identifier of its issuer's key in the path that was found and, where the authorities have
// that key under another one too, as after a renewal, under that. A card that was withdrawn stays so whichever path was found.
func (c *Cards) registered(ctx context.Context, k *card) (people.Authenticator, error) {
	a, err := c.options.Authenticators.Authenticator(ctx, people.Smartcard, k.handle())
	for _, id := range c.otherIDs(k.issuer()) {
		if !errors.Is(err, people.ErrNotFound) {
			break
		}
		a, err = c.options.Authenticators.Authenticator(ctx, people.Smartcard, people.CardHandle(id, k.leaf.SerialNumber))
	}
	return a, err //nolint:wrapcheck // the caller does
}

// otherIDs are the identifiers that other certificates of the same key have.
func (c *Cards) otherIDs(issuer *x509.Certificate) (ids [][]byte) {
	for _, a := range c.authorities {
		for _, other := range slices.Concat(a.Roots, a.Intermediates) {
			id := IssuerKeyID(other)
			if bytes.Equal(other.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) && !bytes.Equal(id, IssuerKeyID(issuer)) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// card is one examination. The rules fill it as they go.
type card struct {
	presented []*x509.Certificate
	now       time.Time
	leaf      *x509.Certificate
	authority *knownAuthority
	chain     []*x509.Certificate // verified, leaf first, at least two
	decision  revocation.Decision
	emergency *bridge.Refusal // nil: it may sign in
	named     bool            // its owner was found by its identifier
}

// assurance is the authority's, unless the card's standing allows less.
func (k *card) assurance() bridge.Assurance {
	if most := k.decision.Most; most > 0 {
		return min(k.authority.Assurance, most)
	}
	return k.authority.Assurance
}

func (k *card) issuer() *x509.Certificate { return k.chain[1] }

func (k *card) handle() string {
	return people.CardHandle(IssuerKeyID(k.issuer()), k.leaf.SerialNumber)
}

// evidence says what was relied upon. The serial number is hashed: with the issuer it names the holder.
func (k *card) evidence() map[string]string {
	sum := sha256.Sum256(k.leaf.SerialNumber.Bytes())
	e := k.decision.Details()
	e["authority"] = k.authority.Name
	e["issuer_key_id"] = hex.EncodeToString(IssuerKeyID(k.issuer()))
	e["serial_sha256"] = hex.EncodeToString(sum[:])
	if k.named {
		e["registered_by"] = "identifier"
	}
	return e
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }
