package components

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// OpenIDCConfig describes an OIDC relying party: mod_auth_openidc.
type OpenIDCConfig struct {
	Host string // e.g. epr.localhost
	Port int    // 0: a free one; fix it when the client is registered first
	CA   *CA    // issues its TLS certificate, and is what it trusts when it calls the hub

	Discovery    string // the hub's /.well-known/openid-configuration
	ClientID     string
	ClientSecret string
	TokenAuth    string   // client_secret_basic (when empty), client_secret_post or private_key_jwt
	Key          *Leaf    // signs private_key_jwt; RSA
	KeyID        string   // its kid
	Scope        string   // empty: "openid profile"
	Algorithm    string   // id_token_signed_response_alg it insists on; empty: any
	AuthParams   string   // further authorization parameters, "acr_values=..." encoded
	NoPKCE       bool     // otherwise S256
	Extra        []string // further directives of its virtual host
}

// OpenIDC is a running relying party.
type OpenIDC struct {
	*Process
	Base         string // https://host:port
	Open         string // a page that needs no session
	Secure       string // the protected page; see Variables: OIDC_CLAIM_name for simple claims (lists joined by commas, lists of objects left out), OIDC_id_token_payload, OIDC_userinfo_json, OIDC_access_token
	RedirectURI  string
	BackChannel  string // its back-channel logout URI
	FrontChannel string // its front-channel logout URI
	PostLogout   string // where it asks to be sent after a logout; also an open page
	Logout       string // ends its session, then the hub's through end_session_endpoint
	Info         string // JSON about its session: claims, tokens
	JWKS         string // its public keys, for private_key_jwt
	dir          string
}

// OpenIDCAddresses returns the addresses that StartOpenIDC will use, so that
// the client can be registered before it runs.
func OpenIDCAddresses(host string, port int) OpenIDC {
	base := fmt.Sprintf("https://%s:%d", host, port)
	redirect := base + "/secure/callback"
	return OpenIDC{
		Base:         base,
		Open:         base + "/",
		Secure:       base + "/secure/",
		RedirectURI:  redirect,
		BackChannel:  redirect + "?logout=backchannel",
		FrontChannel: redirect + "?logout=get",
		PostLogout:   base + "/goodbye.html",
		Logout:       redirect + "?logout=" + strings.NewReplacer(":", "%3A", "/", "%2F").Replace(base+"/goodbye.html"),
		Info:         redirect + "?info=json",
		JWKS:         redirect + "?jwks=rsa",
	}
}

// StartOpenIDC starts the relying party and waits until it answers. It reads
// the hub's discovery document when it is first used.
func StartOpenIDC(tb testing.TB, c OpenIDCConfig) *OpenIDC {
	tb.Helper()
	if c.Port == 0 {
		c.Port = FreePort(tb)
	}
	rp := OpenIDCAddresses(c.Host, c.Port)
	s := &site{dir: directory(tb, "oidc"), host: c.Host, port: c.Port, modules: []string{"auth_openidc"}}
	rp.dir = s.dir
	write(tb, s.dir, "htdocs/goodbye.html", "<!DOCTYPE html><title>signed out</title><p id=\"goodbye\">Signed out</p>\n")
	directives := []string{
		"LogLevel auth_openidc:debug",
		"OIDCProviderMetadataURL " + c.Discovery,
		"OIDCClientID " + c.ClientID,
		"OIDCRedirectURI " + rp.RedirectURI,
		"OIDCCryptoPassphrase only-for-this-test",
		"OIDCScope \"" + cmp.Or(c.Scope, "openid profile") + "\"",
		"OIDCCABundlePath " + write(tb, s.dir, "trust.pem", certPEM(c.CA.Certificate)),
		"OIDCPassClaimsAs environment",
		"OIDCPassIDTokenAs claims payload serialized",
		"OIDCPassUserInfoAs claims json",
		"OIDCInfoHook iat access_token access_token_expires id_token userinfo refresh_token session",
		"OIDCCookieSameSite On",
		"OIDCRemoteUserClaim sub",
		"OIDCHTTPTimeoutLong 10",
		"OIDCHTTPTimeoutShort 5",
		"<Location /secure>", "AuthType openid-connect", "Require valid-user", "</Location>",
	}
	s.config = strings.Join(append(directives, optional(tb, s, c)...), "\n")
	rp.Process = s.start(tb, c.CA)
	return &rp
}

func optional(tb testing.TB, s *site, c OpenIDCConfig) []string {
	tb.Helper()
	var directives []string
	if !c.NoPKCE {
		directives = append(directives, "OIDCPKCEMethod S256")
	}
	if c.ClientSecret != "" {
		directives = append(directives, "OIDCClientSecret \""+c.ClientSecret+"\"")
	}
	if c.Algorithm != "" {
		directives = append(directives, "OIDCIDTokenSignedResponseAlg "+c.Algorithm)
	}
	if c.AuthParams != "" {
		directives = append(directives, "OIDCAuthRequestParams "+c.AuthParams)
	}
	if c.Key != nil {
		key := write(tb, s.dir, "client.key", keyPEM(tb, c.Key.Key))
		cert := write(tb, s.dir, "client.crt", certPEM(c.Key.Certificate))
		directives = append(directives,
			"OIDCPrivateKeyFiles "+c.KeyID+"#"+key, "OIDCPublicKeyFiles "+c.KeyID+"#"+cert)
	}
	// After the keys: without them the directive knows no private_key_jwt.
	directives = append(directives, "OIDCProviderTokenEndpointAuth "+cmp.Or(c.TokenAuth, "client_secret_basic"))
	return append(directives, c.Extra...)
}

// Log returns httpd's error log, where mod_auth_openidc says at debug level
// what it did and why it refused.
func (rp *OpenIDC) Log(tb testing.TB) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(rp.dir, "error.log"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}
