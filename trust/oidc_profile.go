package trust

import (
	"slices"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// profile fills in what the profile says where the document is silent.
func (b *builder) profile(t *OIDCTerms) {
	if t.Profile == "" {
		t.Profile = ProfileBasic
	}
	b.oneOf("oidc.profile", string(t.Profile), string(ProfileBasic), string(ProfileCIS2), string(ProfileFAPI2))
	auth, alg := AuthBasic, string(keyring.ES256)
	switch t.Profile {
	case ProfileBasic:
	case ProfileCIS2:
		auth, alg = AuthPrivateKeyJWT, string(keyring.RS256)
		t.PKCE = b.d.OIDC.PKCE != nil && *b.d.OIDC.PKCE || t.ClientAuth == AuthNone // many of its clients do not send a challenge
	case ProfileFAPI2:
		auth = AuthPrivateKeyJWT
		if t.Bind == BindNone {
			t.Bind = BindDPoP
			if t.ClientAuth == AuthTLS || t.ClientAuth == AuthSelfSignedTLS {
				t.Bind = BindMTLS // it has a certificate at hand
			}
		}
	}
	if t.ClientAuth == "" {
		t.ClientAuth = auth
	}
	if t.Algorithm == "" {
		t.Algorithm = alg
	}
}

// FAPICodeLife is how long an authorization code lives at most (FAPI 2.0 Security Profile, section 5.3.2.1, item 11).
const FAPICodeLife = time.Minute

// FAPIAlgorithms are those of FAPI 2.0 Security Profile, section 5.4.1, for whatever is signed.
func FAPIAlgorithms() []string { return []string{"PS256", "ES256", "EdDSA"} }

// fapi2 is what FAPI 2.0 Security Profile (Final) demands of a client's terms. What it demands of requests is kept by the provider
// (protocols/oidc/profile.go).
var fapi2 = [...]struct {
	clause, want string
	keeps        func(t *OIDCTerms) bool
}{
	{"5.3.2.1, items 3 and 6", "oidc.auth is private_key_jwt, tls_client_auth or self_signed_tls_client_auth", func(t *OIDCTerms) bool {
		return slices.Contains([]string{AuthPrivateKeyJWT, AuthTLS, AuthSelfSignedTLS}, t.ClientAuth)
	}},
	{"5.3.2.1, items 4 and 5", "oidc.bind is dpop or mtls", func(t *OIDCTerms) bool { return t.Bind != BindNone }},
	{"5.3.2.2, item 3", "oidc.par is true", func(t *OIDCTerms) bool { return t.Request.Pushed }},
	{"5.3.2.2, item 5", "oidc.pkce is true", func(t *OIDCTerms) bool { return t.PKCE }},
	{"5.4.1", "oidc.id_token_alg, auth_alg, request_object_alg, response_alg, introspection_alg and userinfo_alg are " + strings.Join(FAPIAlgorithms(), ", "), func(t *OIDCTerms) bool {
		for _, alg := range []string{t.Algorithm, t.AuthAlgorithm, t.UserinfoAlgorithm, t.Request.Algorithm, t.Request.ResponseAlgorithm, t.Tokens.IntrospectionAlgorithm} {
			if alg != "" && !slices.Contains(FAPIAlgorithms(), alg) {
				return false
			}
		}
		return true
	}},
}

// demands refuses terms that contradict their profile. It comes last.
func (b *builder) demands(t *OIDCTerms) {
	if t.Profile != ProfileBasic && slices.ContainsFunc(t.Responses, func(r ResponseType) bool { return r != ResponseCode }) {
		b.fail("profile %s: oidc.response_types is code alone", t.Profile)
	}
	if t.Profile != ProfileFAPI2 {
		return
	}
	for _, rule := range fapi2 {
		if !rule.keeps(t) {
			b.fail("profile fapi2: %s (FAPI 2.0 Security Profile, %s)", rule.want, rule.clause)
		}
	}
}
