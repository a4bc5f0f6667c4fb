package oidc

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/protocols/oidc/registration"
	"github.com/lanyard-hub/lanyard/trust"
)

// managed is a registered client and the token that its holder showed.
type managed struct {
	document trust.Document
	revision int64
	token    string
}

// readClient tells a client what is registered of it (RFC 7592, section 2.1).
func (p *Provider) readClient(w http.ResponseWriter, r *http.Request) {
	m, err := p.manage(r)
	if err != nil {
		p.refuseRegistration(w, r, clip(r.PathValue("client")), err)
		return
	}
	writeJSON(w, http.StatusOK, p.information(m.document, secrets{registration: m.token}))
}

// replaceClient puts what a client says now in place of what it said (RFC 7592, section 2.2).
func (p *Provider) replaceClient(w http.ResponseWriter, r *http.Request) {
	m, err := p.changeable(r)
	var said registration.Said
	if err == nil {
		said, err = readMetadata(r)
	}
	var d trust.Document
	shown := secrets{registration: m.token}
	if err == nil {
		d, shown.client, err = p.replacement(r, m, said)
	}
	if err != nil {
		p.refuseRegistration(w, r, clip(r.PathValue("client")), err)
		return
	}
	writeJSON(w, http.StatusOK, p.information(d, shown))
}

func (p *Provider) replacement(r *http.Request, m managed, said registration.Said) (d trust.Document, secret string, err error) {
	if said.Text("client_id") != m.document.Partner {
		return d, "", &registration.Refusal{Code: registration.InvalidMetadata, Detail: "client_id must be that of the client (RFC 7592, section 2.2)."}
	}
	if said.Has("client_secret") && (m.document.OIDC.SecretSHA256 == "" || hexHash(said.Text("client_secret")) != m.document.OIDC.SecretSHA256) {
		return d, "", &registration.Refusal{Code: registration.InvalidMetadata, Detail: "client_secret is not that of the client: leave it out, it cannot be chosen (RFC 7592, section 2.2)."}
	}
	template, err := p.registering.Registrar.TemplateFor(r.Context(), m.document)
	if err != nil {
		return d, "", err
	}
	d = template.Document()
	d.Partner, d.URL, d.OIDC.Registration = m.document.Partner, m.document.URL, m.document.OIDC.Registration
	if err := p.fill(r.Context(), said, &d); err != nil {
		return d, "", err
	}
	secret = p.secretOf(&d, m.document.OIDC.SecretSHA256)
	_, err = p.registering.Registrar.Replace(r.Context(), d, template, m.revision, p.registered(r, d, "changed"))
	return d, secret, err
}

// removeClient ends a client, and with it all that it was granted (RFC 7592, section 2.3).
func (p *Provider) removeClient(w http.ResponseWriter, r *http.Request) {
	m, err := p.changeable(r)
	if err == nil {
		err = p.registering.Registrar.Remove(r.Context(), m.document.Partner, m.revision, p.registered(r, m.document, "removed"))
	}
	if err != nil {
		p.refuseRegistration(w, r, clip(r.PathValue("client")), err)
		return
	}
	p.clients.drop(m.document.Partner)
	noStore(w)
	w.WriteHeader(http.StatusNoContent)
}

// manage finds the client that a request names and whose registration access token it shows. Of a client that is not there it says
// what it says of a wrong token (RFC 7592, section 2.1).
func (p *Provider) manage(r *http.Request) (managed, error) {
	token, err := registrationToken(r)
	if err != nil {
		return managed{}, err
	}
	refused := refusedRegistration("The registration access token is not that of this client.")
	if token == "" {
		return managed{}, refused.Because(errNoToken)
	}
	id := r.PathValue("client")
	found, err := p.hub.Partners.Partner(trust.OIDC, id)
	if errors.Is(err, trust.ErrUnknownPartner) || err == nil && (!p.face.knows(found.OIDC.Profile) || !holds(found.OIDC.Registration, token)) {
		return managed{}, refused
	}
	if err != nil {
		return managed{}, err
	}
	d, revision, err := p.registering.Registrar.Current(r.Context(), id)
	if errors.Is(err, trust.ErrUnknownPartner) {
		return managed{}, refused
	}
	if err != nil {
		return managed{}, err
	}
	if now := d.OIDC.Registration; now == nil || now.TokenSHA256 != hexHash(token) { // an administrator made it their own at this moment
		return managed{}, refused
	}
	if d.Stage == trust.SuspendedAt {
		return managed{}, bridge.Refuse(bridge.PartnerSuspended, "This client is suspended. Ask who runs this hub.").WithCode(codeNotYours)
	}
	return managed{d, revision, token}, nil
}

// changeable is manage for those who may change something: a client that an administrator has made live is the administrator's.
func (p *Provider) changeable(r *http.Request) (managed, error) {
	m, err := p.manage(r)
	if err == nil && m.document.Stage == trust.Live {
		err = bridge.Refuse(bridge.PartnerSuspended, "This client is live: what is registered of it is changed by who runs this hub.").WithCode(codeNotYours)
	}
	return m, err
}

// holds compares a token with the hash of the one a client registered with.
func holds(r *trust.Registration, token string) bool {
	if r == nil {
		return false
	}
	sum := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(sum[:], r.Token[:]) == 1
}
