package xmlsec

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"
)

const plaintext = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a">secret &amp; safe</saml:Assertion>`

func recipient(methods ...string) EncryptionKey {
	return EncryptionKey{Public: &partnerKey().PublicKey, Methods: methods}
}

func encrypted(t testing.TB, to EncryptionKey) string {
	t.Helper()
	out, err := Encrypt([]byte(plaintext), to, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func element(t testing.TB, doc string) *Element {
	t.Helper()
	v, err := AcceptUnsigned([]byte(doc), MessageLimits())
	if err != nil {
		t.Fatal(err)
	}
	return v.Root()
}

func TestEncryptChoosesAndDecrypts(t *testing.T) {
	const rsa15 = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
	for name, c := range map[string]struct {
		methods         []string
		data, transport string
	}{
		"no preference":            {nil, AES128GCM, RSAOAEPMGF1P},
		"256 first":                {[]string{AES256GCM, AES128GCM}, AES256GCM, RSAOAEPMGF1P},
		"128 first":                {[]string{AES128GCM, AES256GCM}, AES128GCM, RSAOAEPMGF1P},
		"192":                      {[]string{AES192GCM}, AES192GCM, RSAOAEPMGF1P},
		"CBC is passed over":       {[]string{AES256CBC, AES256GCM}, AES256GCM, RSAOAEPMGF1P},
		"newer OAEP first":         {[]string{RSAOAEP, RSAOAEPMGF1P}, AES128GCM, RSAOAEP},
		"older OAEP first":         {[]string{RSAOAEPMGF1P, RSAOAEP}, AES128GCM, RSAOAEPMGF1P},
		"RSA 1.5 is passed over":   {[]string{rsa15, RSAOAEPMGF1P}, AES128GCM, RSAOAEPMGF1P},
		"unknown methods are none": {[]string{"urn:example:cipher"}, AES128GCM, RSAOAEPMGF1P},
	} {
		t.Run(name, func(t *testing.T) {
			out := encrypted(t, recipient(c.methods...))
			for _, uri := range []string{c.data, c.transport} {
				if !strings.Contains(out, `Algorithm="`+uri+`"`) {
					t.Errorf("no %s in %s", uri, out)
				}
			}
			if canonical, err := Canonicalize([]byte(out), MessageLimits()); err != nil || string(canonical) != out {
				t.Errorf("not canonical: %v", err)
			}
			got, err := Decrypt(element(t, out), partnerKey())
			if err != nil || string(got) != plaintext {
				t.Errorf("decrypted %q, %v", got, err)
			}
			if _, err := Decrypt(element(t, out), foreignKey()); codeOf(err) != CodeDecrypt {
				t.Errorf("a foreign key: %v", err)
			}
		})
	}
	for name, methods := range map[string][]string{"only CBC": {AES128CBC}, "only RSA 1.5": {rsa15}} {
		t.Run(name, func(t *testing.T) {
			if _, err := Encrypt([]byte(plaintext), recipient(methods...), rand.Reader); codeOf(err) != CodeAlgorithm {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestEncryptPrefersGCM: permission for CBC is not a preference for it.
func TestEncryptPrefersGCM(t *testing.T) {
	to := recipient(AES128CBC, AES256CBC, AES256GCM)
	to.AllowCBC = true
	if out := encrypted(t, to); !strings.Contains(out, AES256GCM) || strings.Contains(out, "cbc") {
		t.Errorf("encrypted with %s", out)
	}
}

func TestEncryptRefusesWeakKeys(t *testing.T) {
	if _, err := Encrypt([]byte("x"), EncryptionKey{}, rand.Reader); codeOf(err) != CodeKey {
		t.Errorf("no key: %v", err)
	}
	if _, err := Encrypt([]byte("x"), EncryptionKey{Public: &newRSA(1024).PublicKey}, rand.Reader); codeOf(err) != CodeKey {
		t.Errorf("1024 bits: %v", err)
	}
}

func TestDecryptKeyBesideData(t *testing.T) {
	doc := encrypted(t, recipient())
	i := strings.Index(doc, "<xenc:EncryptedKey>")
	j := strings.Index(doc, "</xenc:EncryptedKey>") + len("</xenc:EncryptedKey>")
	key := doc[i:j]
	beside := `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xenc="` + xmlencSpace +
		`" xmlns:ds="` + dsigSpace + `">` + doc[:i] + doc[j:] + key + `</saml:EncryptedAssertion>`
	got, err := Decrypt(element(t, beside), partnerKey())
	if err != nil || string(got) != plaintext {
		t.Errorf("decrypted %q, %v", got, err)
	}
}

func TestDecryptRefuses(t *testing.T) {
	doc := encrypted(t, recipient())
	values := strings.Split(doc, "<xenc:CipherValue>")
	content, _, _ := strings.Cut(values[2], "<")
	raw, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		t.Fatal(err)
	}
	with := func(b []byte) string { return replace(t, doc, content, base64.StdEncoding.EncodeToString(b)) }
	flipped := bytes.Clone(raw)
	flipped[len(flipped)-1] ^= 1
	for name, hostile := range map[string]string{
		"shorter than a nonce":  with(raw[:11]),
		"a nonce alone":         with(raw[:12]),
		"empty":                 with(nil),
		"tag cut":               with(raw[:len(raw)-1]),
		"one bit":               with(flipped),
		"not base64":            replace(t, doc, content, "?"),
		"CBC":                   replace(t, doc, AES128GCM, AES128CBC),
		"256 for a 128-bit key": replace(t, doc, AES128GCM, AES256GCM),
		"RSA 1.5":               replace(t, doc, RSAOAEPMGF1P, "http://www.w3.org/2001/04/xmlenc#rsa-1_5"),
		"CipherReference":       strings.ReplaceAll(doc, "xenc:CipherValue", "xenc:CipherReference"),
		"no key":                replace(t, strings.ReplaceAll(doc, "xenc:EncryptedKey", "xenc:Other"), "x", "x"),
		"two data":              `<a xmlns:x="urn:x">` + doc + doc + `</a>`,
		"nothing":               `<a></a>`,
		"nine keys": strings.Replace(doc, "<xenc:EncryptedKey>", strings.Repeat("<xenc:EncryptedKey></xenc:EncryptedKey>", 8)+
			"<xenc:EncryptedKey>", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Decrypt(element(t, hostile), partnerKey()); codeOf(err) != CodeDecrypt {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
