package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ory/fosite"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// tokenResponse is RFC 6749, section 5.1, with OpenID Connect Core 1.0, section 3.1.3.3.
type tokenResponse struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"` // seconds
	Refresh string `json:"refresh_token,omitempty"`
	ID      string `json:"id_token"`
	Scope   string `json:"scope"`
}

// token exchanges a code or a refresh token (RFC 6749, sections 4.1.3 and 6).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	c, form, err := p.call(w, r)
	if err != nil {
		return
	}
	answer, g, err := p.exchange(r.Context(), c, form)
	if err != nil {
		ref := ""
		if g != nil {
			ref = g.Ref
		}
		p.refuseCall(w, r, c.id, ref, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// call reads and authenticates a request of a client to a back-channel endpoint. On error it has answered.
func (p *Provider) call(w http.ResponseWriter, r *http.Request) (caller, url.Values, error) {
	var c caller
	claimed := ""
	form, err := callForm(r)
	if err == nil {
		c, claimed, err = p.authenticate(r, form)
	}
	if err != nil {
		p.refuseCall(w, r, claimed, "", err)
	}
	return c, form, err
}

func callForm(r *http.Request) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, bridge.Refuse(bridge.BadRequest, "Send parameters in the body, not in the query.").WithCode("query_parameters")
	}
	form, err := readForm(r)
	if err != nil {
		return nil, err
	}
	if why := once(form); why != nil {
		return nil, why
	}
	return form, nil
}

// exchange decides, signs and commits. The grant comes back even when it is refused, if it was found.
func (p *Provider) exchange(ctx context.Context, c caller, form url.Values) (*tokenResponse, *grant, error) {
	kind, err := grantType(c, form)
	if err != nil {
		if spent := p.spend(ctx, c); spent != nil {
			err = spent
		}
		return nil, nil, err
	}
	m := p.machine(c.client)
	answer, err := p.redeem(ctx, m, c, kind, form)
	if err != nil {
		return nil, m.found, p.failed(ctx, m, c, err)
	}
	return answer, m.found, nil
}

func grantType(c caller, form url.Values) (string, error) {
	switch kind := form.Get("grant_type"); kind {
	case grantCode:
		if form.Get("code") == "" {
			return "", bridge.Refuse(bridge.BadRequest, "code is missing.")
		}
		return kind, nil
	case grantRefresh:
		if form.Get("refresh_token") == "" {
			return "", bridge.Refuse(bridge.BadRequest, "refresh_token is missing.")
		}
		if !c.terms.Refresh {
			return "", bridge.Refuse(bridge.UnsupportedRequest, "Refresh tokens are not allowed for this client.").WithCode(codeUnauthorizedClient)
		}
		return kind, nil
	case "":
		return "", bridge.Refuse(bridge.BadRequest, "grant_type is missing.")
	}
	return "", bridge.Refuse(bridge.UnsupportedRequest, "grant_type must be authorization_code or refresh_token.").WithCode(codeGrantType)
}

// redeem runs the grant through fosite's handlers, decides anew what the client is told, and commits all of it at once.
func (p *Provider) redeem(ctx context.Context, m *machine, c caller, kind string, form url.Values) (*tokenResponse, error) {
	req, g, err := m.accept(ctx, kind, form)
	if err != nil {
		return nil, err
	}
	event, nonce := ledger.TokenRefreshed, ""
	if kind == grantCode {
		event, nonce = ledger.TokenIssued, g.Nonce
	} else if err := narrow(req, form.Get("scope")); err != nil {
		return nil, err
	}
	iss, err := p.hub.Reissue(ctx, g.bridge(p, idTokenWants(g.Scopes)), event)
	if err != nil {
		return nil, err
	}
	made, err := m.exchange(ctx, req, iss.SessionEnds)
	if err != nil {
		return nil, err
	}
	id, err := p.idToken(c.client, g, iss, idTokenInput{nonce: nonce, access: made.access, scopes: made.scopes})
	if err != nil {
		return nil, err
	}
	writes := m.writes
	if c.mark != nil {
		writes = append(writes, *c.mark)
	}
	if err := p.hub.Deliver(ctx, iss, writes...); err != nil {
		return nil, raced(err)
	}
	life := min(p.life.Access, iss.SessionEnds.Sub(m.now))
	return &tokenResponse{
		Access: made.access, Type: "Bearer", Expires: int64(life / time.Second), Refresh: made.refresh, ID: id, Scope: joined(made.scopes),
	}, nil
}

// narrow applies the scope parameter of a refresh: less than was granted, never more (RFC 6749, section 6).
func narrow(req *fosite.AccessRequest, scope string) error {
	if scope == "" {
		return nil
	}
	asked := words(scope)
	for _, s := range asked {
		if !req.GrantedScope.Has(s) {
			return bridge.Refuse(bridge.BadGrant, "The scope %s was not granted.", clip(s)).WithCode(codeInvalidScope)
		}
	}
	if !slices.Contains(asked, scopeOpenID) {
		asked = append([]string{scopeOpenID}, asked...)
	}
	req.GrantedScope = asked
	return nil
}

// raced reads the outcome of a commit that did not hold: the code was spent in the meantime, or the assertion was.
func raced(err error) error {
	switch {
	case errors.Is(err, bridge.ErrSpent), errors.Is(err, bridge.ErrNotFound):
		return bridge.Refuse(bridge.BadGrant, "The code or token was used already.").WithCode("grant_spent").Because(err)
	case errors.Is(err, bridge.ErrExists), bridge.AsRefusal(err).Reason == bridge.Replayed:
		return refusedReplay().Because(err)
	}
	return err
}

// failed does what a refused exchange entails: the assertion counts as used, and a grant that was
// misused, or may no longer be answered, ends (RFC 6749, section 4.1.2; RFC 9700, section 4.14.2).
func (p *Provider) failed(ctx context.Context, m *machine, c caller, err error) error {
	why := bridge.AsRefusal(err)
	if why.Reason != bridge.Replayed {
		if spent := p.spend(ctx, c); spent != nil {
			return spent
		}
	}
	if m.found == nil || !endsGrant(why) {
		return err
	}
	if drop := p.hub.Artifacts.DropGroup(ctx, m.found.ID); drop != nil {
		return errors.Join(drop, err)
	}
	return err
}

func endsGrant(why *bridge.Refusal) bool {
	name, _ := tokenError(why)
	return name == errInvalidGrant
}

// refuseCall audits a refusal of a back-channel endpoint and answers it as JSON (RFC 6749, section 5.2).
func (p *Provider) refuseCall(w http.ResponseWriter, r *http.Request, partner, ref string, err error) {
	refusal := p.hub.RefuseRequest(r.Context(), ledger.TokenRefused, partner, p.ref(r, ref), err)
	p.logFailure(r, refusal)
	name, status := tokenError(refusal)
	if status == http.StatusUnauthorized && r.Header.Get("Authorization") != "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="`+p.issuer+`"`)
	}
	writeJSON(w, status, oauthError{Error: name, Description: describe(refusal.Detail)})
}

type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
}
