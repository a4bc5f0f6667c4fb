package oidc

import (
	"reflect"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// metadata is OpenID Connect Discovery 1.0, section 3, and RFC 8414: exactly what works.
type metadata struct {
	Issuer             string   `json:"issuer"`
	Authorization      string   `json:"authorization_endpoint"`
	Token              string   `json:"token_endpoint"`
	Userinfo           string   `json:"userinfo_endpoint"`
	JWKS               string   `json:"jwks_uri"`
	Revocation         string   `json:"revocation_endpoint"`
	Introspection      string   `json:"introspection_endpoint"`
	EndSession         string   `json:"end_session_endpoint"`
	Registration       string   `json:"registration_endpoint,omitempty"`
	Scopes             []string `json:"scopes_supported"`
	ResponseTypes      []string `json:"response_types_supported"`
	ResponseModes      []string `json:"response_modes_supported"`
	GrantTypes         []string `json:"grant_types_supported"`
	ACR                []string `json:"acr_values_supported"`
	SubjectTypes       []string `json:"subject_types_supported"`
	SigningAlgorithms  []string `json:"id_token_signing_alg_values_supported"`
	UserinfoAlgorithms []string `json:"userinfo_signing_alg_values_supported"`
	TokenAuth          []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs      []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevocationAuth     []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAlgs     []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuth  []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAlgs  []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	Claims             []string `json:"claims_supported"`
	Challenges         []string `json:"code_challenge_methods_supported"`
	Prompts            []string `json:"prompt_values_supported"`
	IssParameter       bool     `json:"authorization_response_iss_parameter_supported"`
	BackLogout         bool     `json:"backchannel_logout_supported"`
	BackLogoutSession  bool     `json:"backchannel_logout_session_supported"`
	FrontLogout        bool     `json:"frontchannel_logout_supported"`
	FrontLogoutSession bool     `json:"frontchannel_logout_session_supported"`
	CheckSession       string   `json:"check_session_iframe,omitempty"`
	ClaimsParameter    bool     `json:"claims_parameter_supported"`
	RequestParameter   bool     `json:"request_parameter_supported"`
	RequestURI         bool     `json:"request_uri_parameter_supported"`
	RequestURIRegister bool     `json:"require_request_uri_registration"`
	IntrospectionSigns []string `json:"introspection_signing_alg_values_supported"` // RFC 9701, section 7
	RequestAlgorithms  []string `json:"request_object_signing_alg_values_supported"`
	ProofAlgorithms    []string `json:"dpop_signing_alg_values_supported"`
	Pushed             string   `json:"pushed_authorization_request_endpoint"`
	MustPush           bool     `json:"require_pushed_authorization_requests"`
	Device             string   `json:"device_authorization_endpoint,omitempty"`
	BackAuth           string   `json:"backchannel_authentication_endpoint,omitempty"`
	BackModes          []string `json:"backchannel_token_delivery_modes_supported,omitempty"`
	BackAlgorithms     []string `json:"backchannel_authentication_request_signing_alg_values_supported,omitempty"`
	BackUserCode       *bool    `json:"backchannel_user_code_parameter_supported,omitempty"`
	ResponseAlgorithms []string `json:"authorization_signing_alg_values_supported"`
	CertificateBound   bool     `json:"tls_client_certificate_bound_access_tokens"`

	Aliases map[string]string `json:"mtls_endpoint_aliases,omitempty"`
}

// describe says what works.
func (p *Provider) describe() metadata {
	confidential := append([]string{authBasic, authPost, authJWT}, p.certificateMethods()...)
	all := append(slices.Clone(confidential), authNone)
	algs := algorithmNames(jose.Algorithms())
	m := metadata{
		Issuer: p.issuer, Authorization: p.url(authorizePath), Token: p.url(tokenPath), Userinfo: p.url(userinfoPath),
		JWKS: p.url(jwksPath), Revocation: p.url(revokePath), Introspection: p.url(introspectPath), EndSession: p.url(logoutPath),
		Scopes: p.scopes.names, ResponseTypes: trust.ResponseNames(p.responses), ResponseModes: trust.ResponseModes(),
		GrantTypes: p.grantNames(), ACR: p.offered(), SubjectTypes: []string{"public", "pairwise"},
		SigningAlgorithms: p.algorithms(), UserinfoAlgorithms: p.algorithms(), TokenAuth: all, TokenAuthAlgs: algs, RevocationAuth: all, RevocationAlgs: algs,
		IntrospectionAuth: confidential, IntrospectionAlgs: algs, Claims: p.claimNames(), Challenges: []string{methodS256},
		Prompts: []string{promptNone, promptLogin, promptConsent, promptSelect}, IssParameter: true,
		BackLogout: p.poster != nil, BackLogoutSession: p.poster != nil, FrontLogout: true, FrontLogoutSession: true, CheckSession: p.checkSessionURL(),
		ClaimsParameter: true, RequestParameter: true, RequestAlgorithms: trust.RequestAlgorithms(), ProofAlgorithms: algs, CertificateBound: p.mutual != nil,
		IntrospectionSigns: p.algorithms(), Pushed: p.url(pushPath), MustPush: p.par, ResponseAlgorithms: p.algorithms(),
	}
	m.RequestURI, m.RequestURIRegister = p.fetcher != nil && !p.face.cis2 && !p.par, true
	if p.decoupledFlows() {
		m.Device, m.BackAuth, m.BackAlgorithms, m.BackUserCode = p.url(deviceAuthPath), p.url(backAuthPath), trust.RequestAlgorithms(), new(bool)
		m.BackModes = []string{trust.CIBAPoll}
		if p.later.notifier != nil {
			m.BackModes = append(m.BackModes, trust.CIBAPing)
		}
	}
	if p.registering.Registrar != nil {
		m.Registration = p.url(registerPath)
	}
	m.Aliases = p.aliases(m.endpoints())
	return m
}

// endpoints are the addresses of endpoints, by their names.
func (m metadata) endpoints() map[string]string {
	out := map[string]string{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[metadata]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if address, ok := reflect.ValueOf(m).FieldByIndex(f.Index).Interface().(string); ok && strings.HasSuffix(name, "_endpoint") {
			out[name] = address
		}
	}
	return out
}

func algorithmNames(algs []keyring.Algorithm) []string {
	out := make([]string, len(algs))
	for i, a := range algs {
		out[i] = string(a)
	}
	return out
}

func (p *Provider) grantNames() []string {
	var out []string
	for _, k := range grantTypes {
		if k.name != trust.GrantDevice && k.name != trust.GrantCIBA || p.decoupledFlows() {
			out = append(out, k.name)
		}
	}
	if p.fronts() {
		out = append(out, trust.GrantImplicit)
	}
	return out
}

// algorithms lists what an active key signs with.
func (p *Provider) algorithms() []string {
	out := []string{}
	ring := p.keys()
	for _, a := range keyring.Algorithms() {
		if _, err := ring.Signing(a); err == nil {
			out = append(out, string(a))
		}
	}
	return out
}

func (p *Provider) claimNames() []string {
	names := []string{
		"iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid", "auditTrackingId",
		"id_assurance_level", "authentication_assurance_level",
	}
	if p.fronts() {
		names = append(names, "c_hash")
	}
	return append(names, p.scopes.claims...)
}
