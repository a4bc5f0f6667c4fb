package registration

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
)

// member is one member of client metadata: what it becomes, what happens without it, and how it is told again.
type member struct {
	name    string
	clause  string
	take    func(o Offer, v value, d *trust.Document) *Refusal
	missing func(o Offer, d *trust.Document)
	tell    func(d trust.Document) any // nil: nothing
}

const (
	core    = "OpenID Connect Dynamic Client Registration 1.0, section 2"
	oauth   = "RFC 7591, section 2"
	mtls    = "RFC 8705, section 2.1.2"
	logouts = "OpenID Connect Back-Channel Logout 1.0, section 2.2"
	// decoupled is where clients say how they hear of the outcome of a backchannel authentication.
	decoupled = "CIBA Core 1.0, section 4"
	fronts    = "OpenID Connect Front-Channel Logout 1.0, section 2"
)

// members are all that are known, in the order in which they are read: later ones look at what earlier ones became.
var members = [...]member{
	{"software_statement", "RFC 7591, section 2.3", takeStatement, nil, nil},
	{"id_token_encrypted_response_alg", core, takeEncryption, nil, nil},
	{"id_token_encrypted_response_enc", core, takeEncryption, nil, nil},
	{"userinfo_encrypted_response_alg", core, takeEncryption, nil, nil},
	{"userinfo_encrypted_response_enc", core, takeEncryption, nil, nil},
	{"request_object_encryption_alg", core, takeEncryption, nil, nil},
	{"request_object_encryption_enc", core, takeEncryption, nil, nil},
	{"authorization_encrypted_response_alg", "JARM, section 3", takeEncryption, nil, nil},
	{"authorization_encrypted_response_enc", "JARM, section 3", takeEncryption, nil, nil},
	{"client_name", core, takeName, nil, func(d trust.Document) any { return some(d.Name) }},
	{"application_type", core, takeType, nil, tellType},
	{"grant_types", core, takeGrants, missingGrants, func(d trust.Document) any { return d.OIDC.Grants }},
	{"response_types", core, takeResponses, missingResponses, tellResponses},
	{"scope", oauth, takeScope, nil, func(d trust.Document) any { return some(strings.Join(d.OIDC.Scopes, " ")) }},
	{"redirect_uris", core, takeRedirects, nil, func(d trust.Document) any { return list(d.OIDC.RedirectURIs) }},
	{"token_endpoint_auth_method", core, takeAuth, missingAuth, func(d trust.Document) any { return d.OIDC.Auth }},
	{"token_endpoint_auth_signing_alg", core, takeAuthAlg, nil, func(d trust.Document) any { return some(d.OIDC.AuthAlg) }},
	{"jwks", core, takeKeys, nil, tellKeys},
	{"jwks_uri", core, address(func(d *trust.Document) *string { return &d.OIDC.JWKSURI }), nil, func(d trust.Document) any { return some(d.OIDC.JWKSURI) }},
	{"tls_client_auth_subject_dn", mtls, takeSubject("dn"), nil, tellSubject("dn")},
	{"tls_client_auth_san_dns", mtls, takeSubject("dns"), nil, tellSubject("dns")},
	{"tls_client_auth_san_uri", mtls, takeSubject("uri"), nil, tellSubject("uri")},
	{"tls_client_auth_san_ip", mtls, takeSubject("ip"), nil, tellSubject("ip")},
	{"tls_client_auth_san_email", mtls, takeSubject("email"), nil, tellSubject("email")},
	{"dpop_bound_access_tokens", "RFC 9449, section 5.2", takeBind(trust.BindDPoP), nil, tellBind(trust.BindDPoP)},
	{"tls_client_certificate_bound_access_tokens", "RFC 8705, section 3.4", takeBind(trust.BindMTLS), nil, tellBind(trust.BindMTLS)},
	{"subject_type", core, takeSubjectType, nil, tellSubjectType},
	{"sector_identifier_uri", core, address(func(d *trust.Document) *string { return &d.OIDC.SectorURI }), nil, func(d trust.Document) any { return some(d.OIDC.SectorURI) }},
	{"id_token_signed_response_alg", core, takeIDTokenAlg, missingIDTokenAlg, func(d trust.Document) any { return d.OIDC.IDTokenAlg }},
	{"userinfo_signed_response_alg", core, takeUserinfoAlg, nil, func(d trust.Document) any { return some(d.OIDC.UserinfoAlg) }},
	{"request_object_signing_alg", core, takeRequestAlg, nil, func(d trust.Document) any { return some(d.OIDC.RequestObjectAlg) }},
	{"request_uris", core, takeRequestURIs, nil, func(d trust.Document) any { return list(d.OIDC.RequestURIs) }},
	{"require_signed_request_object", "RFC 9101, section 10.5", takeSigned, nil, func(d trust.Document) any { return yes(d.OIDC.RequestObject == "required") }},
	{"require_pushed_authorization_requests", "RFC 9126, section 6", takePushed, nil, func(d trust.Document) any { return yes(d.OIDC.PAR) }},
	{"authorization_signed_response_alg", "JARM, section 3", takeResponseAlg, nil, func(d trust.Document) any { return some(d.OIDC.ResponseAlg) }},
	{"default_max_age", core, takeMaxAge, nil, tellMaxAge},
	{"require_auth_time", core, takeFlag, nil, func(trust.Document) any { return true }}, // it is in every ID token
	{"default_acr_values", core, texts(func(d *trust.Document) *[]string { return &d.OIDC.DefaultACR }), nil, func(d trust.Document) any { return list(d.OIDC.DefaultACR) }},
	{"initiate_login_uri", core, address(func(d *trust.Document) *string { return &d.OIDC.InitiateLoginURI }), nil, func(d trust.Document) any { return some(d.OIDC.InitiateLoginURI) }},
	{"post_logout_redirect_uris", "OpenID Connect RP-Initiated Logout 1.0, section 3.1", takeLandings, nil, func(d trust.Document) any { return list(d.OIDC.PostLogoutRedirectURIs) }},
	{"backchannel_logout_uri", logouts, address(func(d *trust.Document) *string { return &d.OIDC.BackchannelLogoutURI }), nil, func(d trust.Document) any { return some(d.OIDC.BackchannelLogoutURI) }},
	{"backchannel_logout_session_required", logouts, takeFlag, nil, func(d trust.Document) any { return yes(d.OIDC.BackchannelLogoutURI != "") }}, // sid is in every logout token
	{"frontchannel_logout_uri", fronts, address(func(d *trust.Document) *string { return &d.OIDC.FrontchannelLogoutURI }), nil, func(d trust.Document) any { return some(d.OIDC.FrontchannelLogoutURI) }},
	{"frontchannel_logout_session_required", fronts, takeFrontSession, nil, func(d trust.Document) any { return yes(d.OIDC.FrontchannelSession) }},
	{"backchannel_token_delivery_mode", decoupled, takeDelivery, nil, tellDelivery},
	{"backchannel_user_code_parameter", decoupled, takeUserCode, nil, nil},
	{"client_uri", core, address(func(d *trust.Document) *string { return &d.OIDC.ClientURI }), nil, func(d trust.Document) any { return some(d.OIDC.ClientURI) }},
	{"logo_uri", core, address(func(d *trust.Document) *string { return &d.OIDC.LogoURI }), nil, func(d trust.Document) any { return some(d.OIDC.LogoURI) }},
	{"policy_uri", core, address(func(d *trust.Document) *string { return &d.OIDC.PolicyURI }), nil, func(d trust.Document) any { return some(d.OIDC.PolicyURI) }},
	{"tos_uri", core, address(func(d *trust.Document) *string { return &d.OIDC.TermsURI }), nil, func(d trust.Document) any { return some(d.OIDC.TermsURI) }},
	{"contacts", core, texts(func(d *trust.Document) *[]string { return &d.OIDC.Contacts }), nil, func(d trust.Document) any { return list(d.OIDC.Contacts) }},
}

// together are the rules over several members, after all of them were read.
var together = [...]func(Said, *trust.Document) *Refusal{checkFlow, checkKeys, checkRequestURIs, checkTLSName, checkSector, checkFront}

func some(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func list(texts []string) any {
	if len(texts) == 0 {
		return nil
	}
	return texts
}

func yes(is bool) any {
	if !is {
		return nil
	}
	return true
}

func tellKeys(d trust.Document) any {
	if d.OIDC.JWKS == "" {
		return nil
	}
	return json.RawMessage(d.OIDC.JWKS)
}

func tellMaxAge(d trust.Document) any {
	if d.OIDC.DefaultMaxAge == nil {
		return nil
	}
	return int64(time.Duration(*d.OIDC.DefaultMaxAge) / time.Second)
}
