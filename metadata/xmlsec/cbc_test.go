package xmlsec

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"strings"
	"testing"
)

// TestDecryptElementCBC: AES-CBC is read where the limits say so and nowhere else, with every length of padding.
func TestDecryptElementCBC(t *testing.T) {
	key, allowed := partnerKey(), MessageLimits()
	allowed.CBC = true
	for _, method := range []string{AES128CBC, AES192CBC, AES256CBC} {
		for n := range 2 * aes.BlockSize {
			text := strings.Repeat("x", n)
			data, err := Encrypt([]byte(`<saml:NameID>`+text+`</saml:NameID>`), EncryptionKey{Public: &key.PublicKey, Methods: []EncryptionMethod{{Algorithm: method}}, AllowCBC: true}, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			root := element(t, `<m xmlns:saml="`+samlSpace+`"><saml:EncryptedID>`+string(data)+`</saml:EncryptedID></m>`)
			if e, err := DecryptElement(root.Children[0], allowed, foreignKey(), key); err != nil || !e.Is(samlSpace, "NameID") || e.Text() != text {
				t.Errorf("%s, %d bytes: %v", method, n, err)
			}
			if _, err := DecryptElement(root.Children[0], MessageLimits(), key); codeOf(err) != CodeDecrypt {
				t.Errorf("%s without the limits' word: %v", method, err)
			}
			if _, err := Decrypt(root.Children[0], key); codeOf(err) != CodeDecrypt {
				t.Errorf("%s alone: %v", method, err)
			}
		}
	}
}

// TestOpenCBC: what is no ciphertext, or has no padding, is refused; the bytes of a padding before its last may be anything.
func TestOpenCBC(t *testing.T) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	iv := make([]byte, aes.BlockSize)
	ends := func(last byte) []byte {
		b := bytes.Repeat([]byte{'a'}, 2*aes.BlockSize)
		b[len(b)-1] = last
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(b, b)
		return append(bytes.Clone(iv), b...)
	}
	for last := range 256 {
		got, ok := openCBC(block, ends(byte(last)))
		if want := last >= 1 && last <= aes.BlockSize; ok != want || ok && len(got) != 2*aes.BlockSize-last {
			t.Errorf("padding of %d: %v, %d bytes", last, ok, len(got))
		}
	}
	whole := ends(1)
	for n := range whole {
		if _, ok := openCBC(block, whole[:n]); ok && n != 2*aes.BlockSize {
			t.Errorf("%d bytes open", n)
		}
	}
}
