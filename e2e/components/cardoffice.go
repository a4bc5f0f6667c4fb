package components

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// CardOffice is an authority of cards that OpenSSL runs: it issues, revokes, publishes lists and deltas, and answers by OCSP.
type CardOffice struct {
	Certificate string // PEM file
	tb          testing.TB
	dir         string
	mu          sync.Mutex // one openssl at a time
}

const officeConfig = `[ca]
default_ca = office
[office]
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
default_md = sha256
default_days = 30
default_crl_hours = 24
policy = any
x509_extensions = card
[any]
commonName = supplied
[req]
distinguished_name = none
[none]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[card]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth,1.3.6.1.4.1.311.20.2.2
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[responder]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
[delta]
2.5.29.27 = critical,DER:0201%02x
`

// NewCardOffice makes an authority with a key as openssl names it: "rsa:2048", or a curve such as "P-384".
func NewCardOffice(tb testing.TB, name, key string) *CardOffice {
	tb.Helper()
	o := &CardOffice{tb: tb, dir: directory(tb, "office")}
	o.Certificate = filepath.Join(o.dir, "ca.pem")
	write(tb, o.dir, "ca.conf", fmt.Sprintf(officeConfig, 1))
	write(tb, o.dir, "index.txt", "")
	write(tb, o.dir, "serial", "1000\n")
	write(tb, o.dir, "crlnumber", "01\n")
	o.openssl(append([]string{"req", "-x509", "-config", "ca.conf", "-extensions", "authority", "-noenc", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=" + name}, newKey(key)...)...)
	return o
}

func newKey(key string) []string {
	if key[0] == 'P' {
		return []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + key}
	}
	return []string{"-newkey", key}
}

func (o *CardOffice) openssl(args ...string) {
	o.tb.Helper()
	must(o.tb, Command{Path: "openssl", Args: args, Dir: o.dir})
}

// Card issues a card with a key as NewCardOffice takes it.
func (o *CardOffice) Card(uid, key string) *Leaf {
	o.tb.Helper()
	return o.issue(uid, key, "card")
}

func (o *CardOffice) issue(name, key, extensions string) *Leaf {
	o.tb.Helper()
	o.openssl(append([]string{"req", "-new", "-config", "ca.conf", "-noenc", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name}, newKey(key)...)...)
	o.openssl("ca", "-config", "ca.conf", "-batch", "-notext", "-extensions", extensions, "-keyfile", "ca.key", "-cert", "ca.pem", "-in", name+".csr", "-out", name+".pem")
	pair := o.pair(name)
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		o.tb.Fatal("the card's key cannot sign")
	}
	return &Leaf{
		Certificate: pair.Leaf, Key: signer, CertFile: filepath.Join(o.dir, name+".pem"), KeyFile: filepath.Join(o.dir, name+".key"),
		chain: []*x509.Certificate{pair.Leaf}, dir: o.dir,
	}
}

// pair reads a certificate and its key.
func (o *CardOffice) pair(name string) tls.Certificate {
	o.tb.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(o.dir, name+".pem"), filepath.Join(o.dir, name+".key"))
	if err != nil {
		o.tb.Fatal(err)
	}
	return pair
}

// Revoke revokes a card: in the next list, and at once in what the responder answers.
func (o *CardOffice) Revoke(card *Leaf) {
	o.tb.Helper()
	o.openssl("ca", "-config", "ca.conf", "-keyfile", "ca.key", "-cert", "ca.pem", "-revoke", card.CertFile)
}

// List publishes a complete list that is valid for so long, under the next number, and returns its file in DER.
func (o *CardOffice) List(life time.Duration) string { return o.list("complete", life) }

// ListOf publishes a complete list with other dates.
func (o *CardOffice) ListOf(from, until time.Time) string {
	o.tb.Helper()
	const layout = "20060102150405Z"
	return o.list("complete", time.Hour, "-crl_lastupdate", from.UTC().Format(layout), "-crl_nextupdate", until.UTC().Format(layout))
}

// Delta publishes a list with a deltaCRLIndicator for the list numbered base. OpenSSL puts everything that was revoked into it.
func (o *CardOffice) Delta(base int, life time.Duration) string {
	o.tb.Helper()
	write(o.tb, o.dir, "ca.conf", fmt.Sprintf(officeConfig, base))
	return o.list("delta", life, "-crlexts", "delta")
}

func (o *CardOffice) list(name string, life time.Duration, more ...string) string {
	o.tb.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.openssl(append([]string{"ca", "-config", "ca.conf", "-gencrl", "-crlsec", fmt.Sprint(int(life.Seconds())), "-keyfile", "ca.key", "-cert", "ca.pem", "-out", name + ".crl.pem"}, more...)...)
	o.openssl("crl", "-in", name+".crl.pem", "-outform", "DER", "-out", name+".crl")
	return filepath.Join(o.dir, name+".crl")
}

// Answer lets openssl answer an OCSP request, signed with a key that the authority delegated to. (Its own server listens on every
// interface, so what serves this is the test's.)
func (o *CardOffice) Answer(request []byte) []byte {
	o.tb.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, err := os.Stat(filepath.Join(o.dir, "responder.pem")); err != nil {
		o.issue("responder", "rsa:2048", "responder")
	}
	write(o.tb, o.dir, "request.der", string(request))
	o.openssl("ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "responder.pem", "-rkey", "responder.key", "-nmin", "60", "-reqin", "request.der", "-respout", "answer.der")
	answer, err := os.ReadFile(filepath.Join(o.dir, "answer.der"))
	if err != nil {
		o.tb.Fatal(err)
	}
	return answer
}

// Serve serves lists and answers on loopback: /complete.crl, /delta.crl and /ocsp. It returns the address and what ends it.
func (o *CardOffice) Serve() (address string, end func()) {
	o.tb.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ocsp", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		if err != nil {
			http.Error(w, "", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/ocsp-response")
		_, _ = w.Write(o.Answer(body)) // who is gone will ask again
	})
	mux.Handle("GET /", http.FileServer(http.Dir(o.dir)))
	server := httptest.NewServer(mux)
	end = sync.OnceFunc(server.Close)
	o.tb.Cleanup(end)
	return server.URL, end
}

// Authority is the certificate of the authority.
func (o *CardOffice) Authority() *x509.Certificate {
	o.tb.Helper()
	return o.pair("ca").Leaf
}
