package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/bridge/trace"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/protocols/oidc"
	"github.com/lanyard-hub/lanyard/protocols/saml2"
	"github.com/lanyard-hub/lanyard/protocols/ticket"
	"github.com/lanyard-hub/lanyard/protocols/workstation"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/web"
	"github.com/lanyard-hub/lanyard/web/signin"
)

// Options of a hub.
type Options struct {
	Config  config.Config
	Log     *slog.Logger
	Lab     bool           // partners on this machine may be reached and registered; never for patients
	Banner  string         // printed on every page
	Version string         // printed in metrics
	Mode    string         // ssbMode of legacy tickets: 0 live, 1 training
	Extras  []signin.Extra // further ways to sign in; only the demo has any
	Routes  []web.Route    // further pages on the hub's host; only the demo has any
	// Wrap, if given, goes around all pages of the hub's host, and BannerLink is where the banner leads;
	// only the demo has them.
	Wrap       func(http.Handler) http.Handler
	BannerLink string
	Clock      func() time.Time // nil: time.Now
}

// Hub is the running program.
type Hub struct {
	options  Options
	issuer   *url.URL
	store    Store
	core     *bridge.Hub
	registry *trust.Registry
	ring     atomic.Pointer[keyring.Ring] // nil: commands have no keys
	recorder *trace.Recorder
	keyFiles string // what the files looked like when they were read last; for the loop alone
	kit      *web.Kit
	metrics  *metrics
	limits   limits
	board    statusBoard
	rbac     *rbacFile // nil: no document is configured

	keyMetadata *keyMetadata // nil: none is configured; for the loop alone

	saml   *saml2.Provider
	oidc   oidc.Faces
	ticket *ticket.Provider
	signin *signin.SignIn
	agents *workstation.Provider // nil: agents of workstations are not answered

	silence *agent.Silence // nil: nobody looks for agents that are heard no more
	cards   cardRoom

	servers  []*server
	draining atomic.Bool
	stop     context.CancelFunc
	loops    sync.WaitGroup
	due      chan struct{} // deliveries are due at once
}

// New wires a hub. Nothing listens yet.
func New(ctx context.Context, o Options) (*Hub, error) {
	h, err := prepare(o)
	if err != nil {
		return nil, err
	}
	return h, h.wire(ctx, h.wireStore, h.wireKeys, h.wireTrust, h.wireRBAC, h.wireCore, h.wireAuthenticators, h.wireWorkstations, h.wireProtocols, h.wireServers)
}

// Open wires the core alone, beside a running hub or without one, for commands that ask it something.
func Open(ctx context.Context, o Options) (*Hub, error) {
	h, err := prepare(o)
	if err != nil {
		return nil, err
	}
	return h, h.wire(ctx, h.wireStore, h.wireTrust, h.wireCore)
}

func prepare(o Options) (*Hub, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	issuer, err := url.Parse(o.Config.Issuer)
	if err != nil {
		return nil, fmt.Errorf("hub: issuer: %w", err)
	}
	return &Hub{options: o, issuer: issuer, metrics: newMetrics(), due: make(chan struct{}, 1), cards: cardRoom{news: make(chan struct{}, 1)}}, nil
}

func (h *Hub) wire(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return errors.Join(err, h.closeStore())
		}
	}
	return nil
}

// Start opens the listeners and starts the loops. It returns once every listener accepts.
func (h *Hub) Start(ctx context.Context) error {
	for _, s := range h.servers {
		if err := s.listen(ctx); err != nil {
			return err
		}
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	h.stop = stop
	h.startLoops(run)
	for _, s := range h.servers {
		h.loops.Go(s.serve)
	}
	return nil
}

// Close drains: not ready, wait, stop accepting, finish what is in flight, stop the loops, close the store.
func (h *Hub) Close(ctx context.Context) error {
	h.draining.Store(true)
	if d := h.options.Config.Shutdown.DrainDelay; d > 0 && h.stop != nil { // nobody waits for what never listened
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	}
	ctx, cancel := context.WithTimeout(ctx, max(h.options.Config.Shutdown.Timeout, time.Second))
	defer cancel()
	var errs []error
	for _, s := range h.servers {
		errs = append(errs, s.shutdown(ctx))
	}
	if h.stop != nil {
		h.stop()
	}
	h.loops.Wait()
	return errors.Join(append(errs, h.closeStore())...)
}

func (h *Hub) closeStore() error {
	if h.store == nil {
		return nil
	}
	if err := h.store.Close(); err != nil {
		return fmt.Errorf("hub: close store: %w", err)
	}
	return nil
}

// Handler serves the hub's own host. Tests use it without a listener.
func (h *Hub) Handler() http.Handler { return h.publicHandler() }

// Registry is the trust registry as served.
func (h *Hub) Registry() *trust.Registry { return h.registry }

// Store gives commands and tests the durable state.
func (h *Hub) Store() Store { return h.store }

// Kit gives the demo the means to make pages of its own.
func (h *Hub) Kit() *web.Kit { return h.kit }

// Core gives the demo and tests the verbs.
func (h *Hub) Core() *bridge.Hub { return h.core }

// keys is the ring as it is now: a change of the key files makes another.
func (h *Hub) keys() keyring.Ring {
	if ring := h.ring.Load(); ring != nil {
		return *ring
	}
	return keyring.Ring{}
}

// EntityID is the hub's name in SAML.
func (h *Hub) EntityID() string { return h.options.Config.Issuer + "/saml2/metadata" }

// Metadata is the hub's signed SAML metadata, as it is served.
func (h *Hub) Metadata() ([]byte, error) { return h.saml.Metadata(h.options.Clock()) }

// TestLogout sends an OIDC client a logout token about nobody.
func (h *Hub) TestLogout(ctx context.Context, partner trust.Partner) (oidc.LogoutTest, error) {
	return h.oidc.TestLogout(ctx, partner)
}

func (h *Hub) host() string { return strings.ToLower(h.issuer.Hostname()) }
