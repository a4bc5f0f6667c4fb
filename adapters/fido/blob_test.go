package fido_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/fido"
)

// TestReadMetadata: who signed, how, and what.
func TestReadMetadata(t *testing.T) {
	p := newPublisher(t)
	good := p.blob(model{id: blue, name: "Blue"})
	with := func(member string, value any) []byte {
		h := maps.Clone(p.header())
		if h[member] = value; value == nil {
			delete(h, member)
		}
		return p.sign(h, p.payload())
	}
	by := func(change func(*x509.Certificate)) []byte {
		q := *p
		q.leaf = certify(t, p.root, func(c *x509.Certificate) { c.DNSNames = []string{publisherHost}; change(c) })
		return q.blob()
	}
	other := newPublisher(t)
	parts := bytes.Split(good, []byte("."))
	joined := func(parts ...[]byte) []byte { return bytes.Join(parts, []byte(".")) }
	chain := func(n int) (out []string) {
		for range n {
			out = append(out, base64.StdEncoding.EncodeToString(p.leaf.cert.Raw))
		}
		return out
	}
	for name, c := range map[string]struct {
		blob []byte
		good bool
	}{
		"good":                       {good, true},
		"white space around":         {append([]byte("\n "), append(bytes.Clone(good), '\n')...), true},
		"empty":                      {nil, false},
		"two parts":                  {joined(parts[0], parts[1]), false},
		"four parts":                 {joined(parts[0], parts[1], parts[2], parts[2]), false},
		"unsigned":                   {joined(parts[0], parts[1], nil), false},
		"half a signature":           {joined(parts[0], parts[1], parts[2][:43]), false},
		"other payload":              {joined(parts[0], bytes.Split(p.blob(), []byte("."))[1], parts[2]), false},
		"padding":                    {joined(append(bytes.Clone(parts[0]), '='), parts[1], parts[2]), false},
		"alg none":                   {with("alg", "none"), false},
		"alg HS256":                  {with("alg", "HS256"), false},
		"alg of another kind of key": {with("alg", "RS256"), false},
		"no alg":                     {with("alg", nil), false},
		"no certificates":            {with("x5c", nil), false},
		"certificates elsewhere":     {p.sign(map[string]any{"alg": "ES256", "x5u": "https://mds.example/certs"}, p.payload()), false},
		"no list":                    {with("x5c", "x"), false},
		"no certificate":             {with("x5c", []string{"AAAA"}), false},
		"too many certificates":      {with("x5c", chain(7)), false},
		"as many as may be":          {with("x5c", chain(6)), true},
		"must be understood":         {with("crit", []string{"b64"}), false},
		"a member twice":             {p.signRaw([]byte(`{"alg":"none","alg":"ES256","x5c":["`+chain(1)[0]+`"]}`), p.payload()), false},
		"an other root":              {other.blob(), false},
		"another name":               {by(func(c *x509.Certificate) { c.DNSNames = []string{"shop.example"} }), false},
		"name as common name alone": {by(func(c *x509.Certificate) {
			c.DNSNames, c.Subject = nil, pkix.Name{CommonName: publisherHost}
		}), false},
		"expired":       {by(func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Second) }), false},
		"from tomorrow": {by(func(c *x509.Certificate) { c.NotBefore = start.Add(time.Second) }), false},
		"no number":     {p.sign(p.header(), []byte(`{"nextUpdate":"2026-11-01","entries":[]}`)), false},
		"negative":      {p.sign(p.header(), []byte(`{"no":-1,"nextUpdate":"2026-11-01","entries":[]}`)), false},
		"fraction":      {p.sign(p.header(), []byte(`{"no":1.5,"nextUpdate":"2026-11-01","entries":[]}`)), false},
		"no next":       {p.sign(p.header(), []byte(`{"no":1,"entries":[]}`)), false},
		"a time":        {p.sign(p.header(), []byte(`{"no":1,"nextUpdate":"2026-11-01T00:00:00Z"}`)), false},
		"not JSON":      {p.sign(p.header(), []byte(`no`)), false},
		"too large":     {append(bytes.Clone(good), bytes.Repeat([]byte("A"), 32<<20)...), false},
	} {
		m, err := p.signer().ReadMetadata(c.blob, start)
		if c.good && (err != nil || m.Number != 7) || !c.good && !errors.Is(err, fido.ErrMetadata) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReadMetadataRSA: the service signs with RSA today.
func TestReadMetadataRSA(t *testing.T) {
	p := newPublisher(t)
	for bits, good := range map[int]bool{2048: true, 1024: false} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(5), NotBefore: certsFrom, NotAfter: certsUntil, DNSNames: []string{publisherHost}}
		der, err := x509.CreateCertificate(rand.Reader, template, p.root.cert, key.Public(), p.root.key)
		if err != nil {
			t.Fatal(err)
		}
		header, err := json.Marshal(map[string]any{"alg": "RS256", "x5c": []string{base64.StdEncoding.EncodeToString(der)}})
		if err != nil {
			t.Fatal(err)
		}
		text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(p.payload())
		digest := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.signer().ReadMetadata([]byte(text+"."+base64.RawURLEncoding.EncodeToString(signature)), start); (err == nil) != good {
			t.Errorf("%d bits: %v", bits, err)
		}
	}
}

// TestNothingIsFetched: addresses in a certificate are not asked, whoever it is of.
func TestNothingIsFetched(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	for _, root := range []*holder{nil, newPublisher(t).root} {
		p := newPublisher(t)
		issuer := p.root
		if root != nil {
			issuer = root // a stranger's
		}
		p.leaf = certify(t, issuer, func(c *x509.Certificate) {
			c.DNSNames = []string{publisherHost}
			c.OCSPServer, c.CRLDistributionPoints, c.IssuingCertificateURL = []string{server.URL}, []string{server.URL}, []string{server.URL}
		})
		if _, err := p.signer().ReadMetadata(p.blob(), start); (err == nil) != (root == nil) {
			t.Errorf("read: %v", err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

// TestOddEntries: what is not understood of an entry hides nothing that withdraws its model, and trusts nothing.
func TestOddEntries(t *testing.T) {
	p := newPublisher(t)
	payload := strings.NewReplacer("ID", blue.String()).Replace(`{"no":1,"nextUpdate":"2026-11-01","entries":[
		{"aaid":"1234#5678","statusReports":[{"status":"REVOKED"}]},
		{"aaguid":"not one","statusReports":[{"status":"REVOKED"}]},
		{"aaguid":"ID","metadataStatement":{"description":"A\tkey\u0000 with\nlines","attestationRootCertificates":["!!","AAAA"],"upv":"new"},
		 "statusReports":[{"status":"REVOKED","effectiveDate":"soon","url":7}],"biometricStatusReports":{}}]}`)
	m, err := p.signer().ReadMetadata(p.sign(p.header(), []byte(payload)), start)
	if err != nil || m.Models() != 1 {
		t.Fatalf("%+v, %v", m, err)
	}
	books := newLibrary(t)
	books.publisher.number = 9
	books.write(books.publisher.sign(books.publisher.header(), bytes.Replace([]byte(payload), []byte(`"no":1`), []byte(`"no":9`), 1)))
	if err := books.file.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := newDeskWith(t, fido.Policy{}, books.file)
	k := softKey(t, 1)
	k.AAGUID = blue
	if _, err := d.tryEnrol(k, d.person); err == nil || !strings.Contains(err.Error(), "key_model_withdrawn") {
		t.Errorf("a model with an odd entry: %v", err)
	}
}

// TestFollow: the file is followed, what is unusable changes nothing, and nothing goes back, not even after a restart.
func TestFollow(t *testing.T) {
	l := newLibrary(t, model{id: blue})
	in := func(what string, number int64, models int) {
		t.Helper()
		if m := l.file.Current(); m == nil || m.Number != number || m.Models() != models {
			t.Errorf("%s: %+v, want number %d", what, m, number)
		}
	}
	in("at first", 7, 1)
	seven := l.publisher.blob(model{id: blue})
	l.publish(model{id: blue}, model{id: green})
	in("the next", 8, 2)
	for name, blob := range map[string][]byte{"older": seven, "damaged": seven[:99], "empty": nil, "a stranger's": newPublisher(t).blob()} {
		l.write(blob)
		if err := l.file.Follow(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
		in(name, 8, 2)
	}
	if err := os.Remove(l.options.Path); err != nil {
		t.Fatal(err)
	}
	if err := l.file.Follow(t.Context()); err == nil {
		t.Error("gone: no error")
	}
	in("gone", 8, 2)

	if err := l.open(); err == nil {
		t.Error("restarted without the file: no error")
	}
	in("restarted without the file", 8, 2)
	l.write(seven)
	if err := l.open(); !errors.Is(err, fido.ErrRolledBack) {
		t.Errorf("restarted with an older one: %v", err)
	}
	in("restarted with an older one", 8, 2)
	l.now = certsUntil.AddDate(1, 0, 0) // the certificates of all of them are over
	if err := l.open(); err == nil {
		t.Error("read with a certificate that is over")
	}
	in("accepted while it held", 8, 2)
}

// TestKept: what is kept may be lost or damaged; the number is what counts.
func TestKept(t *testing.T) {
	l := newLibrary(t, model{id: blue})
	l.publish()
	kept := filepath.Join(l.options.Dir, "fido-metadata.jwt")
	info, err := os.Stat(kept)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("kept as %v, %v", info, err)
	}
	l.publisher.number--
	seven := l.publisher.blob()
	for name, blob := range map[string][]byte{"older": seven, "damaged": []byte("x")} {
		if err := os.WriteFile(kept, blob, 0o600); err != nil {
			t.Fatal(err)
		}
		l.write(seven)
		if err := l.open(); !errors.Is(err, fido.ErrRolledBack) || l.file.Current() != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	l.options.ReadOnly = true
	before, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	l.publisher.number = 20
	l.write(l.publisher.blob())
	if err := l.open(); err == nil || l.file.Current() == nil || l.file.Current().Number != 20 { // what was kept is damaged still
		t.Errorf("read only: %v", err)
	}
	if after, err := os.ReadFile(kept); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a reader wrote: %v", err)
	}
}
