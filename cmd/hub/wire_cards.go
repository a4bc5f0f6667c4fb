package hub

import (
	"context"
	"crypto/rand"
	"encoding/asn1"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/httpsource"
	"github.com/lanyard-hub/lanyard/adapters/smartcard"
	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/config"
)

func (h *Hub) smartcards() (*smartcard.Cards, error) {
	cards := registeredCards{h.store, h.options.Clock}
	authorities, caches, err := cardAuthorities(h.options, cardSources{from: cardFetcher(h.options.Lab), cards: cards, news: h.cards.tell})
	if err != nil {
		return nil, err
	}
	for _, a := range authorities {
		if err := h.fence("card authority", slices.Concat(a.Roots, a.Intermediates)); err != nil {
			return nil, err
		}
	}
	h.cards.caches = caches
	h.metrics.cards(h.CardStates, h.options.Clock)
	h.board.add(h.cardPart)
	return smartcard.New(smartcard.Options{
		Authorities: authorities, Authenticators: h.store, People: h.store, Journal: h.core.Journal, NewID: rand.Text, Clock: h.options.Clock,
		AllowSHA1: h.options.Config.Tickets.Agent.SHA1,
	})
}

// CardStates tells how revocation stands at every authority of cards, for operators.
func (h *Hub) CardStates() []revocation.State { return statesOf(h.cards.caches) }

// CardStates reads the same from the files and the data directory, beside a running hub or without one. It asks nobody.
func CardStates(o Options) ([]revocation.State, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if !o.Config.Authenticators.Smartcard.Enabled {
		return nil, nil
	}
	_, caches, err := cardAuthorities(o, cardSources{from: nobody{}})
	return statesOf(caches), err
}

func statesOf(caches []*revocation.Cache) []revocation.State {
	var out []revocation.State
	for _, c := range caches {
		out = append(out, c.States()...)
	}
	return out
}

// cardSources is what evidence about cards comes by.
type cardSources struct {
	from  revocation.Fetcher // nobody: what is kept is read and nothing is written
	cards revocation.Cards   // nil: answers are fetched ahead for none
	news  func()             // nil: nobody wants to know
}

// cardAuthorities makes the authorities of the configuration, and the caches of those whose revocations are looked at.
func cardAuthorities(o Options, by cardSources) ([]smartcard.Authority, []*revocation.Cache, error) {
	configured := o.Config.Authenticators.Smartcard.Authorities
	if o.Config.Listeners.Card.ClientCA != "" {
		configured = append([]config.CardAuthority{simpleAuthority(o.Config)}, configured...)
	}
	var authorities []smartcard.Authority
	var caches []*revocation.Cache
	for _, c := range configured {
		a, err := cardAuthority(c)
		if err != nil {
			return nil, nil, err
		}
		options := revocationOptions(o, c.Name, c.Ladder)
		options.Issuers, options.Fetch, options.Cards, options.News = slices.Concat(a.Roots, a.Intermediates), by.from, by.cards, by.news
		_, options.ReadOnly = by.from.(nobody)
		cache, err := revocation.New(options)
		if err != nil {
			return nil, nil, err
		}
		caches = append(caches, cache)
		a.Revocation = cache
		authorities = append(authorities, a)
	}
	return authorities, caches, nil
}

// simpleAuthority is what listeners.card and the settings beside the authorities say.
func simpleAuthority(c config.Config) config.CardAuthority {
	simple := c.Authenticators.Smartcard
	return config.CardAuthority{
		Name: config.SimpleAuthority, Certificates: c.Listeners.Card.ClientCA, EKU: simple.EKU, Assurance: 3, ContentCommitment: true,
		Ladder: config.AuthorityRevocation{
			Mode: simple.Revocation.Mode, Files: c.Listeners.Card.CRL, Fresh: simple.Revocation.MaxAge, Then: simple.Revocation.OnUnreachable,
			Running: simple.Revocation.Running,
		},
	}
}

func cardAuthority(c config.CardAuthority) (smartcard.Authority, error) {
	a := smartcard.Authority{
		Name: c.Name, ContentCommitment: c.ContentCommitment, Assurance: bridge.Assurance(c.Assurance),
		KeepSessions: c.Ladder.Running == "keep",
	}
	pem, err := os.ReadFile(c.Certificates)
	if err != nil {
		return a, fmt.Errorf("hub: card authority %s: %w", c.Name, err)
	}
	if a.Roots, a.Intermediates, err = smartcard.ParseAuthorities(pem); err != nil {
		return a, fmt.Errorf("hub: card authority %s: %w", c.Name, err)
	}
	if a.EKU, err = each(c.EKU, smartcard.ParseEKU); err != nil {
		return a, err
	}
	if a.Policies, err = each(c.Policies, smartcard.ParseOID); err != nil {
		return a, err
	}
	for _, k := range c.Keys {
		a.Keys = append(a.Keys, smartcard.KeyKind(k))
	}
	if a.Identifier, err = identifier(c.Identifier); err != nil {
		return a, err
	}
	return a, nil
}

func each(texts []string, parse func(string) (asn1.ObjectIdentifier, error)) ([]asn1.ObjectIdentifier, error) {
	var out []asn1.ObjectIdentifier
	for _, text := range texts {
		oid, err := parse(text)
		if err != nil {
			return nil, err
		}
		out = append(out, oid)
	}
	return out, nil
}

func identifier(c config.CardIdentifier) (smartcard.Identifier, error) {
	if c.From == "" || c.From == "none" {
		return smartcard.Identifier{}, nil
	}
	i := smartcard.Identifier{Source: smartcard.IdentifierSource(c.From), Prefix: c.Prefix, Suffix: c.Suffix}
	if c.OID == "" {
		return i, nil
	}
	var err error
	i.OID, err = smartcard.ParseOID(c.OID)
	return i, err
}

func revocationOptions(o Options, name string, c config.AuthorityRevocation) revocation.Options {
	return revocation.Options{
		Name: name, Clock: o.Clock, Log: o.Log, Folder: revocation.Folder(o.Config.Data, name),
		Files: c.Files, Lists: slices.Concat(c.Lists, c.Deltas), Responder: c.Responder, Wait: c.Wait, Every: c.Every,
		Policy: revocation.Policy{
			Mode: revocation.Mode(c.Mode), Fresh: c.Fresh, Stale: c.Stale, Then: revocation.Then(c.Then), StaleAssurance: bridge.Assurance(c.StaleAssurance),
		},
	}
}

// fetcher asks the addresses of authorities. Authorities of a hospital live in its own network, and lists and answers are believed by
// their signature, so plain http is spoken; a redirect is never followed, and addresses of this machine are for trials.
type fetcher struct{ lists, answers *httpsource.Client }

// How long fetching may take.
const (
	listTimeout = 5 * time.Minute
	answerWait  = 10 * time.Second
)

func cardFetcher(lab bool) fetcher {
	client := func(most int64, timeout time.Duration) *httpsource.Client {
		return httpsource.New(httpsource.Options{Timeout: timeout, MaxBytes: most, AllowPrivate: true, AllowLocalhost: lab, AllowHTTP: true})
	}
	return fetcher{client(revocation.MaxList, listTimeout), client(revocation.MaxAnswer, answerWait)}
}

// Download implements revocation.Fetcher.
func (f fetcher) Download(ctx context.Context, address, validator string, w io.Writer) (string, bool, error) {
	d, err := f.lists.Download(ctx, address, validator, w)
	switch {
	case err != nil:
		return "", false, err
	case d.Unchanged():
		return validator, false, nil
	case !d.OK():
		return "", false, fmt.Errorf("hub: list was answered with status %d", d.Status)
	}
	return d.Validator, true, nil
}

// Ask implements revocation.Fetcher.
func (f fetcher) Ask(ctx context.Context, address string, request []byte) ([]byte, error) {
	r, err := f.answers.Post(ctx, address, "application/ocsp-request", request)
	if err != nil {
		return nil, err
	}
	if !r.OK() {
		return nil, fmt.Errorf("hub: OCSP request was answered with status %d", r.Status)
	}
	return r.Body, nil
}

// nobody is asked: commands look at what is kept.
type nobody struct{}

// Download implements revocation.Fetcher.
func (nobody) Download(context.Context, string, string, io.Writer) (string, bool, error) {
	return "", false, bridge.ErrUnavailable
}

// Ask implements revocation.Fetcher.
func (nobody) Ask(context.Context, string, []byte) ([]byte, error) { return nil, bridge.ErrUnavailable }
