package saml2

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/web"
)

// Paths of the front end below the issuer.
const (
	MetadataPath = "/saml2/metadata"
	MDQPath      = "/saml2/mdq/entities" // below the base URL of the Metadata Query Protocol
	SSOPath      = "/saml2/sso"
	ResumePath   = "/saml2/resume"
	SLOPath      = "/saml2/slo"
	SOAPPath     = "/saml2/slo/soap"
	FrontPath    = "/saml2/slo/front"
	ArtifactPath = "/saml2/artifact"
	LaunchPath   = "/saml2/launch"
	ECPPath      = "/saml2/ecp"

	AttributesPath = "/saml2/attributes"
)

// Poster sends a SOAP message to a partner.
type Poster interface {
	// Post returns the status and the whole body of an answer, whatever its status.
	Post(ctx context.Context, target, contentType string, body []byte) (status int, answer []byte, err error)
}

// Clients proves who signs on by a client that has no pages.
type Clients interface {
	// ClientProof returns what a request proves by the client certificate of its connection or by its Authorization header; a
	// Refusal with reason CredentialMissing if it has neither.
	ClientProof(r *http.Request) (bridge.Proof, error)
	// ClientChallenge is a fresh value of WWW-Authenticate.
	ClientChallenge(ctx context.Context) (string, error)
}

// Senders knows who made an artifact.
type Senders interface {
	// EntityBySource finds the SAML partner whose entity id has this SHA-1 digest (SAML Bindings 3.6.4.2).
	EntityBySource(source [20]byte) (entityID string, ok bool)
}

// Options of a Provider. Kit, Hub and Keys are needed.
type Options struct {
	Kit          *web.Kit
	Hub          *bridge.Hub
	Keys         func() keyring.Ring  // the ring at this moment
	Algorithm    keyring.Algorithm    // for partners whose terms name none: keys for it come first in the metadata; empty: RS256
	EntityID     string               // empty: the issuer followed by MetadataPath
	About        metadata.About       // what the metadata says of the hub and of who runs it
	Attributes   []metadata.Attribute // that it says may be told; none: not said
	MetadataLife time.Duration        // of published metadata; 0: 7 days
	ClockSkew    time.Duration        // tolerated in partners' clocks; 0: 3 minutes
	RequestLife  time.Duration        // a message older than this is stale; 0: 5 minutes
	WantSigned   bool                 // the metadata asks partners to sign their requests; whether they must, their terms say
	Refused      []string             // URIs of algorithms that are neither taken nor published; the terms know them too
	Poster       Poster               // nil: partners are not told by SOAP
	Senders      Senders              // nil: messages by artifact are not accepted
	Clients      Clients              // nil: ECP is not offered
	// EmergencyClass is the authentication context class of emergency access; empty: there is none.
	EmergencyClass string
	CardECP        string // address of the ECP service that takes client certificates; empty: there is none
	// AfterLogout shows what became of a sign-out that a partner began in this browser, when not every other partner has
	// confirmed. The page continues to next, which may be empty. nil: the partner is answered without a page.
	AfterLogout func(w http.ResponseWriter, r *http.Request, report bridge.LogoutReport, next string)
	// ResultURL is the address of that page. A browser that brought a partner's answer in a window of its own is sent there;
	// nil: it is told in one sentence.
	ResultURL func(logout string) string
	Log       *slog.Logger
	Rand      io.Reader // of signatures and encryption; nil: crypto/rand
}

// Provider is the identity provider.
type Provider struct {
	Options
	inflaters  sync.Pool // of io.ReadCloser
	deflaters  sync.Pool // of *flate.Writer
	publishing sync.Mutex
	published  publication
	fetching   fetching
}

// New fills in defaults and checks what is needed.
func New(o Options) (*Provider, error) {
	switch {
	case o.Kit == nil:
		return nil, errors.New("saml2: no kit")
	case o.Hub == nil:
		return nil, errors.New("saml2: no hub")
	case o.Keys == nil:
		return nil, errors.New("saml2: no keys")
	}
	if o.Algorithm == "" {
		o.Algorithm = keyring.RS256
	}
	if o.EntityID == "" {
		o.EntityID = o.Kit.URL(MetadataPath)
	}
	if o.MetadataLife == 0 {
		o.MetadataLife = 7 * 24 * time.Hour
	}
	if o.ClockSkew == 0 {
		o.ClockSkew = 3 * time.Minute
	}
	if o.RequestLife == 0 {
		o.RequestLife = 5 * time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	p := &Provider{Options: o}
	p.inflaters.New = func() any { return flate.NewReader(bytes.NewReader(nil)) }
	p.deflaters.New = func() any {
		w, err := flate.NewWriter(io.Discard, flate.DefaultCompression)
		if err != nil {
			panic("saml2: " + err.Error()) // only for a level that does not exist
		}
		return w
	}
	return p, nil
}

// maxForm bounds a POSTed form: 128 KiB of base64, whose +, / and = triple when escaped, and a RelayState.
const maxForm = 192 << 10

// Routes is the route table.
func (p *Provider) Routes() []web.Route {
	routes := []web.Route{
		{Method: http.MethodGet, Path: MetadataPath, Name: "saml2_metadata", Class: web.Cheap, Handler: p.metadata},
		{Method: http.MethodGet, Path: MDQPath, Name: "saml2_mdq_all", Class: web.Cheap, Handler: p.answerMDQ},
		{Method: http.MethodGet, Path: MDQPath + "/*", Name: "saml2_mdq", Class: web.Cheap, Handler: p.answerMDQ},
		{Method: http.MethodGet, Path: SSOPath, Name: "saml2_sso", Once: true, Handler: p.ssoRedirect},
		{Method: http.MethodPost, Path: SSOPath, Name: "saml2_sso_post", MaxBody: maxForm, Handler: p.ssoPost},
		{Method: http.MethodGet, Path: ResumePath, Name: "saml2_resume", Class: web.Step, Once: true, Handler: p.resume},
		{Method: http.MethodGet, Path: SLOPath, Name: "saml2_slo", Class: web.SignOut, Once: true, Handler: p.sloRedirect},
		{Method: http.MethodPost, Path: SLOPath, Name: "saml2_slo_post", Class: web.SignOut, MaxBody: maxForm, Handler: p.sloPost},
		{Method: http.MethodPost, Path: SOAPPath, Name: "saml2_slo_soap", Class: web.SignOut, TurnAway: p.turnAway, Handler: p.sloSOAP},
		{Method: http.MethodGet, Path: LaunchPath, Name: "saml2_launch", Once: true, Handler: p.launch},
		{Method: http.MethodPost, Path: AttributesPath, Name: "saml2_attributes", Class: web.Machine, TurnAway: p.turnAway, Handler: p.attributes},
		{Method: http.MethodPost, Path: ArtifactPath, Name: "saml2_artifact", Class: web.Machine, TurnAway: p.turnAway, Handler: p.resolveArtifact},
		{Method: http.MethodGet, Path: FrontPath, Name: "saml2_slo_front", Class: web.SignOut, Once: true, Handler: p.front},
	}
	if p.Clients != nil {
		routes = append(routes, p.ECPRoute())
	}
	return routes
}

// ECPRoute is served on the hub's own host, and on the card host that takes client certificates. It begins sign-ons for whoever asks:
// strangers pay, and wait, as at the browser's service.
func (p *Provider) ECPRoute() web.Route {
	return web.Route{Method: http.MethodPost, Path: ECPPath, Name: "saml2_ecp", Class: web.SignOn, TurnAway: p.turnAway, Handler: p.ecp}
}

// limits are those of a message of a partner.
func (p *Provider) limits() xmlsec.Limits {
	l := xmlsec.MessageLimits()
	l.Refused = p.Refused
	return l
}

// newID returns a fresh XML ID. It has the 160 bits that SAML Core 1.3.4 recommends, 128 being the least.
func (p *Provider) newID() string { return "_" + hex.EncodeToString(p.Hub.Random(20)) }
