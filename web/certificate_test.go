package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// testCertificate is a certificate of a name, in DER.
func testCertificate(t testing.TB, name string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func field(der []byte) string { return ":" + base64.StdEncoding.EncodeToString(der) + ":" }

// TestSecurityClientCertificates: rows 203 and 204 of the attack catalogue, about certificates in headers.
func TestSecurityClientCertificates(t *testing.T) {
	own, other, ca := testCertificate(t, "own"), testCertificate(t, "other"), testCertificate(t, "ca")
	k := &Kit{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	parsed, err := x509.ParseCertificate(other)
	if err != nil {
		t.Fatal(err)
	}
	shown := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{parsed}}
	const proxy, stranger = "10.1.1.1:1", "192.0.2.1:1"
	const proven = "proven " // by a certificate that is pinned, or on a unix socket
	for name, c := range map[string]struct {
		peer   string
		from   CertificateSource
		tls    *tls.ConnectionState
		header http.Header
		want   string // common names; "refused"
	}{
		"203 by TLS":                                {stranger, FromConnection, shown, nil, "other"},
		"203 header of a stranger":                  {stranger, FromProxy, nil, http.Header{"Client-Cert": {field(own)}}, ""},
		"203 header of a stranger who shows one":    {stranger, FromProxy, shown, http.Header{"Client-Cert": {field(own)}}, ""},
		"203 header from a proxy's network":         {proxy, FromProxy, nil, http.Header{"Client-Cert": {field(own)}}, ""},
		"203 header from there, with a certificate": {proxy, FromProxy, shown, http.Header{"Client-Cert": {field(own)}}, ""},
		"203 the proxy's word about a client":       {proven + stranger, FromProxy, shown, http.Header{"Client-Cert": {field(own)}}, "own"},
		"203 the proxy's word on a socket":          {proven + "@", FromProxy, nil, http.Header{"Client-Cert": {field(own)}}, "own"},
		"203 header where the connection ends here": {proxy, FromConnection, nil, http.Header{"Client-Cert": {field(own)}}, ""},
		"203 the proxy's own certificate":           {proxy, FromConnection, shown, nil, ""},
		"203 the proxy's own, no client's":          {proven + proxy, FromProxy, shown, nil, ""},
		"203 the proxy's word":                      {proven + proxy, FromProxy, shown, http.Header{"Client-Cert": {field(own)}}, "own"},
		"203 other headers": {proven + proxy, FromProxy, nil, http.Header{
			"X-Ssl-Client-Cert": {field(own)}, "X-Client-Cert": {field(own)}, "Ssl-Client-Cert": {field(own)}, "X_ssl_client_cert": {field(own)}, "Client-Certificate": {field(own)},
		}, ""},
		"203 underscore":              {proven + proxy, FromProxy, nil, http.Header{"Client_cert": {field(own)}}, "refused"},
		"203 underscore beside it":    {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {field(own)}, "Client_cert": {field(other)}}, "refused"},
		"203 underscore in the chain": {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {field(own)}, "Client-Cert_chain": {field(other)}}, "refused"},
		"203 raw lower case":          {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {field(own)}, "client-cert": {field(other)}}, "refused"},
		"203 a dot":                   {proven + proxy, FromProxy, nil, http.Header{"Client.cert": {field(own)}}, "refused"},
		"203 doubled":                 {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {field(own), field(own)}}, "refused"},
		"203 doubled in one field":    {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {field(own) + ", " + field(other)}}, "refused"},
		"204 with its chain":          {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {field(own)}, "Client-Cert-Chain": {field(other) + ", " + field(ca)}}, "own other ca"},
		"204 chain in two fields":     {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {field(own)}, "Client-Cert-Chain": {field(other), field(ca)}}, "own other ca"},
		"204 chain alone":             {proven + proxy, FromProxy, nil, http.Header{"Client-Cert-Chain": {field(ca)}}, "refused"},
		"204 long chain":              {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {field(own)}, "Client-Cert-Chain": {strings.Repeat(field(ca)+",", 8) + field(ca)}}, "refused"},
		"204 chain with a gap":        {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {field(own)}, "Client-Cert-Chain": {field(other) + ",,"}}, "refused"},
		"204 empty":                   {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {""}}, "refused"},
		"204 nothing between colons":  {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {"::"}}, "refused"},
		"204 no colons":               {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {base64.StdEncoding.EncodeToString(own)}}, "refused"},
		"204 parameters":              {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {field(own) + ";a=b"}}, "refused"},
		"204 PEM":                     {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {"-----BEGIN CERTIFICATE-----"}}, "refused"},
		"204 something behind it":     {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {field(append(append([]byte{}, own...), 0))}}, "refused"},
		"204 too long":                {proven + proxy, FromProxy, nil, http.Header{"Client-Cert": {":" + strings.Repeat("A", maxCertificateField) + ":"}}, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "https://sso.example/", nil)
			peer, isProven := strings.CutPrefix(c.peer, proven)
			r.RemoteAddr, r.TLS = peer, c.tls
			r = r.WithContext(WithHop(r.Context(), Hop{Proxy: isProven}))
			if c.header != nil {
				r.Header = c.header
			}
			got, err := k.ClientCertificates(r, c.from)
			var names []string
			for _, cert := range got {
				names = append(names, cert.Subject.CommonName)
			}
			if s := strings.Join(names, " "); err == nil && s != c.want || err != nil && (c.want != "refused" || bridge.AsRefusal(err).Code != "client_cert_header") {
				t.Errorf("%q %v, want %q", s, err, c.want)
			}
		})
	}
}

// FuzzClientCert: whatever a proxy sends, the outcome is certificates that it sent, or a refusal.
func FuzzClientCert(f *testing.F) {
	own := testCertificate(f, "own")
	f.Add(field(own), "")
	f.Add(field(own), field(own)+", "+field(own))
	f.Add("::", ":AA:,")
	f.Fuzz(func(t *testing.T, cert, chain string) {
		h := http.Header{"Client-Cert": {cert}}
		if chain != "" {
			h.Set("Client-Cert-Chain", chain)
		}
		got, err := forwardedCertificates(h)
		if err != nil {
			if len(got) > 0 || bridge.AsRefusal(err).Code != "client_cert_header" {
				t.Fatalf("%d certificates, %v", len(got), err)
			}
			return
		}
		if field(got[0].Raw) != cert || len(got) > 1+maxChain || (chain == "") != (len(got) == 1) {
			t.Fatalf("%d certificates of %q, %q", len(got), cert, chain)
		}
	})
}
