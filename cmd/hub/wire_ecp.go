package hub

import (
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/protocols/saml2"
	"github.com/lanyard-hub/lanyard/web"
)

// ecpLabel is the card host that serves SAML's enhanced clients. Card hosts of sign-ins have 26 characters there.
const ecpLabel = "ecp"

// clients proves who sits at an enhanced client; nil without cards.
func (h *Hub) clients() saml2.Clients {
	if h.cards.handler == nil {
		return nil
	}
	return h.signin
}

// cardECP is where enhanced clients show a card in the TLS handshake; empty without cards.
func (h *Hub) cardECP() string {
	if h.cards.handler == nil {
		return ""
	}
	return h.cardURL(ecpLabel) + saml2.ECPPath
}

// serveECP answers enhanced clients on their card host; every other card host is as before.
func (h *Hub) serveECP() {
	if h.cards.handler == nil {
		return
	}
	route := h.saml.ECPRoute()
	cards, ecp := h.cards.handler, h.kit.Handler(route)
	own, err := url.Parse(h.cardURL(ecpLabel))
	if err != nil {
		return
	}
	proxied := sourceOf(h.options.Config.Listeners.Card.ClientCert) == web.FromProxy
	shaken := func(r *http.Request) bool { return proxied || r.TLS != nil && r.TLS.ServerName == own.Hostname() }
	named := func(host string) bool { return host == own.Host || own.Port() == "" && host == own.Host+":443" }
	h.cards.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !shaken(r) || !named(r.Host):
			cards.ServeHTTP(w, r)
		case r.URL.Path != route.Path:
			http.NotFound(w, r)
		case r.Method != route.Method:
			w.Header().Set("Allow", route.Method)
			http.Error(w, "Only POST is answered here.", http.StatusMethodNotAllowed)
		default:
			ecp(w, r)
		}
	})
}
