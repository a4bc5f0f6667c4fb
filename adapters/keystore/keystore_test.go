package keystore_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/keystore"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

var now = time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)

// generated is one key file for all tests; making RSA keys is slow.
var generated = sync.OnceValues(func() ([]byte, error) { return keystore.Generate(rand.Reader, "hub.example", now) })

func blocks(t *testing.T) []*pem.Block {
	t.Helper()
	data, err := generated()
	if err != nil {
		t.Fatal(err)
	}
	var out []*pem.Block
	for {
		var b *pem.Block
		if b, data = pem.Decode(data); b == nil {
			return out
		}
		out = append(out, b)
	}
}

func join(bs ...*pem.Block) []byte {
	var out []byte
	for _, b := range bs {
		out = append(out, pem.EncodeToMemory(b)...)
	}
	return out
}

func TestGenerateAndLoad(t *testing.T) {
	data, err := generated()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "signing.pem")
	if err := keystore.Write(path, data); err != nil {
		t.Fatal(err)
	}
	if err := keystore.Write(path, data); !errors.Is(err, fs.ErrExist) {
		t.Errorf("replaced a key file: %v", err)
	}
	keys, err := keystore.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	for _, alg := range []keyring.Algorithm{keyring.RS256, keyring.ES256} {
		k, err := ring.Signing(alg)
		if err != nil {
			t.Fatal(err)
		}
		c := k.Certificate
		if c.Subject.CommonName != "hub.example" || c.IsCA || c.NotAfter.Before(now.AddDate(9, 11, 0)) || c.NotBefore.After(now) || c.SerialNumber.Sign() <= 0 {
			t.Errorf("%s certificate: %s %s %s", alg, c.Subject, c.NotBefore, c.NotAfter)
		}
		if keyring.Thumbprint(c.PublicKey) != k.ID {
			t.Errorf("%s certificate carries another key", alg)
		}
		if err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
			t.Errorf("%s certificate: %v", alg, err)
		}
	}
}

func TestMode(t *testing.T) {
	data, err := generated()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "signing.pem")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, fine := range map[fs.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o700: false, 0o620: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		keys, err := keystore.Load(path)
		loose, isMode := errors.AsType[*keystore.ModeError](err)
		if fine != (err == nil) || !fine && (!isMode || loose.Mode != mode || loose.Path != path) || len(keys) != 2 {
			t.Errorf("mode %o: %d keys, %v", mode, len(keys), err)
		}
	}
}

func TestEncodings(t *testing.T) {
	b := blocks(t)
	private, err := x509.ParsePKCS8PrivateKey(b[0].Bytes)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := x509.ParsePKCS8PrivateKey(b[2].Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	next := *b[0]
	next.Headers = map[string]string{keystore.StateHeader: "next"}
	file := join(b[3], &pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 0}}, &pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1},
		&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private.(*rsa.PrivateKey))}, b[1])
	keys, err := keystore.Parse(append([]byte("a comment\n"), file...))
	if err != nil || len(keys) != 2 || keys[0].Certificate == nil || keys[0].State != keyring.Active {
		t.Fatalf("%v %v", keys, err)
	}
	if keys, err = keystore.Parse(join(&next, b[1])); err != nil || keys[0].State != keyring.Next {
		t.Errorf("%v %v", keys, err)
	}
}

func TestCertificateOfBareRSAKey(t *testing.T) {
	b := blocks(t)
	first, err := keystore.Parse(join(b[0]))
	if err != nil {
		t.Fatal(err)
	}
	second, err := keystore.Parse(join(b[0]))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first[0].Certificate.Raw, second[0].Certificate.Raw) {
		t.Error("not the same certificate twice")
	}
	if _, err := keystore.Parse(join(b[2])); !errors.Is(err, keystore.ErrNoCertificate) {
		t.Errorf("bare P-256 key: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	b := blocks(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8 := func(key any) *pem.Block {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return &pem.Block{Type: "PRIVATE KEY", Bytes: der}
	}
	encrypted, odd := *b[0], *b[0]
	encrypted.Headers = map[string]string{"Proc-Type": "4,ENCRYPTED"}
	odd.Headers = map[string]string{keystore.StateHeader: "sleeping"}
	damaged := bytes.Replace(join(b[0]), []byte("-----END PRIVATE"), []byte("-----END PRVATE"), 1)
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":                     {nil, keystore.ErrNoKeys},
		"text":                      {[]byte("not PEM"), keystore.ErrNoKeys},
		"only a certificate":        {join(b[1]), keystore.ErrNoKeys},
		"key twice":                 {join(b[0], b[0]), keystore.ErrFormat},
		"foreign certificate":       {join(b[0], b[1], b[3]), keystore.ErrFormat},
		"RSA 1024":                  {join(pkcs8(small)), nil},
		"P-384":                     {join(pkcs8(p384)), keystore.ErrNoCertificate},
		"Ed25519":                   {join(pkcs8(ed)), keystore.ErrNoCertificate},
		"encrypted, old form":       {join(&encrypted), keystore.ErrFormat},
		"encrypted, PKCS #8":        {join(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{1}}), keystore.ErrFormat},
		"unknown state":             {join(&odd), keystore.ErrFormat},
		"other block":               {join(b[0], &pem.Block{Type: "X509 CRL", Bytes: []byte{1}}), keystore.ErrFormat},
		"garbage key":               {join(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}}), keystore.ErrFormat},
		"garbage certificate":       {join(b[0], &pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}}), keystore.ErrFormat},
		"second key damaged":        {append(join(b[2], b[3]), damaged...), keystore.ErrFormat},
		"first key damaged":         {append(bytes.Clone(damaged), join(b[2], b[3])...), keystore.ErrFormat},
		"too many blocks":           {bytes.Repeat(join(&pem.Block{Type: "EC PARAMETERS"}), 65), keystore.ErrFormat},
		"huge":                      {[]byte(strings.Repeat("x", 256<<10+1)), keystore.ErrTooLarge},
		"private key as public one": {join(&pem.Block{Type: "PUBLIC KEY", Bytes: b[0].Bytes}), keystore.ErrFormat},
	} {
		keys, err := keystore.Parse(c.data)
		if err == nil || keys != nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %d keys, %v", name, len(keys), err)
		}
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := keystore.Load(dir); err == nil {
		t.Error("loaded a directory")
	}
	if _, err := keystore.Load(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
}

func TestSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.key")
	made, err := keystore.WriteSecret(path, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	if read, err := keystore.LoadSecret(path); err != nil || !bytes.Equal(read, made) || len(read) != keystore.SecretSize {
		t.Errorf("read %d bytes, %v", len(read), err)
	}
	if _, err := keystore.WriteSecret(path, rand.Reader); !errors.Is(err, fs.ErrExist) {
		t.Errorf("replaced a secret: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	read, err := keystore.LoadSecret(path)
	if _, ok := errors.AsType[*keystore.ModeError](err); !ok || len(read) != keystore.SecretSize {
		t.Errorf("loose mode: %d bytes, %v", len(read), err)
	}
	if _, err := keystore.WriteSecret(filepath.Join(t.TempDir(), "zero"), bytes.NewReader(make([]byte, 32))); !errors.Is(err, keystore.ErrSecret) {
		t.Errorf("secret of zeros: %v", err)
	}
	for name, content := range map[string][]byte{"empty": nil, "short": make([]byte, 31), "long": make([]byte, 33), "zeros": make([]byte, 32)} {
		p := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(p, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := keystore.LoadSecret(p); err == nil || s != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	data, err := generated()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	f.Add([]byte("-----BEGIN EC PARAMETERS-----\n-----END EC PARAMETERS-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := keystore.Parse(data)
		if err == nil && len(keys) == 0 {
			t.Error("no keys and no error")
		}
		for _, k := range keys {
			if k.Certificate == nil || keyring.Thumbprint(k.Certificate.PublicKey) != keyring.Thumbprint(k.Signer.Public()) {
				t.Error("certificate does not carry the key")
			}
		}
	})
}

func TestEncryptionKeys(t *testing.T) {
	data, err := keystore.GenerateEncryption(rand.Reader, "hub.example encryption", now)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "encryption.pem")
	if err := keystore.Write(path, data); err != nil {
		t.Fatal(err)
	}
	keys, err := keystore.LoadEncryption(path)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 1 || len(ring.Receiving()) != 1 || len(ring.Published()) != 0 || keys[0].Certificate.KeyUsage != x509.KeyUsageKeyEncipherment {
		t.Errorf("%d keys, %d receive, %d sign", len(keys), len(ring.Receiving()), len(ring.Published()))
	}
	b := blocks(t)
	mixed := filepath.Join(t.TempDir(), "mixed.pem")
	if err := os.WriteFile(mixed, join(b...), 0o600); err != nil {
		t.Fatal(err)
	}
	if keys, err := keystore.LoadEncryption(mixed); err == nil || keys != nil {
		t.Errorf("a P-256 key decrypts: %v", err)
	}
	bare := filepath.Join(t.TempDir(), "bare.pem")
	if err := os.WriteFile(bare, join(b[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	if keys, err := keystore.LoadEncryption(bare); err != nil || len(keys) != 1 || keys[0].Certificate.KeyUsage != x509.KeyUsageKeyEncipherment {
		t.Errorf("bare key: %v", err)
	}
	limited := filepath.Join(t.TempDir(), "limited.pem")
	if err := os.WriteFile(limited, bytes.Replace(data, []byte("PRIVATE KEY-----\n"), []byte("PRIVATE KEY-----\nLanyard-For: oidc\n\n"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keystore.LoadEncryption(limited); !errors.Is(err, keystore.ErrFormat) {
		t.Errorf("an encryption key that SAML would not publish: %v", err)
	}
}

// TestEveryCurve: keys of all three curves are read, each with its certificate.
func TestEveryCurve(t *testing.T) {
	for curve, alg := range map[elliptic.Curve]keyring.Algorithm{elliptic.P256(): keyring.ES256, elliptic.P384(): keyring.ES384, elliptic.P521(): keyring.ES512} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(1)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := keystore.Parse(join(&pem.Block{Type: "PRIVATE KEY", Bytes: private}, &pem.Block{Type: "CERTIFICATE", Bytes: der}))
		if err != nil {
			t.Fatal(err)
		}
		ring, err := keyring.New(keys...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ring.Signing(alg); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
}
