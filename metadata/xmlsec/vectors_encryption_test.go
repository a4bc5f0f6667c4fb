package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestVectorsGCM decrypts NIST's vectors, of which those without a .data file are wrong.
func TestVectorsGCM(t *testing.T) {
	dir := filepath.Join(vectors(t), "nist-aesgcm")
	good, bad := 0, 0
	for _, bits := range []string{"128", "192", "256"} {
		keys := map[string][]byte{}
		limits := MetadataLimits()
		root, err := parse(readVector(t, dir, "keys-aes"+bits+"-gcm.xml"), limits)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range root.All(dsigSpace, "KeyInfo") {
			secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(find(k, "AESKeyValue").Text()))
			if err != nil {
				t.Fatal(err)
			}
			keys[find(k, "KeyName").Text()] = secret
		}
		files, err := filepath.Glob(filepath.Join(dir, "aes"+bits, "*.xml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			e := element(t, string(readVector(t, file)))
			content, err := cipherValue(e)
			secret := keys[find(e, "KeyName").Text()]
			if err != nil || secret == nil {
				t.Fatal(file, err)
			}
			m, known := dataMethodOf(methodOf(e))
			if !known || m.cbc || m.keySize != len(secret) {
				t.Fatal(file, "method")
			}
			got, ok := m.open(secret, content)
			want, err := os.ReadFile(strings.TrimSuffix(file, ".xml") + ".data")
			if err != nil {
				if bad++; ok {
					t.Errorf("%s decrypts", file)
				}
				continue
			}
			good++
			if text := base64.StdEncoding.EncodeToString(got); !ok || text != strings.TrimSpace(string(want)) {
				t.Errorf("%s: %v %s, want %s", file, ok, text, want)
			}
		}
	}
	if good != 94 || bad != 86 {
		t.Errorf("%d good and %d wrong ones", good, bad)
	}
}

// TestVectorsKeyTransport unwraps what was wrapped by RSA-OAEP, with a label and other hashes too. The content is AES-CBC or
// Triple-DES, which Decrypt refuses and only this test decrypts.
func TestVectorsKeyTransport(t *testing.T) {
	dir := vectors(t)
	secrets := []string{"4019 2445 0277 5567", "4000 0000 1111 1234", "top secret message"}
	checked := 0
	for folder, private := range map[string]string{
		"01-phaos-xmlenc-3": "01-phaos-xmlenc-3/rsa-priv-key.der", "merlin-xmlenc-five": "merlin-xmlenc-five/rsapriv.pem", "aleksey-xmlenc-01": "keys/largersakey.pem",
	} {
		key := vectorPrivateKey(t, dir, private)
		files, err := filepath.Glob(filepath.Join(dir, folder, "*oaep*.xml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			root, err := parse(readVector(t, file), MetadataLimits())
			if err != nil {
				t.Fatal(file, err)
			}
			data, wrapped := find(root, "EncryptedData"), find(root, "EncryptedKey")
			if data == nil { // an HMAC key for a signature
				if secret, ok := unwrap(wrapped, key); !ok || len(secret) == 0 {
					t.Errorf("%s: no key", file)
				}
				checked++
				continue
			}
			if _, err := Decrypt(data, key); codeOf(err) != CodeDecrypt {
				t.Errorf("%s: %v", file, err)
			}
			secret, ok := unwrap(wrapped, key)
			content, err := cipherValue(data)
			if !ok || err != nil {
				t.Errorf("%s: %v %v", file, ok, err)
				continue
			}
			got := string(openOld(t, methodOf(data), secret, content))
			if !slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(got, secret) }) {
				t.Errorf("%s: %s", file, got)
			}
			checked++
		}
	}
	if checked != 10 {
		t.Errorf("%d unwrapped", checked)
	}
}

func vectorPrivateKey(t *testing.T, dir, name string) crypto.Decrypter {
	t.Helper()
	der := readVector(t, dir, name)
	if block, _ := pem.Decode(der); block != nil {
		der = block.Bytes
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(name, err)
	}
	return key.(crypto.Decrypter)
}

// openOld decrypts by one of the older methods, which nothing but this test does.
func openOld(t *testing.T, uri string, secret, content []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(secret)
	if strings.HasSuffix(uri, "tripledes-cbc") {
		block, err = des.NewTripleDESCipher(secret)
	}
	if err != nil {
		t.Fatal(err)
	}
	n := block.BlockSize()
	out := bytes.Clone(content[n:])
	cipher.NewCBCDecrypter(block, content[:n]).CryptBlocks(out, out)
	return out[:len(out)-int(out[len(out)-1])]
}
