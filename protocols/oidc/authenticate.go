package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" // RFC 7523, section 2.2

// caller is a client that authenticated, by the method it is registered with.
type caller struct {
	*client
	mark  *bridge.PutArtifact // that its assertion was used; to be committed, once
	holds holding             // beside that
}

// credentials is what a request shows of a client.
type credentials struct {
	method, id, secret, assertion string
}

// authenticate finds out which client calls (RFC 6749, section 2.3): exactly one method, the registered one.
// On refusal claimed is who the caller says it is, for the record.
func (p *Provider) authenticate(r *http.Request, form url.Values) (c caller, claimed string, err error) {
	shown, err := readCredentials(r, form)
	if bridge.AsRefusal(err).Code == codeNoAuth && shown.method == authNone {
		if shown.id = p.holderOf(r.Context(), form); shown.id != "" {
			err = nil
		}
	}
	claimed = clip(shown.id)
	if err != nil {
		return caller{}, claimed, err
	}
	found, err := p.partner(shown.id)
	if bridge.AsRefusal(err).Reason == bridge.UnknownPartner {
		return caller{}, claimed, refusedClient().WithCode(bridge.UnknownPartner.String())
	}
	if err != nil {
		return caller{}, claimed, err
	}
	if shown.method == authNone && found.byCertificate() { // it shows nothing in the request itself (RFC 8705, section 2)
		shown.method = found.terms.ClientAuth
	}
	if shown.method != found.terms.ClientAuth {
		return caller{}, claimed, bridge.Refuse(bridge.BadClient, "This client must authenticate with %s.", found.terms.ClientAuth).WithCode("auth_method")
	}
	c.client = found
	switch shown.method {
	case authBasic, authPost:
		sum := sha256.Sum256([]byte(shown.secret))
		if subtle.ConstantTimeCompare(sum[:], found.terms.SecretHash[:]) != 1 {
			return caller{}, claimed, refusedClient()
		}
	case authTLS, authSelfSigned:
		if err := p.checkCertificate(r, found); err != nil {
			return caller{}, claimed, err
		}
	case authJWT:
		mark, err := p.checkAssertion(r.Context(), found, shown.assertion)
		if err != nil {
			return caller{}, claimed, err
		}
		c.mark = &mark
	}
	return c, claimed, nil
}

const codeNoAuth = "no_client_auth" // nothing in the request says whose it is

// refusedClient says the same of a client that does not exist and of a wrong secret.
func refusedClient() *bridge.Refusal {
	return bridge.Refuse(bridge.BadClient, "Client authentication failed.")
}

func readCredentials(r *http.Request, form url.Values) (credentials, error) {
	shown := credentials{method: authNone, id: form.Get("client_id")}
	methods := 0
	if headers := r.Header.Values("Authorization"); len(headers) > 0 {
		if len(headers) > 1 {
			return shown, bridge.Refuse(bridge.BadRequest, "More than one Authorization header.").WithCode("auth_twice")
		}
		id, secret, err := readBasic(headers[0])
		if err != nil {
			return shown, err
		}
		if shown.id != "" && shown.id != id {
			return shown, bridge.Refuse(bridge.BadRequest, "client_id differs from the Basic credentials.").WithCode("client_id_differs")
		}
		methods++
		shown.method, shown.id, shown.secret = authBasic, id, secret
	}
	if form.Has("client_secret") {
		methods++
		shown.method, shown.secret = authPost, form.Get("client_secret")
	}
	if form.Has("client_assertion") || form.Has("client_assertion_type") {
		methods++
		shown.method, shown.assertion = authJWT, form.Get("client_assertion")
		if form.Get("client_assertion_type") != assertionType {
			return shown, bridge.Refuse(bridge.BadClient, "client_assertion_type must be %s.", assertionType).WithCode("assertion_type")
		}
		if shown.id == "" {
			shown.id = jose.ClaimedIssuer(shown.assertion)
		}
	}
	switch {
	case methods > 1:
		return shown, bridge.Refuse(bridge.BadRequest, "More than one method of client authentication.").WithCode("auth_twice")
	case shown.id == "":
		return shown, bridge.Refuse(bridge.BadClient, "The client did not authenticate.").WithCode(codeNoAuth)
	case len(shown.secret) > maxSecret:
		return shown, refusedClient()
	}
	return shown, nil
}

// spend records the use of an assertion on its own, for requests that commit nothing else.
func (p *Provider) spend(ctx context.Context, c caller) error {
	if c.mark == nil {
		return nil
	}
	err := p.hub.Artifacts.Put(ctx, c.mark.Artifact, false)
	if errors.Is(err, bridge.ErrExists) {
		return refusedReplay().Because(err)
	}
	if err != nil {
		return fmt.Errorf("oidc: record assertion: %w", err)
	}
	return nil
}

// refusedAfter spends the assertion of a request that is refused before anything else is decided. It returns why it is refused.
func (p *Provider) refusedAfter(ctx context.Context, c caller, why error) error {
	if spent := p.spend(ctx, c); spent != nil {
		return spent
	}
	return why
}

const codeAssertionReplayed = "assertion_replayed"

func refusedReplay() *bridge.Refusal {
	return bridge.Refuse(bridge.Replayed, "The jti of the client assertion was used before.").WithCode(codeAssertionReplayed)
}
