package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/web"
)

const mutualHost = "https://mtls.sso.rx1.example"

// holder is a client's certificate with its key, or an authority's.
type holder struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue makes a certificate by an authority; nil: by itself.
func (w *world) issue(by *holder, how func(*x509.Certificate)) *holder {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(w.t, err)
	return w.issueFor(key, by, how)
}

func (w *world) issueFor(key *ecdsa.PrivateKey, by *holder, how func(*x509.Certificate)) *holder {
	w.t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	must(w.t, err)
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "EPR", Organization: []string{"RX1"}}, NotBefore: w.clock().Add(-time.Hour), NotAfter: w.clock().Add(24 * time.Hour),
		DNSNames: []string{"epr.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if how != nil {
		how(c)
	}
	parent, signer := c, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	must(w.t, err)
	out, err := x509.ParseCertificate(der)
	must(w.t, err)
	return &holder{out, key}
}

func authority(c *x509.Certificate) {
	c.Subject, c.DNSNames, c.ExtKeyUsage = pkix.Name{CommonName: "Authority of clients"}, nil, nil
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
}

// mutualWorld is a world whose clients may show certificates, and what they have: an authority, and the certificate of the client epr.
func mutualWorld(t testing.TB, source web.CertificateSource) (w *world, ca, own *holder) {
	t.Helper()
	w = newWorld(t)
	ca = w.issue(nil, authority)
	own = w.issue(ca, nil)
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	at, err := url.Parse(mutualHost)
	must(t, err)
	w.kit.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.9.0.0/16")}
	w.p, err = New(Options{
		Kit: w.kit, Hub: w.hub, Keys: func() keyring.Ring { return w.ring }, Poster: PosterFunc(w.post), MutualTLS: &MutualTLS{URL: at, Roots: roots, Source: source},
	})
	must(t, err)
	public, mutual := w.kit.Router(w.p.Routes(), w.steps()), w.kit.RouterAt(at, w.p.TLSRoutes())
	w.router = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "mtls.") {
			mutual.ServeHTTP(rw, r)
			return
		}
		public.ServeHTTP(rw, r)
	})
	for client, how := range map[string]func(*trust.OIDCTerms){
		"basic":  func(t *trust.OIDCTerms) { t.Bind = trust.BindMTLS },
		"public": func(t *trust.OIDCTerms) { t.Bind = trust.BindMTLS },
		"jwt":    func(t *trust.OIDCTerms) { t.Bind = trust.BindMTLS },
		"post": func(t *trust.OIDCTerms) {
			t.ClientAuth, t.TLSName = trust.AuthTLS, trust.TLSSubject{Kind: "dns", Value: "epr.example"}
		},
		"jwt2": func(t *trust.OIDCTerms) { t.ClientAuth, t.JWKS = trust.AuthSelfSignedTLS, certified(w, own, true) },
		"fapi": func(t *trust.OIDCTerms) {
			t.ClientAuth, t.TLSName, t.Bind = trust.AuthTLS, trust.TLSSubject{Kind: "dn", Value: "CN=EPR,O=RX1"}, trust.BindMTLS
		},
	} {
		w.change(client, func(p *trust.Partner) { how(p.OIDC) })
	}
	return w, ca, own
}

// certified is a JWK Set with the key of a certificate, and the certificate.
func certified(w *world, of *holder, x5c bool) []byte {
	w.t.Helper()
	k := jose.JSONWebKey{Key: of.key.Public(), KeyID: "tls"}
	if x5c {
		k.Certificates = []*x509.Certificate{of.cert}
	}
	out, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k}})
	must(w.t, err)
	return out
}

// showing calls an endpoint at the address for certificates.
func (w *world) showing(path, client string, form url.Values, shown ...*holder) reply {
	w.t.Helper()
	return w.send(w.prepareShowing(path, client, form, shown...))
}

func (w *world) prepareShowing(path, client string, form url.Values, shown ...*holder) *http.Request {
	w.t.Helper()
	if c, _ := w.Partner(trust.OIDC, client); strings.Contains(c.OIDC.ClientAuth, "tls") {
		form = with(form, "client_id", client)
	}
	r := w.prepare(path, client, form)
	r.Host, r.URL.Host = strings.TrimPrefix(mutualHost, "https://"), strings.TrimPrefix(mutualHost, "https://")
	r.TLS = &tls.ConnectionState{}
	for _, h := range shown {
		r.TLS.PeerCertificates = append(r.TLS.PeerCertificates, h.cert)
	}
	return r
}

// mutualTokens signs on and exchanges the code with a certificate.
func (w *world) mutualTokens(client string, own *holder) tokenSet {
	w.t.Helper()
	form := url.Values{}
	if c, _ := w.Partner(trust.OIDC, client); c.OIDC.Request.Pushed {
		uri := w.uri(w.showing(pushPath, client, request(client), own))
		form = codeForm(w.browser().bring(client, uri).query("code"))
	} else {
		form = codeForm(w.browser().code(client))
	}
	return w.tokens(w.showing(tokenPath, client, form, own))
}

// look asks for userinfo at the address for certificates.
func (w *world) look(access string, shown ...*holder) reply {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, mutualHost+userinfoPath, nil)
	r.Header.Set("Authorization", "Bearer "+access)
	r.TLS = &tls.ConnectionState{}
	for _, h := range shown {
		r.TLS.PeerCertificates = append(r.TLS.PeerCertificates, h.cert)
	}
	return w.send(r)
}

// TestCertificates: every kind of client gets tokens with its certificate, bound to it where the terms say so, and refreshes them.
func TestCertificates(t *testing.T) {
	w, ca, own := mutualWorld(t, web.FromConnection)
	another := w.issue(ca, nil) // of the same client, after its renewal
	for client, bound := range map[string]bool{"basic": true, "public": true, "jwt": true, "post": false, "jwt2": false, "fapi": true} {
		set := w.mutualTokens(client, own)
		if set.Type != "Bearer" || set.Refresh == "" {
			t.Errorf("%s: %+v", client, set)
		}
		for shown, want := range map[*holder]bool{own: true, another: !bound} {
			if got := w.look(set.Access, shown); (got.status == http.StatusOK) != want || !want && w.reason() != "token_holder" {
				t.Errorf("%s: userinfo with %p %d %s", client, shown, got.status, got.body)
			}
		}
		if got := w.look(set.Access); (got.status == http.StatusOK) == bound {
			t.Errorf("%s: userinfo without a certificate %d", client, got.status)
		}
		if got := w.userinfo(set.Access); (got.status == http.StatusOK) == bound {
			t.Errorf("%s: userinfo at the public address %d", client, got.status)
		}
		if client == "public" {
			got := w.showing(tokenPath, client, w.refreshForm(set.Refresh), another)
			w.denied(t, "refresh of a public client with another certificate", got, w.lastSeq(), 400, "invalid_grant", "refresh_key")
			set = w.mutualTokens(client, own)
		}
		again := w.tokens(w.showing(tokenPath, client, w.refreshForm(set.Refresh), own))
		if rotates := again.Refresh != ""; rotates == bound {
			t.Errorf("%s: refresh %+v", client, again)
		}
		if client == "public" {
			continue // it may not introspect
		}
		var said struct {
			Active  bool
			Type    string       `json:"token_type"`
			Confirm confirmation `json:"cnf"`
		}
		must(t, json.Unmarshal([]byte(w.showing(introspectPath, client, url.Values{"token": {again.Access}}, own).body), &said))
		if !said.Active || said.Type != "Bearer" || (said.Confirm.Certificate == certificateHash(own.cert)) != bound || said.Confirm.Thumbprint != "" {
			t.Errorf("%s: introspection %+v", client, said)
		}
	}
}

// TestCertificateAtThePublicAddress: what is shown there counts for nothing, and says where it would.
func TestCertificateAtThePublicAddress(t *testing.T) {
	w, _, own := mutualWorld(t, web.FromConnection)
	for client, want := range map[string][3]string{
		"post":  {"401", "invalid_client", "certificate_none"},
		"jwt2":  {"401", "invalid_client", "certificate_none"},
		"basic": {"400", "invalid_request", "certificate_none"},
	} {
		r := w.prepareShowing(tokenPath, client, codeForm(w.browser().code(client)), own)
		r.Host, r.URL.Host = "sso.rx1.example", "sso.rx1.example"
		after := w.lastSeq()
		got := w.send(r)
		status := map[string]int{"400": 400, "401": 401}[want[0]]
		w.denied(t, client, got, after, status, want[1], want[2])
		if !strings.Contains(got.body, mutualHost) && !strings.Contains(got.body, "mtls_endpoint_aliases") {
			t.Errorf("%s: %s", client, got.body)
		}
	}
	for _, path := range []string{authorizePath, logoutPath, discoveryPath, jwksPath, resumePath, "/signin"} {
		r := httptest.NewRequest(http.MethodGet, mutualHost+path, nil)
		if got := w.send(r); got.status != http.StatusNotFound {
			t.Errorf("%s is served at the address for certificates: %d", path, got.status)
		}
	}
	r := w.prepareShowing(tokenPath, "basic", codeForm("x"), own)
	r.Host, r.URL.Host = "mtls.evil.example", "mtls.evil.example"
	if got := w.send(r); got.status != http.StatusMisdirectedRequest {
		t.Errorf("another host: %d", got.status)
	}
}

// TestCertificatesOfAProxy: where TLS ends at a proxy its word counts, and nobody else's.
func TestCertificatesOfAProxy(t *testing.T) {
	w, ca, own := mutualWorld(t, web.FromProxy)
	code := func() url.Values { return codeForm(w.browser().code("post")) }
	const proven = "proven " // by its certificate, as the listener saw
	ask := func(peer, host string, header http.Header) reply {
		r := w.prepareShowing(tokenPath, "post", code())
		r.Host, r.URL.Host = host, host
		for name, values := range header {
			r.Header[name] = values
		}
		peer, proven := strings.CutPrefix(peer, proven)
		return w.sendFrom(r.WithContext(web.WithHop(r.Context(), web.Hop{Proxy: proven})), peer)
	}
	item := func(h *holder) string { return ":" + base64.StdEncoding.EncodeToString(h.cert.Raw) + ":" }
	const proxy, stranger, mutual = proven + "10.9.1.1:1", "192.0.2.1:1", "mtls.sso.rx1.example"
	w.tokens(ask(proxy, mutual, http.Header{"Client-Cert": {item(own)}, "Client-Cert-Chain": {item(ca)}}))
	after := w.lastSeq()
	for name, c := range map[string]struct {
		peer, host string
		header     http.Header
		status     int
		reason     string
	}{
		"not proven":            {"10.9.1.1:1", mutual, http.Header{"Client-Cert": {item(own)}}, 401, "certificate_none"},
		"a stranger":            {stranger, mutual, http.Header{"Client-Cert": {item(own)}}, 401, "certificate_none"},
		"at the public address": {proxy, "sso.rx1.example", http.Header{"Client-Cert": {item(own)}}, 401, "certificate_none"},
		"doubled":               {proxy, mutual, http.Header{"Client-Cert": {item(own), item(own)}}, 400, "client_cert_header"},
		"malformed":             {proxy, mutual, http.Header{"Client-Cert": {"x"}}, 400, "client_cert_header"},
		"another spelling":      {proxy, mutual, http.Header{"Client_cert": {item(own)}}, 400, "client_cert_header"},
		"another header":        {proxy, mutual, http.Header{"X-Ssl-Client-Cert": {item(own)}}, 401, "certificate_none"},
		"not of the client":     {proxy, mutual, http.Header{"Client-Cert": {item(ca)}}, 401, "certificate_usage"},
		"without the authority": {proxy, mutual, http.Header{"Client-Cert": {item(w.issue(nil, nil))}}, 401, "certificate_authority"},
	} {
		got := ask(c.peer, c.host, c.header)
		if got.status != c.status || w.reason() != c.reason {
			t.Errorf("%s: %d %s, recorded as %s", name, got.status, got.body, w.reason())
		}
	}
	if len(w.events(after)) == 0 {
		t.Error("nothing was recorded")
	}
}

// TestAliases: discovery names every endpoint that clients call themselves at the other address too, and nothing else (RFC 8705, section 5).
func TestAliases(t *testing.T) {
	w, _, own := mutualWorld(t, web.FromConnection)
	m := w.published()
	aliases, _ := m["mtls_endpoint_aliases"].(map[string]any)
	for _, name := range []string{"token_endpoint", "userinfo_endpoint", "revocation_endpoint", "introspection_endpoint", "pushed_authorization_request_endpoint"} {
		if address, _ := m[name].(string); aliases[name] != mutualHost+strings.TrimPrefix(address, issuer) {
			t.Errorf("%s: %v", name, aliases[name])
		}
	}
	for name, v := range aliases {
		address, _ := v.(string)
		if m[name] == nil || !strings.HasSuffix(name, "_endpoint") {
			t.Errorf("alias of what is no endpoint: %s", name)
		}
		r := httptest.NewRequest(http.MethodPost, address, nil)
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{own.cert}}
		if got := w.send(r); got.status == http.StatusNotFound || got.status == http.StatusMethodNotAllowed || got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", address, got.status, got.header)
		}
	}
	if aliases["authorization_endpoint"] != nil || aliases["end_session_endpoint"] != nil {
		t.Errorf("browsers are sent there: %v", aliases)
	}
	methods := list(m, "token_endpoint_auth_methods_supported")
	if !slices.Contains(methods, trust.AuthTLS) || !slices.Contains(methods, trust.AuthSelfSignedTLS) || m["tls_client_certificate_bound_access_tokens"] != true {
		t.Errorf("methods %v, bound %v", methods, m["tls_client_certificate_bound_access_tokens"])
	}
	m = newWorld(t).published()
	if slices.ContainsFunc(list(m, "token_endpoint_auth_methods_supported"), func(s string) bool { return strings.Contains(s, "tls") }) || m["mtls_endpoint_aliases"] != nil || m["tls_client_certificate_bound_access_tokens"] != false {
		t.Error("certificates are offered where nobody can show one")
	}
}

// TestAssertionForTheOtherAddress: a client that calls an endpoint at the address for certificates may name it as the audience.
func TestAssertionForTheOtherAddress(t *testing.T) {
	w, _, _ := mutualWorld(t, web.FromConnection)
	isOurs := func(p *Provider, aud string) bool {
		c, err := p.partner("jwt")
		must(t, err)
		return p.assertionRules(c).isOurs(aud)
	}
	for _, path := range []string{tokenPath, pushPath, backAuthPath} {
		if !isOurs(w.p, mutualHost+path) {
			t.Errorf("%s is not ours", path)
		}
	}
	if isOurs(w.p, mutualHost) || isOurs(w.p, mutualHost+userinfoPath) || isOurs(newWorld(t).p, mutualHost+tokenPath) {
		t.Error("an address that is no such endpoint is ours")
	}
}

// TestProofAtTheOtherAddress: a DPoP proof may name either address of an endpoint; the token is then bound to its key too.
func TestProofAtTheOtherAddress(t *testing.T) {
	w, _, own := mutualWorld(t, web.FromConnection)
	key := w.prover()
	r := w.prepareShowing(tokenPath, "jwt", codeForm(w.browser().code("jwt")), own)
	r.Header.Set("DPoP", key.proof("POST", tokenPath, "", claim("htu", mutualHost+tokenPath)))
	set := w.tokens(w.send(r))
	if set.Type != "DPoP" {
		t.Errorf("%+v", set)
	}
	after := w.lastSeq()
	w.denied(t, "without the certificate", w.show("DPoP", set.Access, key.proof("GET", userinfoPath, set.Access, nil)), after, 401, "invalid_token", "token_holder")
	w.denied(t, "without the key", w.look(set.Access, own), after, 401, "invalid_token", "token_scheme")
}

// certificateClients are the cases of row 182: who may not authenticate with what.
func certificateClients(t *testing.T) {
	w, ca, own := mutualWorld(t, web.FromConnection)
	lookalike := w.issue(nil, authority) // another authority of the same name
	between := w.issue(ca, func(c *x509.Certificate) { authority(c); c.Subject.CommonName = "Between" })
	past := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = w.clock().Add(-48*time.Hour), w.clock().Add(-24*time.Hour)
	}
	named := func(name string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.DNSNames = []string{name} }
	}
	for _, c := range []struct {
		name, client string
		shown        []*holder
		reason       string // empty: it authenticates
	}{
		{"its own", "post", []*holder{own}, ""},
		{"renewed", "post", []*holder{w.issue(ca, nil)}, ""},
		{"by an intermediate", "post", []*holder{w.issue(between, nil), between}, ""},
		{"by an intermediate that is not sent", "post", []*holder{w.issue(between, nil)}, "certificate_authority"},
		{"none", "post", nil, "certificate_none"},
		{"of another client", "post", []*holder{w.issue(ca, named("other.example"))}, "certificate_name"},
		{"of a name below", "post", []*holder{w.issue(ca, named("a.epr.example"))}, "certificate_name"},
		{"with a wildcard", "post", []*holder{w.issue(ca, named("*.example"))}, "certificate_name"},
		{"the name as common name only", "post", []*holder{w.issue(ca, func(c *x509.Certificate) { c.Subject.CommonName, c.DNSNames = "epr.example", nil })}, "certificate_name"},
		{"same names, other authority", "post", []*holder{w.issue(lookalike, nil), lookalike}, "certificate_authority"},
		{"self-signed with the same key", "post", []*holder{w.issueFor(own.key, nil, nil)}, "certificate_authority"},
		{"expired", "post", []*holder{w.issue(ca, past)}, "certificate_expired"},
		{"not valid yet", "post", []*holder{w.issue(ca, func(c *x509.Certificate) { c.NotBefore = w.clock().Add(time.Hour) })}, "certificate_expired"},
		{"for servers", "post", []*holder{w.issue(ca, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })}, "certificate_usage"},
		{"for nothing", "post", []*holder{w.issue(ca, func(c *x509.Certificate) { c.ExtKeyUsage = nil })}, "certificate_usage"},
		{"the authority's own", "post", []*holder{ca}, "certificate_usage"},
		{"subject", "fapi", []*holder{own}, ""},
		{"subject and more", "fapi", []*holder{w.issue(ca, func(c *x509.Certificate) { c.Subject.OrganizationalUnit = []string{"x"} })}, "certificate_name"},
		{"same subject, other authority", "fapi", []*holder{w.issue(lookalike, nil)}, "certificate_authority"},
		{"registered", "jwt2", []*holder{own}, ""},
		{"registered, with others behind", "jwt2", []*holder{own, ca}, ""},
		{"registered, behind another", "jwt2", []*holder{w.issue(ca, nil), own}, "certificate_unknown"},
		{"same key, another certificate", "jwt2", []*holder{w.issueFor(own.key, nil, nil)}, "certificate_unknown"},
		{"none of those registered", "jwt2", nil, "certificate_none"},
	} {
		form := url.Values{"token": {"x"}}
		after := w.lastSeq()
		if got := w.showing(introspectPath, c.client, form, c.shown...); c.reason != "" {
			w.denied(t, c.name, got, after, 401, "invalid_client", c.reason)
		} else if got.status != http.StatusOK {
			t.Errorf("%s: %d %s", c.name, got.status, got.body)
		}
	}
	w.change("jwt2", func(p *trust.Partner) { p.OIDC.JWKS = certified(w, own, false) })
	if got := w.showing(introspectPath, "jwt2", url.Values{"token": {"x"}}, w.issueFor(own.key, nil, nil)); got.status != http.StatusOK {
		t.Errorf("a certificate of a registered key: %d %s", got.status, got.body)
	}
	expired := w.issueFor(own.key, nil, past)
	after := w.lastSeq()
	w.denied(t, "expired, of a registered key", w.showing(introspectPath, "jwt2", url.Values{"token": {"x"}}, expired), after, 401, "invalid_client", "certificate_expired")
	r := w.prepareShowing(introspectPath, "basic", url.Values{"token": {"x"}, "client_id": {"basic"}}, own)
	r.Header.Del("Authorization")
	w.denied(t, "in place of a secret", w.send(r), after, 401, "invalid_client", "auth_method")
	r = w.prepareShowing(introspectPath, "post", url.Values{"token": {"x"}, "client_secret": {secret}}, own)
	w.denied(t, "beside a secret", w.send(r), after, 401, "invalid_client", "auth_method")
}

// certificateTokens are the cases of row 183 with certificates.
func certificateTokens(t *testing.T) {
	w, ca, own := mutualWorld(t, web.FromConnection)
	set := w.mutualTokens("basic", own)
	after := w.lastSeq()
	for name, shown := range map[string][]*holder{
		"none": nil, "another": {w.issue(ca, nil)}, "the same key": {w.issueFor(own.key, ca, nil)}, "behind another": {w.issue(ca, nil), own},
	} {
		w.denied(t, name, w.look(set.Access, shown...), after, 401, "invalid_token", "token_holder")
	}
	w.denied(t, "at the public address", w.userinfo(set.Access), after, 401, "invalid_token", "token_holder")
}
