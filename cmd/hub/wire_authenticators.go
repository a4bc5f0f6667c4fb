package hub

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/lanyard-hub/lanyard/adapters/smartcard"
	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
	"github.com/lanyard-hub/lanyard/web/signin"
)

// cardRoom is what serves the card hosts.
type cardRoom struct {
	verifier *smartcard.Cards
	caches   []*revocation.Cache // one for each authority whose revocations are looked at
	handler  http.Handler        // nil: no cards
	news     chan struct{}       // cards may have been revoked since sessions were looked through
}

// wireAuthenticators builds the ways to sign in and the pages that use them.
func (h *Hub) wireAuthenticators(ctx context.Context) error {
	c := h.options.Config
	o := signin.Options{
		Kit: h.kit, Hub: h.core, Authenticators: h.store, Extras: h.options.Extras,
		Apps: h.apps, Agents: h.pageAgents(), Log: h.options.Log, CardURL: h.cardURL, Waiting: h.waiting, Status: h.status,
	}
	if c.Authenticators.FIDO2.Enabled {
		keys, err := h.wireFIDO(ctx)
		if err != nil {
			return err
		}
		o.Keys, o.KeyHints, o.StaffNumbers = keys, c.Authenticators.FIDO2.Hints, staffNumbers(c)
		h.core.Methods = append(h.core.Methods, bridge.Offer{Method: bridge.MethodFIDO2, Assurance: 3})
	}
	if c.Authenticators.Smartcard.Enabled {
		cards, err := h.smartcards()
		if err != nil {
			return err
		}
		h.cards.verifier, o.Cards, h.core.Revocations = cards, cards, cards
		h.core.Methods = append(h.core.Methods, bridge.Offer{Method: bridge.MethodSmartcard, Assurance: 3})
		o.CardSource = sourceOf(c.Listeners.Card.ClientCert)
		h.kit.CardOrigin = h.cardURL("*")
	}
	h.wireStatus()
	h.signin = signin.New(o)
	if h.cards.verifier != nil {
		h.cards.handler = h.signin.CardHandler()
	}
	return nil
}

// cardURL is the origin of the card host with the given label.
func (h *Hub) cardURL(label string) string {
	l := h.options.Config.Listeners
	host := strings.Replace(l.Card.HostPattern, "*", label, 1)
	if port := l.Card.PublicPort; port != 0 && port != 443 {
		return "https://" + host + ":" + strconv.Itoa(port)
	}
	return "https://" + host
}

// apps are the partners on the home page: those that can be started from an address.
func (h *Hub) apps() []signin.App {
	partners, err := h.registry.Partners()
	if err != nil {
		h.options.Log.Error("list apps", "error", err.Error())
		return nil
	}
	var out []signin.App
	for _, p := range partners {
		if p.Answerable() && p.URL != "" {
			out = append(out, signin.App{Name: p.Name, URL: p.URL})
		}
	}
	return out
}

// publicHandler serves the hub's own host.
func (h *Hub) publicHandler() http.Handler {
	tables := [][]web.Route{h.signin.Routes(), h.saml.Routes(), h.options.Routes}
	for _, p := range h.oidc {
		tables = append(tables, p.Routes())
	}
	if h.ticket != nil {
		tables = append(tables, h.ticket.Routes())
	}
	if h.agents != nil {
		tables = append(tables, h.agents.Routes())
	}
	handler := h.withAgentHosts(h.kit.Router(tables...))
	if h.options.Wrap != nil {
		return h.options.Wrap(handler)
	}
	return handler
}

// waiting counts the apps that wait for an approval of a person: of the one face that has such flows. Where no client may ask for one, the
// first page reads nothing of the store for it.
func (h *Hub) waiting(ctx context.Context, uid string) (int, string, error) {
	if !h.registry.AnyMay(trust.GrantCIBA) {
		return 0, "", nil
	}
	return h.oidc[0].Waiting(ctx, uid)
}
