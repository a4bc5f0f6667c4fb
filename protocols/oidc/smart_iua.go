package oidc

import (
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// purposePrefix begins a scope that says what data is wanted for (IHE IUA, ITI-71): purpose_of_use=TREAT, or a code with its system
// before it. The terms list which of them a client may claim.
const purposePrefix = "purpose_of_use="

// actReason is the code system of a purpose that names none.
const actReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

// coding is a code and its system, as FHIR writes them.
type coding struct {
	System string `json:"system,omitempty"`
	Code   string `json:"code"`
}

// codingOf reads system|code, or a code without system.
func codingOf(text, system string) coding {
	if s, code, ok := strings.Cut(text, "|"); ok {
		return coding{s, code}
	}
	return coding{system, text}
}

// iua is what a reader's terms release in the extension of IHE IUA (ITI-71, JSON Web Token Option); nil if they release nothing there.
func (c *client) iua(iss bridge.Issuance, scopes []string, purpose string) map[string]any {
	if !slices.ContainsFunc(c.rules.Release, func(r trust.Rule) bool { return strings.HasPrefix(r.Name, trust.IUAClaim) }) {
		return nil
	}
	out := map[string]any{}
	for _, a := range iss.Attributes {
		name, ok := strings.CutPrefix(a.Name, trust.IUAClaim)
		switch {
		case !ok || len(a.Values) == 0:
		case name == "subject_role":
			out[name] = codings(a.Values)
		case len(a.Values) == 1 && !a.List:
			out[name] = a.Values[0]
		default:
			out[name] = a.Values
		}
	}
	var purposes []coding
	for _, s := range scopes {
		if purpose, ok := strings.CutPrefix(s, purposePrefix); ok {
			purposes = append(purposes, codingOf(purpose, actReason))
		}
	}
	if !iss.Emergency.IsZero() && purpose != "" {
		purposes = []coding{codingOf(purpose, actReason)} // of the hub's own knowledge, whatever the client claims
	}
	if len(purposes) > 0 {
		out["purpose_of_use"] = purposes
	}
	if home := c.terms.Smart.HomeCommunity; home != "" {
		out["home_community_id"] = home
	}
	if len(out) == 0 {
		return nil
	}
	return map[string]any{"ihe_iua": out}
}

func codings(values []any) []coding {
	var out []coding
	for _, v := range values {
		if text, ok := v.(string); ok {
			out = append(out, codingOf(text, ""))
		}
	}
	return out
}

// fitsType refuses a type of token that a reader does not take (RFC 8693, section 2.1; IHE IUA, ITI-71).
func fitsType(reader *client, asked string) error {
	switch {
	case asked == "", asked == typeAccess, asked == typeJWT && reader.terms.Tokens.JWT:
		return nil
	case asked == typeJWT:
		return bridge.Refuse(bridge.BadRequest, "%s takes opaque access tokens: ask for requested_token_type %s.", reader.name, typeAccess).WithCode("requested_token_type")
	}
	return bridge.Refuse(bridge.BadRequest, "requested_token_type must be %s or %s.", typeAccess, typeJWT).WithCode("requested_token_type")
}
