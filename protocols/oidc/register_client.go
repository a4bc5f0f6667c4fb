package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/protocols/oidc/registration"
	"github.com/lanyard-hub/lanyard/trust"
)

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

// fill takes what the client said, and looks at the document of its sector and at its logo.
func (p *Provider) fill(ctx context.Context, said registration.Said, d *trust.Document) error {
	if err := p.registrable().Apply(said, d); err != nil {
		return err
	}
	if d.OIDC.SectorURI == "" && d.OIDC.LogoURI == "" {
		return nil
	}
	if !p.doubtful.enter() {
		return bridge.Refuse(bridge.Unavailable, "Documents of other clients are being fetched. Try again.").WithCode("keys_busy")
	}
	defer p.doubtful.leave()
	if err := p.checkSector(ctx, d); err != nil {
		return err
	}
	p.takeLogo(ctx, d)
	return nil
}

// takeLogo fetches the logo of a client once, and keeps it: browsers never go where a stranger says, and what an administrator has looked at
// stays as it was. A client without one, or with one that cannot be had or shown, is registered all the same. One that lies elsewhere than at the
// client's own host could be somebody else's (OpenID Connect Dynamic Client Registration 1.0, section 9.1).
func (p *Provider) takeLogo(ctx context.Context, d *trust.Document) {
	if d.OIDC.LogoURI == "" || p.fetcher == nil || !trust.OwnHost(d.OIDC.LogoURI, d.OIDC.RedirectURIs) {
		return
	}
	body, _, err := p.fetcher.Fetch(ctx, d.OIDC.LogoURI, true)
	var logo *trust.Logo
	if err == nil {
		logo, err = trust.ReadLogo(body)
	}
	if err != nil {
		p.log.InfoContext(ctx, "the logo of a client is not shown", "partner", d.Partner, "error", err.Error())
		return
	}
	d.OIDC.Logo = logo.Encode()
}

// checkSector refuses a client that the document of its sector does not list.
func (p *Provider) checkSector(ctx context.Context, d *trust.Document) error {
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
		Auth: m.TokenAuth, AuthAlgs: m.TokenAuthAlgs, Grants: m.GrantTypes, Responses: p.responses, IDTokenAlgs: m.SigningAlgorithms, UserinfoAlgs: m.UserinfoAlgorithms,
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
