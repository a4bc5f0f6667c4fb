package registration

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

func takeStatement(Offer, value, *trust.Document) *Refusal {
	return refuse(InvalidStatement, "Software statements are not taken by this hub (RFC 7591, section 2.3). Send the same metadata as members of the request.")
}

func takeEncryption(_ Offer, v value, _ *trust.Document) *Refusal {
	return v.refuse("cannot be had: nothing is encrypted here but by TLS.")
}

func takeType(_ Offer, v value, d *trust.Document) *Refusal {
	kind, why := v.of([]string{"web", "native"})
	if kind == "native" {
		d.OIDC.Type = kind
	}
	return why
}

func tellType(d trust.Document) any {
	if d.OIDC.Type == "" {
		return "web"
	}
	return d.OIDC.Type
}

// takeGrants takes grant types that the hub has and the administrator permits.
func takeGrants(o Offer, v value, d *trust.Document) *Refusal {
	all, why := v.texts()
	if why != nil {
		return why
	}
	var permitted []string
	for _, grant := range d.OIDC.Grants {
		if slices.Contains(o.Grants, grant) {
			permitted = append(permitted, grant)
		}
	}
	for _, grant := range all {
		if !slices.Contains(permitted, grant) {
			return v.refuse("may hold %s and nothing else here.", strings.Join(permitted, ", "))
		}
	}
	slices.Sort(all)
	d.OIDC.Grants = slices.Compact(all)
	return nil
}

// missingGrants: a client that names none uses the code grant.
func missingGrants(_ Offer, d *trust.Document) { d.OIDC.Grants = []string{trust.GrantCode} }

// takeResponses takes response types that the hub offers and the administrator permits.
func takeResponses(o Offer, v value, d *trust.Document) *Refusal {
	permitted := []trust.ResponseType{trust.ResponseCode}
	if len(d.OIDC.ResponseTypes) > 0 {
		permitted = slices.DeleteFunc(d.OIDC.Responses(), func(r trust.ResponseType) bool { return !slices.Contains(o.Responses, r) })
	}
	missingResponses(o, d)
	if string(v.members.Raw(v.name)) == "[]" {
		return nil // of a client that nobody signs in to
	}
	all, why := v.texts()
	if why != nil {
		return why
	}
	for _, text := range all {
		kind, _ := trust.ReadResponseType(text)
		if !slices.Contains(permitted, kind) {
			return v.refuse("may hold %s and nothing else here (RFC 9700, section 2.1.2).", strings.Join(trust.ResponseNames(permitted), ", "))
		}
	}
	d.OIDC.ResponseTypes = all
	all = trust.ResponseNames(d.OIDC.Responses())
	d.OIDC.ResponseTypes = nil
	if !slices.Equal(all, trust.ResponseNames(d.OIDC.Responses())) { // not what it has anyway
		d.OIDC.ResponseTypes = all
	}
	return nil
}

// missingResponses: a client that names none asks for codes, if it has that grant.
func missingResponses(_ Offer, d *trust.Document) { d.OIDC.ResponseTypes = nil }

func tellResponses(d trust.Document) any { return trust.ResponseNames(d.OIDC.Responses()) }

// checkFlow wants grant types and response types to fit (OpenID Connect Dynamic Client Registration 1.0, section 2; RFC 7591, section 2.1), and a
// redirect URI where there is a redirect.
func checkFlow(s Said, d *trust.Document) *Refusal {
	redirected := d.OIDC.SignsOn()
	types := d.OIDC.Responses()
	if s.Has("response_types") && string(s.members.Raw("response_types")) == "[]" {
		types = nil
	}
	misfits := trust.MisfitGrants(types, d.OIDC.Grants)
	switch {
	case len(misfits) > 0:
		return refuse(InvalidMetadata, "response_types and grant_types do not fit: %s (RFC 7591, section 2.1).", misfits[0])
	case redirected && len(d.OIDC.RedirectURIs) == 0:
		return refuse(InvalidRedirectURI, "redirect_uris is missing: at least one is needed to send people back to.")
	case !redirected && slices.Contains(d.OIDC.Grants, trust.GrantRefresh) && len(d.OIDC.Grants) == 1:
		return refuse(InvalidMetadata, "grant_types cannot be refresh_token alone.")
	}
	return nil
}

// takeScope leaves out what is not permitted. Without a scope the client has all that is.
func takeScope(_ Offer, v value, d *trust.Document) *Refusal {
	text, why := v.text()
	if why != nil {
		return why
	}
	asked, kept := strings.Fields(text), d.OIDC.Scopes[:0]
	for _, scope := range d.OIDC.Scopes {
		if slices.Contains(asked, scope) {
			kept = append(kept, scope)
		}
	}
	if len(kept) == 0 {
		return v.refuse("asks for nothing that is permitted here.")
	}
	if len(d.OIDC.Responses()) > 0 && !slices.Contains(kept, "openid") { // it is always among them
		kept = append([]string{"openid"}, kept...)
	}
	d.OIDC.Scopes = kept
	return nil
}

func takeRedirects(o Offer, v value, d *trust.Document) *Refusal {
	all, why := v.texts()
	if why != nil {
		return &Refusal{InvalidRedirectURI, why.Detail}
	}
	for _, uri := range all {
		if why := redirect(o, uri, d.OIDC.Type == "native"); why != "" {
			return refuse(InvalidRedirectURI, "redirect_uris: %s", why)
		}
	}
	d.OIDC.RedirectURIs = all
	return nil
}

func redirect(o Offer, uri string, native bool) string {
	switch {
	case trust.CheckRedirect(uri, native, o.Lab) == nil:
		return ""
	case strings.Contains(uri, "#"):
		return "no fragment is allowed (RFC 6749, section 3.1.2)."
	case native:
		return "each must be an https URL with a host, a URI of a scheme that is a domain name backwards (RFC 8252, section 7.1), or http on 127.0.0.1 or [::1] (section 7.3)."
	}
	return "each must be an https URL with a host and without user; for an app on a device register application_type native."
}

func takeLandings(o Offer, v value, d *trust.Document) *Refusal {
	all, why := v.texts()
	if why != nil {
		return why
	}
	for _, uri := range all {
		if why := redirect(o, uri, d.OIDC.Type == "native"); why != "" {
			return v.refuse("is not valid: %s", why)
		}
	}
	d.OIDC.PostLogoutRedirectURIs = all
	return nil
}

// takeFrontSession means nothing to a client without front-channel logout.
func takeFrontSession(_ Offer, v value, d *trust.Document) *Refusal {
	is, why := v.flag()
	d.OIDC.FrontchannelSession = is && d.OIDC.FrontchannelLogoutURI != ""
	return why
}

func checkFront(_ Said, d *trust.Document) *Refusal {
	if front := d.OIDC.FrontchannelLogoutURI; front != "" && !trust.AtOneOf(front, d.OIDC.RedirectURIs) {
		return refuse(InvalidMetadata, "frontchannel_logout_uri must have the scheme, host and port of one of redirect_uris ("+fronts+").")
	}
	return nil
}

// takeDelivery takes polling alone: a ping goes to an address that is only the client's own word.
func takeDelivery(_ Offer, v value, d *trust.Document) *Refusal {
	mode, why := v.text()
	switch {
	case why != nil:
		return why
	case !slices.Contains(d.OIDC.Grants, trust.GrantCIBA): // it means nothing
		return nil
	case mode != trust.CIBAPoll:
		return v.refuse("must be poll for a client that registers itself. Who runs this hub may set another.")
	}
	return nil
}

func tellDelivery(d trust.Document) any {
	switch {
	case !slices.Contains(d.OIDC.Grants, trust.GrantCIBA):
		return nil
	case d.OIDC.CIBA != nil && d.OIDC.CIBA.Mode != "":
		return d.OIDC.CIBA.Mode
	}
	return trust.CIBAPoll
}

func takeUserCode(_ Offer, v value, _ *trust.Document) *Refusal {
	is, why := v.flag()
	if why == nil && is {
		return v.refuse("cannot be true: nobody has such a code here.")
	}
	return why
}

func takeMaxAge(_ Offer, v value, d *trust.Document) *Refusal {
	const most = 1 << 31 // as max_age of a request
	seconds, err := v.members.Whole(v.name)
	if err != nil || seconds < 0 || seconds >= most {
		return v.refuse("must be a number of seconds, 0 or more.")
	}
	age := trust.Duration(time.Duration(seconds) * time.Second)
	if d.OIDC.DefaultMaxAge == nil || age < *d.OIDC.DefaultMaxAge {
		d.OIDC.DefaultMaxAge = &age
	}
	return nil
}

// takeKeys keeps the client's public keys as they came, without white space.
func takeKeys(_ Offer, v value, d *trust.Document) *Refusal {
	var compact bytes.Buffer
	if err := json.Compact(&compact, v.members.Raw(v.name)); err != nil {
		return v.refuse("is no JSON.")
	}
	if _, err := jose.ReadKeySet(compact.Bytes()); err != nil {
		return v.refuse("cannot be used: %s.", plain(err))
	}
	d.OIDC.JWKS = compact.String()
	return nil
}

// plain is the text of an error of jose that is meant for whoever wrote the keys.
func plain(err error) string {
	if errors.Is(err, jose.ErrKeys) {
		return err.Error()
	}
	return "they are not well formed"
}

// checkKeys wants keys where they are needed, from one place (RFC 7591, section 2).
func checkKeys(_ Said, d *trust.Document) *Refusal {
	switch needs := d.OIDC.Auth == trust.AuthPrivateKeyJWT || d.OIDC.Auth == trust.AuthSelfSignedTLS || d.OIDC.RequestObject == "required"; {
	case d.OIDC.JWKS != "" && d.OIDC.JWKSURI != "":
		return refuse(InvalidMetadata, "jwks and jwks_uri exclude each other (RFC 7591, section 2).")
	case needs && d.OIDC.JWKS == "" && d.OIDC.JWKSURI == "":
		return refuse(InvalidMetadata, "jwks or jwks_uri is missing: the client's public keys are needed for its method of authentication or its request objects.")
	}
	return nil
}
