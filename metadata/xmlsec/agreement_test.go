package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func fromHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestWrapKey has the vectors of RFC 3394, 4.
func TestWrapKey(t *testing.T) {
	const kek, key = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F"
	for _, c := range []struct {
		kek, key int // bytes
		want     string
	}{
		{16, 16, "1FA68B0A8112B447 AEF34BD8FB5A7B82 9D3E862371D2CFE5"},
		{24, 16, "96778B25AE6CA435 F92B5B97C050AED2 468AB8A17AD84E5D"},
		{32, 16, "64E8C3F9CE0F5BA2 63E9777905818A2A 93C8191E7D6E8AE7"},
		{32, 24, "A8F9BC1612C68B3F F6E6F4FBE30E71E4 769C8B80A32CB895 8CD5D17D6B254DA1"},
		{32, 32, "28C9F404C4B810F4 CBCCB35CFB87F826 3F5786E2D80ED326 CBC7F0E71A99F43B FB988B9B7A02DD21"},
	} {
		got, err := wrapKey(fromHex(t, kek)[:c.kek], fromHex(t, key)[:c.key])
		if err != nil || !bytes.Equal(got, fromHex(t, c.want)) {
			t.Errorf("%d bytes under %d: %X, %v", c.key, c.kek, got, err)
		}
	}
	if _, err := wrapKey(make([]byte, 5), make([]byte, 16)); codeOf(err) != CodeKey {
		t.Errorf("a key of no AES: %v", err)
	}
}

// agreed is what a document says of a key agreement.
type agreed struct {
	originator *ecdh.PublicKey
	wrap       string
	wrapped    []byte
	doc        string // without its KeyInfo
}

func readAgreement(t *testing.T, doc string, curve ecdh.Curve) agreed {
	t.Helper()
	key := find(element(t, doc), "EncryptedKey")
	point, err := base64.StdEncoding.DecodeString(find(find(key, "OriginatorKeyInfo"), "PublicKey").Text())
	if err != nil {
		t.Fatal(err)
	}
	a := agreed{wrap: methodOf(key)}
	if a.originator, err = curve.NewPublicKey(point); err != nil {
		t.Fatal(err)
	}
	if a.wrapped, err = cipherValue(key); err != nil {
		t.Fatal(err)
	}
	i, j := strings.Index(doc, "<ds:KeyInfo"), strings.LastIndex(doc, "</ds:KeyInfo>")+len("</ds:KeyInfo>")
	a.doc = doc[:i] + doc[j:]
	return a
}

func ecRecipient(t *testing.T, curve elliptic.Curve, methods ...string) (*ecdsa.PrivateKey, EncryptionKey) {
	t.Helper()
	key := newEC(t, curve)
	to := recipient(methods...)
	to.Public = key.Public()
	return key, to
}

func TestAgreementChooses(t *testing.T) {
	for name, c := range map[string]struct {
		methods    []string
		data, wrap string
	}{
		"no preference": {nil, AES128GCM, KeyWrapAES128},
		"256":           {[]string{AES256GCM}, AES256GCM, KeyWrapAES256},
		"192":           {[]string{AES192GCM}, AES192GCM, KeyWrapAES256},
		"agreement":     {[]string{ECDHES}, AES128GCM, KeyWrapAES128},
		"wrap":          {[]string{KeyWrapAES256, KeyWrapAES128}, AES128GCM, KeyWrapAES256},
		"beside RSA":    {[]string{RSAOAEP, ECDHES}, AES128GCM, KeyWrapAES128},
		"RSA alone":     {[]string{RSAOAEP}, "", ""},
		"RSA 1.5 alone": {[]string{rsa15}, "", ""},
		"CBC alone":     {[]string{AES128CBC}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, to := ecRecipient(t, elliptic.P256(), c.methods...)
			out, err := Encrypt([]byte(plaintext), to, rand.Reader)
			if to.Usable() != (c.data != "") {
				t.Errorf("usable: %v", to.Usable())
			}
			if c.data == "" {
				if codeOf(err) != CodeAlgorithm {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || !strings.Contains(string(out), `"`+c.data+`"`) || !strings.Contains(string(out), `"`+c.wrap+`"`) {
				t.Errorf("%v: %s", err, out)
			}
			if canonical, err := Canonicalize(out, MessageLimits()); err != nil || !bytes.Equal(canonical, out) {
				t.Errorf("not canonical: %v", err)
			}
			if _, err := Decrypt(element(t, string(out)), partnerKey()); codeOf(err) != CodeDecrypt {
				t.Errorf("with an RSA key: %v", err)
			}
		})
	}
}

// TestOpenSSLAgrees: OpenSSL agrees on the secret, derives the wrapping key and unwraps; xmlsec1 decrypts the content.
func TestOpenSSLAgrees(t *testing.T) {
	requireOpenSSL(t)
	for name, curve := range map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()} {
		for _, data := range []string{AES128GCM, AES192GCM, AES256GCM} {
			t.Run(name+" "+data, func(t *testing.T) {
				key, to := ecRecipient(t, curve, data)
				if data == AES256GCM {
					to.Certificate = certificate(t, key)
				}
				private, err := key.ECDH()
				if err != nil {
					t.Fatal(err)
				}
				a := readAgreement(t, encrypted(t, to), private.Curve())
				peer, err := ecdsa.ParseUncompressedPublicKey(curve, a.originator.Bytes())
				if err != nil {
					t.Fatal(err)
				}
				content := filepath.Join(t.TempDir(), "key")
				if err := os.WriteFile(content, opensslUnwrap(t, key, peer, a), 0o600); err != nil {
					t.Fatal(err)
				}
				decrypts(t, a.doc, "--aeskey", content)
			})
		}
	}
}

type publicOnly struct{ key crypto.PublicKey }

func (p publicOnly) Public() crypto.PublicKey { return p.key }

func opensslUnwrap(t *testing.T, key *ecdsa.PrivateKey, peer *ecdsa.PublicKey, a agreed) []byte {
	t.Helper()
	dir := t.TempDir()
	secret, derived, unwrapped := filepath.Join(dir, "secret"), filepath.Join(dir, "derived"), filepath.Join(dir, "unwrapped")
	if out, err := openSSL(t, "pkeyutl", "-derive", "-inkey", privateFile(t, key), "-peerkey", publicFile(t, publicOnly{peer}), "-out", secret); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	z, err := os.ReadFile(secret)
	if err != nil {
		t.Fatal(err)
	}
	size, bits := "16", "128"
	if a.wrap == KeyWrapAES256 {
		size, bits = "32", "256"
	}
	if out, err := openSSL(t, "kdf", "-binary", "-keylen", size, "-kdfopt", "digest:SHA256", "-kdfopt", "hexkey:"+hex.EncodeToString(z), "-kdfopt", "hexinfo:00", "-out", derived, "SSKDF"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	kek, err := os.ReadFile(derived)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := openSSL(t, "enc", "-d", "-id-aes"+bits+"-wrap", "-iv", "A6A6A6A6A6A6A6A6", "-K", hex.EncodeToString(kek),
		"-in", writeFile(t, "wrapped", a.wrapped), "-out", unwrapped); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	content, err := os.ReadFile(unwrapped)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
