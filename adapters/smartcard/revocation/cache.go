package revocation

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/big"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Options of a Cache. Name, Issuers, Policy and Clock are required.
type Options struct {
	Name    string              // of the authority, as the configuration calls it
	Issuers []*x509.Certificate // whose lists and answers are accepted
	Policy  Policy
	Clock   func() time.Time
	Log     *slog.Logger // nil: nobody is told when a source cannot be used

	Files     []string      // each one list in DER, or several in PEM
	Lists     []string      // addresses of lists, complete ones and deltas
	Responder string        // address of an OCSP responder
	Wait      time.Duration // how long a sign-in may wait for the responder, of a card about which nothing is known; 0: none waits
	Every     time.Duration // how often an address of a list is asked; 15 minutes if zero
	Fetch     Fetcher       // required where there is an address
	Cards     Cards         // for which answers are fetched ahead of their first use; nil: for none
	News      func()        // called when something counts that may revoke a card. It must not block; nil: nobody wants to know

	Folder   string // where what was fetched, and the highest numbers, are kept; empty: nowhere
	ReadOnly bool   // nothing is written there
}

// Cache is a Decider for one authority. It is safe for concurrent use. Something that becomes unusable leaves what was taken before
// in force, for as long as the policy permits.
type Cache struct {
	options Options
	pairs   atomic.Pointer[map[issuerKey]pair]
	answers answers
	sources sources
	asking  asking

	mu        sync.Mutex // held while something is taken; never by those who only ask
	marks     map[issuerKey]mark
	unwritten bool // marks are higher than what the folder says
	files     map[string]file
	keeping   sync.Mutex // held while an answer is written
}

var _ Decider = (*Cache)(nil)

// issuerKey is name and key of an issuer: two of one name keep apart.
type issuerKey [sha256.Size]byte

func keyOf(issuer *x509.Certificate) issuerKey {
	h := sha256.New()
	h.Write(issuer.RawSubjectPublicKeyInfo)
	h.Write(issuer.RawSubject)
	return issuerKey(h.Sum(nil))
}

// New reads what is kept and the files, and connects to nobody. Files that cannot be used are told to the log; the Cache works
// nevertheless. An error is one of the options, or of the folder.
func New(o Options) (*Cache, error) {
	if len(o.Issuers) == 0 || o.Clock == nil || o.Name == "" {
		return nil, errors.New("revocation: a cache needs a name, issuers and a clock")
	}
	if err := o.Policy.Check(); err != nil {
		return nil, err
	}
	if o.Fetch == nil && (len(o.Lists) > 0 || o.Responder != "") {
		return nil, errors.New("revocation: addresses, and nobody to ask them")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.News == nil {
		o.News = func() {}
	}
	if o.Every <= 0 {
		o.Every = 15 * time.Minute
	}
	c := &Cache{options: o, files: map[string]file{}}
	c.pairs.Store(&map[issuerKey]pair{})
	c.answers.init(o.Policy.Fresh)
	c.sources.init(o)
	if err := c.open(); err != nil {
		return nil, err
	}
	c.followFiles()
	return c, nil
}

// Decide implements Decider. A certificate about which there is no answer yet is asked for soon.
func (c *Cache) Decide(issuer *x509.Certificate, serial *big.Int, now time.Time) Decision {
	p := c.options.Policy
	switch p.Mode {
	case ModeOff:
		return Off{}.Decide(issuer, serial, now)
	case ModeLists:
		return c.byLists(issuer, serial, now)
	case ModeAnswers:
		return c.byAnswers(issuer, serial, now)
	default:
		return better(c.byAnswers(issuer, serial, now), c.byLists(issuer, serial, now))
	}
}

// Listed implements Decider.
func (c *Cache) Listed(issuer *x509.Certificate, serial *big.Int) bool {
	return c.byLists(issuer, serial, c.options.Clock()).Evidence.Revoked
}

func (c *Cache) byLists(issuer *x509.Certificate, serial *big.Int, now time.Time) Decision {
	number, ok := octets(serial)
	if !ok {
		return c.options.Policy.judge(Evidence{}, now)
	}
	return c.options.Policy.judge((*c.pairs.Load())[keyOf(issuer)].look(number, now), now)
}

func (c *Cache) byAnswers(issuer *x509.Certificate, serial *big.Int, now time.Time) Decision {
	return c.options.Policy.judge(c.answers.use(issuer, serial, now).evidence(), now)
}

// takeList takes a list from anywhere in, if it is acceptable, and returns whose it is. The numbers are written down before it counts;
// where that fails it counts all the same, and the error is of that: the caller tries again.
func (c *Cache) takeList(open opener) (*list, *x509.Certificate, error) {
	fresh, issuer, err := readList(open, c.options.Issuers)
	if err != nil {
		return nil, nil, err
	}
	if fresh.thisUpdate.After(c.options.Clock().Add(skew)) {
		return nil, nil, fmt.Errorf("%w: from the future", ErrList)
	}
	key := keyOf(issuer)
	c.mu.Lock()
	defer c.mu.Unlock()
	next := maps.Clone(*c.pairs.Load())
	if next[key], err = next[key].with(fresh, c.marks[key]); err != nil {
		return nil, nil, err
	}
	err = c.remember(key, fresh)
	c.pairs.Store(&next) // also where nothing can be written: the list before it knows of fewer lost cards
	c.options.News()
	return fresh, issuer, err
}

// Staple takes an OCSP answer that came with a card: in its handshake (RFC 8446, section 4.4.2.1), or from an agent. It must be
// about this very card, and is believed by its signature alone.
func (c *Cache) Staple(issuer *x509.Certificate, serial *big.Int, raw []byte, now time.Time) error {
	if !c.options.Policy.Mode.Answers() {
		return nil
	}
	return c.takeAnswer(issuer, serial, raw, now)
}

func (c *Cache) takeAnswer(issuer *x509.Certificate, serial *big.Int, raw []byte, now time.Time) error {
	r, err := parseAnswer(raw)
	if err != nil {
		return err
	}
	if r.SerialNumber.Cmp(serial) != 0 || !r.about(issuer) {
		return fmt.Errorf("%w: it is about another certificate", ErrAnswer)
	}
	fresh, err := c.believe(r, issuer, now)
	if err != nil {
		return err
	}
	switch c.answers.put(issuer, serial, fresh, now) {
	case putOlder:
		return fmt.Errorf("%w: older than the one that is held", ErrAnswer)
	case putNewer:
		if fresh.status == ocsp.Revoked {
			c.options.News()
		}
		return c.keepAnswer(issuer, serial, fresh, raw)
	default:
		return nil
	}
}

// believe accepts an answer about a certificate of the issuer. By the lists, a delegate of the issuer must not be revoked.
func (c *Cache) believe(r *response, issuer *x509.Certificate, now time.Time) (*answer, error) {
	r.issuer, r.now = issuer, now
	r.stands = func(delegate *big.Int) Decision { return c.byLists(issuer, delegate, now) }
	return r.accept()
}

// standingOfLists is how a card that no list names would stand.
func (c *Cache) standingOfLists(issuer *x509.Certificate, now time.Time) (bridge.Standing, Evidence) {
	e := (*c.pairs.Load())[keyOf(issuer)].look([]byte{0}, now)
	return c.options.Policy.rung(e, now), e
}
