package trust

import (
	"slices"
	"strings"
)

func (b *builder) oidc() *OIDCTerms {
	d := b.d.OIDC
	if d == nil {
		b.fail("has no section oidc")
		return &OIDCTerms{}
	}
	t := &OIDCTerms{
		Profile: Profile(d.Profile), Native: d.Type == "native", ClientAuth: d.Auth, RedirectURIs: d.RedirectURIs, PostLogoutRedirectURIs: d.PostLogoutRedirectURIs,
		BackchannelLogoutURI: d.BackchannelLogoutURI, FrontchannelLogoutURI: d.FrontchannelLogoutURI, FrontchannelSession: d.FrontchannelSession, EndsItself: d.EndsItself, Scopes: d.Scopes, Algorithm: d.IDTokenAlg, Bind: d.Bind, Nonce: d.DPoPNonce,
		PKCE: d.PKCE == nil || *d.PKCE, DefaultACR: d.DefaultACR, Sector: d.Sector, JWKS: []byte(d.JWKS), JWKSURI: d.JWKSURI,
	}
	b.profile(t)
	b.grants(d, t)
	b.responses(*d, t)
	if !slices.Contains(t.Scopes, "openid") && (t.SignsOn() || t.Decoupled()) {
		t.Scopes = append([]string{"openid"}, t.Scopes...)
	}
	b.oneOf("oidc.type", d.Type, "web", "native")
	b.oneOf("oidc.auth", t.ClientAuth, AuthMethods()...)
	b.oneOf("oidc.bind", t.Bind, BindDPoP, BindMTLS)
	b.oneOf("oidc.id_token_alg", t.Algorithm, algorithmNames()...)
	b.signs(t.Algorithm)
	b.clientKeys(d, t)
	b.requests(d.OIDCRequestDocument, t)
	b.requestURIs(d.RequestURIs, t)
	b.clientAddresses(t)
	b.client(d.OIDCClientDocument, t)
	b.tokens(d.OIDCTokenDocument, t)
	b.decoupled(d.CIBA, t)
	b.smart(d, t)
	if t.ClientAuth == AuthNone && !t.PKCE {
		b.fail("oidc.pkce cannot be switched off for a client without authentication")
	}
	b.demands(t)
	return t
}

// grants are those named; without any, those that go with the response types, else the code grant, and none of a resource server to which
// nobody is sent. Refreshing and exchanging come too where oidc.refresh and oidc.exchange say so.
func (b *builder) grants(d *OIDCDocument, t *OIDCTerms) {
	t.Grants = slices.Clone(d.Grants)
	if len(t.Grants) == 0 {
		for _, kind := range d.Responses() {
			t.Grants = union(t.Grants, kind.Grants())
		}
	}
	if len(t.Grants) == 0 && (len(d.Resource) == 0 || len(d.RedirectURIs) > 0) {
		t.Grants = []string{GrantCode}
	}
	if d.Refresh && !t.May(GrantRefresh) {
		t.Grants = append(t.Grants, GrantRefresh)
	}
	if len(d.Exchange) > 0 && !t.May(GrantExchange) {
		t.Grants = append(t.Grants, GrantExchange)
	}
	t.Refresh = t.May(GrantRefresh)
	for _, g := range t.Grants {
		b.oneOf("oidc.grants", g, GrantTypes()...)
	}
	if t.ClientAuth == AuthNone && (t.May(GrantClient) || t.May(GrantExchange) || t.May(GrantCIBA)) {
		b.fail("oidc.grants: a client without authentication may use %s, %s, %s and %s only", GrantCode, GrantImplicit, GrantRefresh, GrantDevice)
	}
}

// clientAddresses checks every address the browser or the hub will be sent to.
func (b *builder) clientAddresses(t *OIDCTerms) {
	if len(t.RedirectURIs) == 0 && t.SignsOn() {
		b.fail("oidc.redirect_uris is empty")
	}
	for _, u := range slices.Concat(t.RedirectURIs, t.PostLogoutRedirectURIs) {
		b.redirect(t, u)
	}
	for what, u := range map[string]string{"oidc.backchannel_logout_uri": t.BackchannelLogoutURI, "oidc.frontchannel_logout_uri": t.FrontchannelLogoutURI, "oidc.jwks_uri": t.JWKSURI} {
		if u != "" {
			b.address(what, u)
		}
	}
	b.frontChannel(t)
}

// clientKeys checks that the client has exactly what its way of authentication needs.
func (b *builder) clientKeys(d *OIDCDocument, t *OIDCTerms) {
	if wantsSecret := strings.HasPrefix(t.ClientAuth, "client_secret"); wantsSecret != (d.SecretSHA256 != "") {
		b.fail("oidc.auth %s and oidc.secret_file do not fit", t.ClientAuth)
	}
	keys := d.JWKS != "" || d.JWKSURI != ""
	if (t.ClientAuth == AuthPrivateKeyJWT || t.ClientAuth == AuthSelfSignedTLS) && !keys {
		b.fail("oidc.auth %s and oidc.jwks do not fit: the client's public keys are needed", t.ClientAuth)
	}
	if d.JWKS != "" && d.JWKSURI != "" {
		b.fail("oidc.jwks and oidc.jwks_uri exclude each other (RFC 7591, section 2)")
	}
	if (t.ClientAuth == AuthTLS) != (d.TLSName != "") {
		b.fail("oidc.auth %s and oidc.tls_name do not fit", t.ClientAuth)
	}
	if d.TLSName != "" {
		kind, value, _ := strings.Cut(d.TLSName, ":")
		b.oneOf("oidc.tls_name", kind, "dn", "dns", "uri", "ip", "email")
		t.TLSName = TLSSubject{Kind: kind, Value: strings.TrimSpace(value)}
		if t.TLSName.Value == "" {
			b.fail("oidc.tls_name is not a kind and a name, such as dns:api.example")
		} else if err := t.TLSName.check(); err != nil {
			b.fail("oidc.tls_name %s", err)
		}
	}
	if d.SecretSHA256 != "" {
		t.SecretHash = b.hash("oidc.secret_sha256", d.SecretSHA256)
	}
}
