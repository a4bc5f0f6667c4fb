package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/protocols/oidc/registration"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/web"
)

// Registering says how clients register themselves (OpenID Connect Dynamic Client Registration 1.0; RFC 7591, RFC 7592).
type Registering struct {
	Registrar *trust.Registrar // nil: they do not
	Open      bool             // without an invitation too
	Hourly    int              // how many without one in an hour; 0: any number
	Lab       bool             // http and *.localhost are addresses too
}

// Paths, below the issuer.
const (
	registerPath = "/oidc/register"
	clientPath   = "/oidc/register/:client"
)

// registerRoutes are those by which clients register themselves; none unless they may.
func (p *Provider) registerRoutes() []web.Route {
	if p.registering.Registrar == nil {
		return nil
	}
	return []web.Route{
		{Method: http.MethodPost, Path: registerPath, Name: "oidc_register", Class: web.SignOn, TurnAway: turnAway, Handler: p.register},
		{Method: http.MethodGet, Path: clientPath, Name: "oidc_client", Class: web.Machine, TurnAway: turnAway, Handler: p.readClient},
		{Method: http.MethodPut, Path: clientPath, Name: "oidc_client", Class: web.Machine, TurnAway: turnAway, Handler: p.replaceClient},
		{Method: http.MethodDelete, Path: clientPath, Name: "oidc_client", Class: web.Machine, TurnAway: turnAway, Handler: p.removeClient},
	}
}

// register takes a new client (RFC 7591, section 3).
func (p *Provider) register(w http.ResponseWriter, r *http.Request) {
	invitation, err := p.invited(r)
	if err != nil {
		p.refuseRegistration(w, r, "", err)
		return
	}
	said, err := readMetadata(r)
	if err != nil {
		p.refuseRegistration(w, r, "", err)
		return
	}
	d, shown, err := p.newClient(r.Context(), said, invitation)
	if err == nil {
		event := p.registered(r, d, "registered")
		_, err = p.registering.Registrar.Add(r.Context(), d, invitation, event)
	}
	if err != nil {
		p.refuseRegistration(w, r, "", err)
		return
	}
	writeJSON(w, http.StatusCreated, p.information(d, shown))
}

// invited finds the invitation of a request. Without a token it is the zero one, where that is allowed (RFC 7591, section 3).
func (p *Provider) invited(r *http.Request) (trust.Invitation, error) {
	token, err := registrationToken(r)
	switch {
	case err != nil:
		return trust.Invitation{}, err
	case token != "":
		return p.registering.Registrar.Invited(r.Context(), token)
	case !p.registering.Open:
		return trust.Invitation{}, refusedRegistration("Registering needs an initial access token (RFC 7591, section 3): ask who runs this hub for one.").Because(errNoToken)
	case !p.uninvited.take(p.hub.Clock()):
		return trust.Invitation{}, bridge.Refuse(bridge.Throttled, "Too many clients have registered in the last hour. Try again later, or with an initial access token.")
	}
	return trust.Invitation{}, nil
}

// secrets are what a client is told once.
type secrets struct{ client, registration string }

// newClient fills what is permitted with what the client said.
func (p *Provider) newClient(ctx context.Context, said registration.Said, i trust.Invitation) (trust.Document, secrets, error) {
	template, err := p.registering.Registrar.TemplateOf(i)
	if err != nil {
		return trust.Document{}, secrets{}, err
	}
	d, shown := template.Document(), secrets{registration: p.hub.NewSecret()}
	if !p.face.knows(trust.Profile(d.OIDC.Profile)) {
		return d, shown, refusedRegistration("This initial access token is for another issuer of this hub.")
	}
	d.Partner = p.hub.NewID()
	d.OIDC.Registration = &trust.RegistrationDocument{
		TokenSHA256: hexHash(shown.registration), Invitation: i.ID, Issued: p.hub.Clock().UTC().Truncate(time.Second).Format(time.RFC3339),
	}
	if err := p.fill(ctx, said, &d); err != nil {
		return d, shown, err
	}
	shown.client = p.secretOf(&d, "")
	return d, shown, nil
}

// fill takes what the client said, and looks at the document of its sector.
func (p *Provider) fill(ctx context.Context, said registration.Said, d *trust.Document) error {
	if err := p.registrable().Apply(said, d); err != nil {
		return err
	}
	if d.OIDC.SectorURI == "" {
		return nil
	}
	if p.fetcher == nil {
		return &registration.Refusal{Code: registration.InvalidMetadata, Detail: "sector_identifier_uri is not offered by this hub."}
	}
	body, _, err := p.fetcher.Fetch(ctx, d.OIDC.SectorURI, true)
	if err != nil {
		return bridge.Refuse(bridge.BadRequest, "The document of sector_identifier_uri cannot be fetched: it must be answered with 200, without redirect, within a few seconds, at a public address.").
			WithCode(registration.InvalidMetadata).Because(err)
	}
	return trust.CheckSector(body, d.OIDC.RedirectURIs)
}

// secretOf gives the client a secret if its method needs one: the old one stays, of which only the hash is known.
func (p *Provider) secretOf(d *trust.Document, old string) (made string) {
	d.OIDC.SecretSHA256 = ""
	switch {
	case d.OIDC.Auth != authBasic && d.OIDC.Auth != authPost:
	case old != "":
		d.OIDC.SecretSHA256 = old
	default:
		made = p.hub.NewSecret()
		d.OIDC.SecretSHA256 = hexHash(made)
	}
	return made
}

func hexHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// registrable is what clients may be registered with: what discovery says.
func (p *Provider) registrable() registration.Offer {
	m := p.describe()
	bind := []string{trust.BindDPoP}
	if m.CertificateBound {
		bind = append(bind, trust.BindMTLS)
	}
	return registration.Offer{
		Bind: bind,
		Auth: m.TokenAuth, AuthAlgs: m.TokenAuthAlgs, Grants: m.GrantTypes, IDTokenAlgs: m.SigningAlgorithms, UserinfoAlgs: m.UserinfoAlgorithms,
		RequestAlgs: m.RequestAlgorithms, ResponseAlgs: m.ResponseAlgorithms, Pushed: m.Pushed != "", Lab: p.registering.Lab,
	}
}

// information is what a client is told of itself (RFC 7591, section 3.2.1; RFC 7592, section 3).
func (p *Provider) information(d trust.Document, shown secrets) map[string]any {
	out := registration.Tell(d)
	if issued, err := time.Parse(time.RFC3339, d.OIDC.Registration.Issued); err == nil {
		out["client_id_issued_at"] = issued.Unix()
	}
	if shown.client != "" {
		out["client_secret"], out["client_secret_expires_at"] = shown.client, 0
	}
	out["registration_client_uri"], out["registration_access_token"] = p.url(registerPath)+"/"+d.Partner, shown.registration
	return out
}

func (p *Provider) registered(r *http.Request, d trust.Document, change string) ledger.Event {
	detail := map[string]string{"change": change, "stage": string(d.Stage)}
	if i := d.OIDC.Registration.Invitation; i != "" {
		detail["invitation"] = i
	}
	return ledger.Event{
		Time: p.hub.Clock(), Kind: ledger.ClientRegistered, Ref: bridge.Ref(r.Context()), Partner: d.Partner, Peer: bridge.Peer(r.Context()), Detail: detail,
	}
}

// registrationToken is the bearer token of a request; empty if there is none.
func registrationToken(r *http.Request) (string, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", nil
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxSecret {
		return "", refusedRegistration("Send the token once, in the Authorization header, as Bearer.")
	}
	return token, nil
}

func readMetadata(r *http.Request) (registration.Said, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return registration.Said{}, bridge.Refuse(bridge.BadRequest, "Content-Type must be application/json.").WithCode("media_type")
	}
	body, err := io.ReadAll(r.Body)
	if errors.As(err, new(*http.MaxBytesError)) {
		return registration.Said{}, bridge.Refuse(bridge.BadRequest, "The request is too large.").WithCode("too_large").Because(err)
	}
	if err != nil {
		return registration.Said{}, bridge.Refuse(bridge.BadRequest, "The request could not be read.").WithCode("unreadable").Because(err)
	}
	return registration.Read(body)
}
