package hub

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/httpsource"
	"github.com/lanyard-hub/lanyard/protocols/oidc"
	"github.com/lanyard-hub/lanyard/protocols/saml2"
	"github.com/lanyard-hub/lanyard/protocols/ticket"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/web/signin"
)

// wireProtocols builds the front ends and tells the core how each ends a session at its partners.
func (h *Hub) wireProtocols(context.Context) error {
	c := h.options.Config
	poster := outgoing{httpsource.New(httpsource.Options{
		Timeout: 5 * time.Second, MaxBytes: 256 << 10, AllowPrivate: true, AllowLocalhost: h.options.Lab,
	})}
	keys := h.keys
	var err error
	h.saml, err = saml2.New(saml2.Options{
		EmergencyClass: emergencyNames(c.Emergency)[trust.SAML2],
		Kit:            h.kit, Hub: h.core, Keys: keys, Algorithm: algorithm(c.SAML.Sign), EntityID: h.EntityID(),
		About: about(c), Attributes: attributes(c.SAML.Metadata.Attributes), MetadataLife: c.SAML.Metadata.Life, ClockSkew: c.SAML.ClockSkew, RequestLife: c.SAML.RequestLife, WantSigned: c.SAML.SignedRequests, Refused: refused(c.SAML.Refuse),
		Poster: poster, Senders: h.registry, Clients: h.clients(), CardECP: h.cardECP(), AfterLogout: h.signin.AfterLogout, Log: h.options.Log,
		ResultURL: signin.ResultAgain,
	})
	if err != nil {
		return err
	}
	if err := h.wireOIDC(keys, poster); err != nil {
		return err
	}
	h.core.Propagators[trust.SAML2], h.core.Propagators[trust.OIDC] = h.saml, h.oidc
	if c.Tickets.Enabled {
		h.ticket = ticket.New(ticket.Options{
			Kit: h.kit, Hub: h.core, Systems: h.registry, Life: c.Tickets.Life, Mode: h.options.Mode, Keys: keys, Algorithm: algorithm(c.SAML.Sign),
			Agent: h.ticketAgents(), Log: h.options.Log,
		})
		h.core.Propagators[trust.Ticket] = h.ticket
	}
	dropped := func() float64 { return 0 }
	if h.recorder != nil {
		dropped = func() float64 { return float64(h.recorder.Dropped()) }
	}
	h.metrics.info(h.options.Version, dropped)
	return nil
}

// wireOIDC builds the provider, and a second one over the same hub if there is an issuer of the CIS2 face.
func (h *Hub) wireOIDC(keys func() keyring.Ring, poster outgoing) error {
	c := h.options.Config.OIDC
	registering, err := h.registering()
	if err != nil {
		return err
	}
	documents := h.documents()
	o := oidc.Options{
		Fetcher: documents, Guarded: outgoing{documents.guarded}, Registering: registering,
		Kit: h.kit, Hub: h.core, Keys: keys, RequirePKCE: c.RequirePKCE, RequirePAR: c.RequirePAR, ProofNonce: c.DPoPNonce,
		Lifetimes: oidc.Lifetimes{
			Code: c.CodeLife, IDToken: c.IDTokenLife, Access: c.AccessTokenLife, Refresh: c.RefreshTokenLife, Pushed: c.PARLife,
			Device: c.Device.Life, CIBA: c.CIBA.Life, Longest: c.CIBA.Longest,
		},
		ResponseTypes: responseTypes(c.ResponseTypes),
		Poster:        poster, Notifier: poster, AfterLogout: h.signin.AfterLogout, Log: h.options.Log,
	}
	if e := h.options.Config.Emergency; e.Enabled {
		o.EmergencyACR, o.PurposeOfUse = e.ACR, e.Purpose
	}
	mutual, err := h.mutualTLS()
	if err != nil {
		return err
	}
	faces := []oidc.Options{o}
	faces[0].MutualTLS = mutual
	if c.CIS2.Path != "" {
		o.Face = oidc.CIS2Face(c.CIS2.Path, c.CIS2.Port443)
		o.RequirePKCE, o.RequirePAR = false, false
		faces = append(faces, o)
	}
	for _, o := range faces {
		p, err := oidc.New(o)
		if err != nil {
			return err
		}
		h.oidc = append(h.oidc, p)
	}
	return nil
}

func responseTypes(names []string) []trust.ResponseType {
	var out []trust.ResponseType
	for _, name := range names {
		out = append(out, trust.ResponseType(name))
	}
	return out
}

// outgoing shapes the bounded HTTP client as the front ends want it.
type outgoing struct{ client *httpsource.Client }

// soapAction is what SOAP 1.1 (6.1.1) wants of every request by HTTP, with the value that SAML Bindings 3.2.3.1 has for it: some
// stacks look for their service by it, and refuse a request without.
const soapAction = `"http://www.oasis-open.org/committees/security"`

// Post implements saml2.Poster. A redirect is followed nowhere, and is an answer all the same.
func (o outgoing) Post(ctx context.Context, target, contentType string, body []byte) (int, []byte, error) {
	headers := []httpsource.Header{ // the others keep it out of caches (3.2.3.2)
		{Name: "SOAPAction", Value: soapAction}, {Name: "Cache-Control", Value: "no-cache, no-store"}, {Name: "Pragma", Value: "no-cache"},
	}
	r, err := o.client.Post(ctx, target, contentType, body, headers...)
	if errors.Is(err, httpsource.ErrRedirect) {
		return http.StatusSeeOther, nil, nil
	}
	return r.Status, r.Body, err
}

// PostForm implements oidc.Poster.
func (o outgoing) PostForm(ctx context.Context, target string, form url.Values) (int, []byte, error) {
	r, err := o.client.PostForm(ctx, target, form)
	return r.Status, r.Body, err
}

// PostJSON implements oidc.Notifier.
func (o outgoing) PostJSON(ctx context.Context, target, bearer string, body []byte) (int, error) {
	r, err := o.client.Post(ctx, target, "application/json", body, httpsource.Header{Name: "Authorization", Value: "Bearer " + bearer})
	return r.Status, err
}
