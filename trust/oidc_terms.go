package trust

import (
	"crypto/sha256"
	"slices"
)

// Profile is a named bundle of rules for an OIDC client. What it demands no other key of the terms can take back.
type Profile string

// The profiles.
const (
	ProfileBasic Profile = "basic" // OpenID Connect Core with PKCE (RFC 9700)
	ProfileCIS2  Profile = "cis2"  // as NHS Care Identity Service 2 speaks, on the issuer of that face
	ProfileFAPI2 Profile = "fapi2" // FAPI 2.0 Security Profile
)

// Grant types a client may use, by their registered names (RFC 6749, RFC 8628, RFC 8693, CIBA Core 1.0).
const (
	GrantCode     = "authorization_code"
	GrantImplicit = "implicit" // tokens by the browser (OpenID Connect Core 1.0, sections 3.2 and 3.3); not a grant of the token endpoint
	GrantRefresh  = "refresh_token"
	GrantClient   = "client_credentials"
	GrantDevice   = "urn:ietf:params:oauth:grant-type:device_code"
	GrantExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	GrantCIBA     = "urn:openid:params:grant-type:ciba"
)

// GrantTypes are all of them.
func GrantTypes() []string {
	return []string{GrantCode, GrantImplicit, GrantRefresh, GrantClient, GrantDevice, GrantExchange, GrantCIBA}
}

// Methods of client authentication (OpenID Connect Core 1.0, section 9; RFC 8705, section 2).
const (
	AuthBasic         = "client_secret_basic"
	AuthPost          = "client_secret_post"
	AuthPrivateKeyJWT = "private_key_jwt"
	AuthTLS           = "tls_client_auth"
	AuthSelfSignedTLS = "self_signed_tls_client_auth"
	AuthNone          = "none"
)

// AuthMethods are all of them.
func AuthMethods() []string {
	return []string{AuthBasic, AuthPost, AuthPrivateKeyJWT, AuthTLS, AuthSelfSignedTLS, AuthNone}
}

// Ways to bind access tokens to a key of the client.
const (
	BindNone = ""     // bearer tokens, unless the client sends a DPoP proof by itself
	BindDPoP = "dpop" // RFC 9449
	BindMTLS = "mtls" // RFC 8705, section 3
)

// OIDCTerms are the OIDC part of a partner.
type OIDCTerms struct {
	Profile                Profile
	Native                 bool   // an app on a device: its redirect URIs may lead there (RFC 8252, section 7)
	ClientAuth             string // one of AuthMethods
	SecretHash             [sha256.Size]byte
	JWKS                   []byte     // JSON: public keys of the client
	JWKSURI                string     // where they are fetched from instead
	TLSName                TLSSubject // of the certificate, for tls_client_auth
	Grants                 []string   // of GrantTypes
	Responses              []ResponseType
	Bind                   string // access tokens are refused unless bound in this way
	Nonce                  bool   // DPoP proofs need a nonce of the hub (RFC 9449, section 8)
	RedirectURIs           []string
	Request                RequestTerms
	PostLogoutRedirectURIs []string
	BackchannelLogoutURI   string
	FrontchannelLogoutURI  string
	FrontchannelSession    bool // iss and sid are added to it
	EndsItself             bool // it is not told of a sign-out that it asked for
	Scopes                 []string
	Algorithm              string // of the ID token
	PKCE                   bool   // required
	Refresh                bool   // refresh tokens may be issued
	DefaultACR             []string
	Sector                 string // of pairwise subject identifiers; empty: the partner's id
	About                  About
	AuthAlgorithm          string        // of client assertions; empty: any that is offered
	UserinfoAlgorithm      string        // userinfo is a JWT signed with this; empty: it is JSON
	Registration           *Registration // nil: an administrator made it, or has made it their own
	Tokens                 TokenTerms
	CIBA                   CIBATerms
	Smart                  SmartTerms
}

// TLSSubject is the one name that a client's certificate must hold (RFC 8705, section 2.1.2).
type TLSSubject struct {
	Kind  string // dn, dns, uri, ip or email
	Value string
}

// SignsOn reports whether people are sent here to sign on to it.
func (t OIDCTerms) SignsOn() bool { return t.May(GrantCode) || t.May(GrantImplicit) }

// May reports whether the client may use a grant type.
func (t OIDCTerms) May(grant string) bool { return slices.Contains(t.Grants, grant) }
