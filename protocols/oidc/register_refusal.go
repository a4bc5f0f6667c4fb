package oidc

import (
	"errors"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/protocols/oidc/registration"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Codes of refused registrations, on record.
const (
	codeRegistrationToken = "registration_token"
	codeRegistrationsFull = "registrations_full"
	codeNotYours          = "not_yours"
)

// refusedRegistration says the same of a token that never was, is used up, or is another client's.
func refusedRegistration(detail string) *bridge.Refusal {
	return bridge.Refuse(bridge.BadClient, "%s", detail).WithCode(codeRegistrationToken)
}

// registrationRefusal turns what the rooms below say into a refusal. Store errors stay what they are.
func registrationRefusal(err error) error {
	if why, ok := errors.AsType[*registration.Refusal](err); ok {
		return bridge.Refuse(bridge.BadRequest, "%s", why.Detail).WithCode(why.Code)
	}
	switch {
	case errors.Is(err, trust.ErrInvitation):
		return refusedRegistration("The initial access token is not valid: it may be used up, over or revoked.").Because(err)
	case errors.Is(err, trust.ErrFull):
		return bridge.Refuse(bridge.Unavailable, "As many clients have registered themselves as may. Ask who runs this hub.").WithCode(codeRegistrationsFull).Because(err)
	case errors.Is(err, trust.ErrNameTaken):
		return bridge.Refuse(bridge.BadRequest, "client_name is the name of an approved system of this hub: choose another.").WithCode(registration.InvalidMetadata).Because(err)
	case errors.Is(err, trust.ErrConflict):
		return bridge.Refuse(bridge.Unavailable, "Somebody changed this at the same moment. Try again.").WithCode("conflict").Because(err)
	case errors.Is(err, trust.ErrInvalid):
		return bridge.Refuse(bridge.BadRequest, "%s", err.Error()).WithCode(registration.InvalidMetadata)
	}
	return err
}

// refuseRegistration records and answers a refusal (RFC 7591, section 3.2.2; of tokens RFC 6750, section 3).
func (p *Provider) refuseRegistration(w http.ResponseWriter, r *http.Request, partner string, err error) {
	refusal := p.hub.RefuseRequest(r.Context(), ledger.RegistrationRefused, partner, bridge.Ref(r.Context()), registrationRefusal(err))
	p.logFailure(r, refusal)
	name, status := registrationError(refusal)
	if status == http.StatusUnauthorized {
		challenge := `Bearer realm="` + p.issuer + `"`
		if !errors.Is(refusal, errNoToken) {
			challenge += `, error="` + name + `"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	writeJSON(w, status, oauthError{Error: name, Description: describe(refusal.Detail)})
}

func registrationError(r *bridge.Refusal) (string, int) {
	switch r.Code {
	case registration.InvalidRedirectURI, registration.InvalidMetadata, registration.InvalidStatement:
		return r.Code, http.StatusBadRequest
	case codeRegistrationToken:
		return errInvalidToken, http.StatusUnauthorized
	case codeNotYours:
		return errAccessDenied, http.StatusForbidden
	}
	return tokenError(r)
}
