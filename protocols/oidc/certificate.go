package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/web"
)

// MutualTLS is the second address of the endpoints that clients call themselves. There they may show a certificate (RFC 8705,
// section 5).
type MutualTLS struct {
	URL    *url.URL              // scheme and host
	Roots  *x509.CertPool        // authorities of tls_client_auth; nil: that method is not offered
	Source web.CertificateSource // where certificates are seen
}

// TLSRoutes are the routes that are served at that address too: those that clients call themselves. Browsers have no business there.
func (p *Provider) TLSRoutes() []web.Route {
	if p.mutual == nil {
		return nil
	}
	out := slices.DeleteFunc(p.Routes(), func(r web.Route) bool { return r.Class != web.Machine })
	for i := range out {
		out[i].CORS = false
	}
	return out
}

// aliases are the endpoints at that address, by their names in discovery (RFC 8705, section 5); nil: there is none.
func (p *Provider) aliases(endpoints map[string]string) map[string]string {
	if p.mutual == nil {
		return nil
	}
	served := p.TLSRoutes()
	out := map[string]string{}
	for name, address := range endpoints {
		path, ours := strings.CutPrefix(address, p.origin())
		if ours && slices.ContainsFunc(served, func(r web.Route) bool { return r.Path == path }) {
			out[name] = p.mutual.URL.String() + path
		}
	}
	return out
}

// origin is the issuer without the path of the face.
func (p *Provider) origin() string { return strings.TrimSuffix(p.issuer, p.face.base) }

// targets are the addresses of an endpoint: what a proof for it may name.
func (p *Provider) targets(path string) []string {
	return p.face.targets(path, p.issuer, p.mutual.address())
}

// address is nil where certificates cannot be shown.
func (m *MutualTLS) address() *url.URL {
	if m == nil {
		return nil
	}
	return m.URL
}

// certificates are those that a request shows, the client's own first; none at any other address than that for them.
func (p *Provider) certificates(r *http.Request) ([]*x509.Certificate, error) {
	if p.mutual == nil || !web.IsAt(r, p.mutual.URL) {
		return nil, nil
	}
	return p.kit.ClientCertificates(r, p.mutual.Source)
}

// certificateHash is x5t#S256 (RFC 8705, section 3.1).
func certificateHash(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return b64.EncodeToString(sum[:])
}

func refuseCertificate(code, format string, args ...any) *bridge.Refusal {
	return bridge.Refuse(bridge.BadClient, format, args...).WithCode("certificate_" + code)
}

// certificateMethods are the methods of authentication that discovery offers for it.
func (p *Provider) certificateMethods() []string {
	switch {
	case p.mutual == nil:
		return nil
	case p.mutual.Roots == nil:
		return []string{authSelfSigned}
	}
	return []string{authTLS, authSelfSigned}
}

// byCertificate reports whether a client authenticates by mutual TLS.
func (c *client) byCertificate() bool {
	return c.terms.ClientAuth == authTLS || c.terms.ClientAuth == authSelfSigned
}

// checkCertificate authenticates a client by the certificate that its request shows (RFC 8705, section 2).
func (p *Provider) checkCertificate(r *http.Request, c *client) error {
	shown, err := p.certificates(r)
	switch {
	case err != nil:
		return err
	case p.mutual == nil:
		return refuseCertificate("none", "This hub takes no certificates of clients: listeners.mtls is not configured.")
	case len(shown) == 0:
		return refuseCertificate("none", "The client showed no certificate: it authenticates with one, at %s (RFC 8705, section 5).", p.mutual.URL)
	}
	if now := p.hub.Clock(); now.Before(shown[0].NotBefore) || now.After(shown[0].NotAfter) {
		return refuseCertificate("expired", "The certificate of the client is not valid now: only from %s to %s.", shown[0].NotBefore.UTC().Format("2006-01-02"), shown[0].NotAfter.UTC().Format("2006-01-02"))
	}
	if c.terms.ClientAuth == authSelfSigned {
		return p.checkRegistered(r.Context(), c, shown[0])
	}
	return p.checkIssued(c, shown)
}

// checkRegistered is self_signed_tls_client_auth (RFC 8705, section 2.2).
func (p *Provider) checkRegistered(ctx context.Context, c *client, shown *x509.Certificate) error {
	certified := false
	err := p.withKeys(ctx, c, func(keys jose.KeySet) bool {
		certified = keys.Certifies(shown)
		return certified
	})
	switch {
	case errors.Is(err, errKeysBusy) || errors.Is(err, errNoKeys):
		return keysRefusal(err)
	case err != nil:
		return refuseCertificate("keys", "The keys registered for this client cannot be used.").Because(err)
	case !certified:
		return refuseCertificate("unknown", "The certificate is not one that this client registered (RFC 8705, section 2.2).")
	}
	return nil
}

// checkIssued is tls_client_auth (RFC 8705, section 2.1): an authority of the hub's issued it for clients, and it holds the name of
// the terms.
func (p *Provider) checkIssued(c *client, shown []*x509.Certificate) error {
	if p.mutual.Roots == nil {
		return refuseCertificate("authorities", "This hub knows no authority for certificates of clients: listeners.mtls.client_ca is not configured.")
	}
	options := x509.VerifyOptions{Roots: p.mutual.Roots, Intermediates: x509.NewCertPool(), CurrentTime: p.hub.Clock(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for _, i := range shown[1:] {
		options.Intermediates.AddCert(i)
	}
	_, err := shown[0].Verify(options)
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case ok && invalid.Reason == x509.IncompatibleUsage || err == nil && !forClients(shown[0]):
		return refuseCertificate("usage", "The certificate is not for TLS clients: its extended key usage lacks clientAuth.").Because(err)
	case ok && invalid.Reason == x509.Expired:
		return refuseCertificate("expired", "A certificate of the chain is not valid now.").Because(err)
	case err != nil:
		return refuseCertificate("authority", "The certificate was not issued by an authority for clients of this hub; intermediate certificates have to be sent along.").Because(err)
	case !c.terms.TLSName.Names(shown[0]):
		return refuseCertificate("name", "The certificate does not hold the name that is registered for this client (%s, RFC 8705, section 2.1.2).", c.terms.TLSName.Kind)
	}
	return nil
}

// forClients reports whether a certificate says that it is for TLS clients. One that says nothing of its use is for nothing here.
func forClients(c *x509.Certificate) bool {
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}
