package web

import (
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Organisation is printed on every page.
type Organisation struct {
	Name      string
	ODS       string // its code, printed beside the name; may be empty
	Help      string // whom to call
	RAContact string
}

// Kit is what front ends share. Fields are set once.
type Kit struct {
	Issuer         *url.URL // public address of the hub, no trailing slash
	Organisation   Organisation
	Banner         string // printed in text on every page; the demo's warning
	BannerLink     string // path that the banner leads to; empty: it is text
	Hub            *bridge.Hub
	Log            *slog.Logger
	TrustedProxies []netip.Prefix
	CardOrigin     string // CSP source of the card hosts, e.g. https://*.card.sso.trust.example; empty: no cards
	Observe        Observer
	Gate           *Gate          // admits requests to work; nil: all
	Tolls          *Tolls         // limits peers without session; nil: none
	Secret         []byte         // 32 bytes, for CSRF tokens and seals
	Zone           *time.Location // of the times on pages; nil: that of the hub's clock
	pages          *templates
}

// Observer counts requests. Children are bound once, at wiring.
type Observer interface {
	Request(route string, status int, seconds float64)
}

// Route is one entry of a front end's route table. A GET route answers HEAD too, unless it is Once.
type Route struct {
	Method  string
	Path    string // echo syntax
	Name    string // bounded label for metrics and logs
	MaxBody int64  // bytes; 0: 64 KiB
	Handler http.HandlerFunc
	CORS    bool // open to browser apps of any origin, without credentials (discovery, JWKS, token, userinfo)
	Class   Class
	// TurnAway answers when the hub is busy or the peer asked too often; nil: a page. Retry-After is set, nothing was recorded.
	TurnAway func(http.ResponseWriter, *http.Request, *bridge.Refusal)
	Once     bool // a GET that consumes something: HEAD is not answered
}

// Secure reports whether the hub is served over TLS. Only the demo on *.localhost is not.
func (k *Kit) Secure() bool { return k.Issuer.Scheme == "https" }

// URL makes an absolute URL of the hub.
func (k *Kit) URL(path string) string { return k.Issuer.String() + path }

// Time prints an instant as "23 Nov 2026, 08:12".
func (k *Kit) Time(t time.Time) string {
	zone := k.Zone
	if zone == nil {
		zone = k.Hub.Clock().Location()
	}
	return t.In(zone).Format("2 Jan 2006, 15:04")
}

// Init parses the templates. It is called once by the composition root.
func (k *Kit) Init() error {
	t, err := parseTemplates()
	if err != nil {
		return err
	}
	k.pages = t
	return nil
}
