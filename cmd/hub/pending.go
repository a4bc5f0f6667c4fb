package hub

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/protocols/oidc"
	"github.com/lanyard-hub/lanyard/protocols/saml2"
	"github.com/lanyard-hub/lanyard/protocols/ticket"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/web"
	"github.com/lanyard-hub/lanyard/web/signin"
)

// pending counts what strangers have had this process store and have not finished, so that they cannot fill the
// store: for each peer, and in all. It is told by the ports it is put around, asks the store nothing, and may forget
// what happened before this start.
type pending struct {
	total, peer int // limits
	clock       func() time.Time
	kinds       []bridge.ArtifactKind

	mu      sync.Mutex
	open    map[openKey]openSignOn
	peers   map[netip.Prefix]int
	swept   time.Time
	refused atomic.Uint64
}

type openKey struct {
	kind bridge.ArtifactKind
	key  string
}

type openSignOn struct {
	peer    netip.Prefix
	expires time.Time
}

func newPending(total, peer int, clock func() time.Time) *pending {
	return &pending{
		total: cmp.Or(total, 50_000), peer: cmp.Or(peer, 2_000), clock: clock,
		kinds: slices.Concat([]bridge.ArtifactKind{bridge.KindTransaction, bridge.KindKeyCeremony, bridge.KindCardAttempt}, saml2.StrangerKinds(), oidc.StrangerKinds(), signin.StrangerKinds(), ticket.StrangerKinds()),
		open:  map[openKey]openSignOn{}, peers: map[netip.Prefix]int{},
	}
}

// admit counts an artifact that is about to be stored; Throttled when there are too many. One that is there already is
// only renewed, and what belongs to a session is no stranger's. fresh says that it was counted: it must be taken back if nothing is stored.
func (p *pending) admit(ctx context.Context, a bridge.Artifact) (fresh bool, err error) {
	if !slices.Contains(p.kinds, a.Kind) || a.Session != "" {
		return false, nil
	}
	k, peer := openKey{a.Kind, a.Key}, web.Network(bridge.Peer(ctx))
	p.mu.Lock()
	defer p.mu.Unlock()
	if was, ok := p.open[k]; ok {
		was.expires = a.Expires
		p.open[k] = was
		return false, nil
	}
	if !p.room(peer) {
		p.sweep()
	}
	switch {
	case p.peers[peer] >= p.peer:
		p.refused.Add(1)
		return false, bridge.Refuse(bridge.Throttled, "Too many sign-ins that were begun from this address are not finished.").WithCode("throttled_pending")
	case len(p.open) >= p.total:
		p.refused.Add(1)
		return false, bridge.Refuse(bridge.Throttled, "Too many sign-ins are in progress.").WithCode("throttled_pending")
	}
	p.open[k] = openSignOn{peer, a.Expires}
	p.peers[peer]++
	return true, nil
}

func (p *pending) room(peer netip.Prefix) bool {
	return len(p.open) < p.total && p.peers[peer] < p.peer
}

// sweep forgets what has expired, at most once a second.
func (p *pending) sweep() {
	now := p.clock()
	if now.Sub(p.swept) < time.Second {
		return
	}
	p.swept = now
	for k, o := range p.open {
		if !now.Before(o.expires) {
			p.remove(k)
		}
	}
}

// finished takes back what was counted, if it was.
func (p *pending) finished(kind bridge.ArtifactKind, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(openKey{kind, key})
}

func (p *pending) remove(k openKey) {
	o, ok := p.open[k]
	if !ok {
		return
	}
	delete(p.open, k)
	if p.peers[o.peer]--; p.peers[o.peer] <= 0 {
		delete(p.peers, o.peer)
	}
}

// count is how many are open.
func (p *pending) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep()
	return len(p.open)
}

// limitedArtifacts bounds what is put, and sees what is finished.
type limitedArtifacts struct {
	bridge.Artifacts
	pending *pending
}

// Put implements bridge.Artifacts; bridge.Throttled when too many are open.
func (l limitedArtifacts) Put(ctx context.Context, a bridge.Artifact, replace bool) error {
	fresh, err := l.pending.admit(ctx, a)
	if err != nil {
		return err
	}
	if err = l.Artifacts.Put(ctx, a, replace); err != nil && fresh {
		l.pending.finished(a.Kind, a.Key)
	}
	return err
}

// Consume implements bridge.Artifacts.
func (l limitedArtifacts) Consume(ctx context.Context, kind bridge.ArtifactKind, key string, now time.Time) (bridge.Artifact, error) {
	a, err := l.Artifacts.Consume(ctx, kind, key, now)
	if err == nil {
		l.pending.finished(kind, key)
	}
	return a, err
}

// limitedJournal does the same for what is committed, and makes peers pay for refusals: each is a row for years.
type limitedJournal struct {
	bridge.Journal
	pending *pending
	tolls   charger
}

// charger makes a peer pay; web.Tolls.
type charger interface{ Charge(peer string) }

// Commit implements bridge.Journal; bridge.Throttled when too many sign-ons are open.
func (l limitedJournal) Commit(ctx context.Context, writes ...bridge.Write) (err error) {
	var counted []bridge.Artifact
	defer func() {
		if err != nil { // nothing was stored
			for _, a := range counted {
				l.pending.finished(a.Kind, a.Key)
			}
		}
	}()
	for _, w := range writes {
		switch w := w.(type) {
		case bridge.PutArtifact:
			fresh, err := l.pending.admit(ctx, w.Artifact)
			if err != nil {
				return err
			}
			if fresh {
				counted = append(counted, w.Artifact)
			}
		case bridge.Append:
			if peer := bridge.Peer(ctx); peer != "" && refusal(w.Event.Kind) {
				l.tolls.Charge(peer)
			}
		}
	}
	if err := l.Journal.Commit(ctx, writes...); err != nil {
		return err
	}
	for _, w := range writes {
		if c, ok := w.(bridge.ConsumeArtifact); ok {
			l.pending.finished(c.Kind, c.Key)
		}
	}
	return nil
}

func refusal(k ledger.Kind) bool {
	return slices.Contains([]ledger.Kind{ledger.Refused, ledger.TokenRefused, ledger.TicketRefused, ledger.SignInRefused, ledger.RegistrationRefused, ledger.WorkstationRefused, ledger.Alarm}, k)
}
