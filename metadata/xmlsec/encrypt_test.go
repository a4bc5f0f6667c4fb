package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"testing"
)

const plaintext = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a">secret &amp; safe</saml:Assertion>`

func recipient(methods ...string) EncryptionKey {
	to := EncryptionKey{Public: &partnerKey().PublicKey}
	for _, uri := range methods {
		to.Methods = append(to.Methods, EncryptionMethod{Algorithm: uri})
	}
	return to
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

// oaepCases are what a recipient may list of RSA-OAEP, and what it then gets.
func oaepCases() map[string]struct {
	methods           []EncryptionMethod
	uri, digest, mask string
} {
	type c = struct {
		methods           []EncryptionMethod
		uri, digest, mask string
	}
	list := map[string]c{
		"newer without hashes":      {[]EncryptionMethod{{RSAOAEP, "", ""}}, RSAOAEP, SHA256, MGF1SHA256},
		"newer with digest only":    {[]EncryptionMethod{{RSAOAEP, SHA384, ""}}, RSAOAEP, SHA384, MGF1SHA1},
		"newer with MGF only":       {[]EncryptionMethod{{RSAOAEP, "", MGF1SHA512}}, RSAOAEP, SHA1, MGF1SHA512},
		"older with MGF":            {[]EncryptionMethod{{RSAOAEPMGF1P, SHA256, MGF1SHA256}}, RSAOAEPMGF1P, SHA256, ""},
		"unknown digest passed by":  {[]EncryptionMethod{{RSAOAEP, "urn:x", ""}, {RSAOAEPMGF1P, "", ""}}, RSAOAEPMGF1P, SHA1, ""},
		"unknown MGF is passed by":  {[]EncryptionMethod{{RSAOAEP, SHA256, "urn:x"}, {RSAOAEP, SHA512, MGF1SHA384}}, RSAOAEP, SHA512, MGF1SHA384},
		"the first of several made": {[]EncryptionMethod{{RSAOAEP, SHA256, MGF1SHA1}, {RSAOAEP, SHA512, MGF1SHA512}}, RSAOAEP, SHA256, MGF1SHA1},
	}
	for _, digest := range []string{SHA1, SHA256, SHA384, SHA512} {
		list["older with "+digest] = c{[]EncryptionMethod{{RSAOAEPMGF1P, digest, ""}}, RSAOAEPMGF1P, digest, ""}
		for _, mask := range []string{MGF1SHA1, MGF1SHA256, MGF1SHA384, MGF1SHA512} {
			list["newer with "+digest+" and "+mask] = c{[]EncryptionMethod{{RSAOAEP, digest, mask}}, RSAOAEP, digest, mask}
		}
	}
	return list
}

func TestEncryptOAEP(t *testing.T) {
	for name, c := range oaepCases() {
		t.Run(name, func(t *testing.T) {
			out := encrypted(t, EncryptionKey{Public: &partnerKey().PublicKey, Methods: c.methods})
			want := `<xenc:EncryptionMethod Algorithm="` + c.uri + `"><ds:DigestMethod Algorithm="` + c.digest + `"></ds:DigestMethod>`
			if c.mask != "" {
				want += `<xenc11:MGF xmlns:xenc11="` + xmlenc11Space + `" Algorithm="` + c.mask + `"></xenc11:MGF>`
			}
			if want += "</xenc:EncryptionMethod>"; !strings.Contains(out, want) {
				t.Errorf("no %s in %s", want, out)
			}
			if canonical, err := Canonicalize([]byte(out), MessageLimits()); err != nil || string(canonical) != out {
				t.Errorf("not canonical: %v", err)
			}
			if got, err := Decrypt(element(t, out), partnerKey()); err != nil || string(got) != plaintext {
				t.Errorf("decrypted %q, %v", got, err)
			}
		})
	}
	for name, m := range map[string]EncryptionMethod{"digest": {RSAOAEP, "urn:x", ""}, "MGF": {RSAOAEP, "", "urn:x"}} {
		to := EncryptionKey{Public: &partnerKey().PublicKey, Methods: []EncryptionMethod{m}}
		if _, err := Encrypt([]byte("x"), to, rand.Reader); codeOf(err) != CodeAlgorithm || to.Usable() {
			t.Errorf("only an unknown %s: %v", name, err)
		}
	}
}

// TestDecryptTriesEveryKey: keys roll over on both sides; the order of neither list matters.
func TestDecryptTriesEveryKey(t *testing.T) {
	doc := encrypted(t, recipient())
	foreign := encrypted(t, EncryptionKey{Public: &foreignKey().PublicKey})
	i, j := strings.Index(foreign, "<xenc:EncryptedKey>"), strings.Index(foreign, "</ds:KeyInfo>")
	two := replace(t, doc, "<xenc:EncryptedKey>", foreign[i:j]+"<xenc:EncryptedKey>")
	third := newRSA(3072)
	for name, keys := range map[string][]crypto.Decrypter{
		"first": {partnerKey(), third}, "last": {third, nil, partnerKey()}, "both": {foreignKey(), partnerKey()},
	} {
		for shape, doc := range map[string]string{"one": doc, "two": two} {
			if got, err := Decrypt(element(t, doc), keys...); err != nil || string(got) != plaintext {
				t.Errorf("%s, %s: %q, %v", name, shape, got, err)
			}
		}
	}
	if _, err := Decrypt(element(t, doc)); codeOf(err) != CodeDecrypt {
		t.Errorf("no key: %v", err)
	}
}

// TestDecryptLabel: OAEPparams is part of what was encrypted.
func TestDecryptLabel(t *testing.T) {
	key := bytes.Repeat([]byte{1}, 16)
	m := transportMethod{uri: RSAOAEPMGF1P, hash: crypto.SHA1, mgf: crypto.SHA1, label: []byte("label")}
	wrapped, err := rsa.EncryptOAEPWithOptions(rand.Reader, &partnerKey().PublicKey, key, m.options())
	if err != nil {
		t.Fatal(err)
	}
	content, err := dataMethod{uri: AES128GCM, keySize: 16}.seal(key, []byte(plaintext), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(cipherData(append(m.encryptedKey([]byte(`<xenc:EncryptedData xmlns:xenc="`+xmlencSpace+`"><xenc:EncryptionMethod Algorithm="`+AES128GCM+
		`"></xenc:EncryptionMethod><ds:KeyInfo xmlns:ds="`+dsigSpace+`"><xenc:EncryptedKey>`), wrapped, nil), "</xenc:EncryptedKey></ds:KeyInfo>"...), content)) + "</xenc:EncryptedData>"
	for params, want := range map[string]string{"bGFi\nZWw=": "<nil>", "": CodeDecrypt, "bGFi": CodeDecrypt, "?": CodeDecrypt} {
		labelled := replace(t, doc, `<ds:DigestMethod`, "<xenc:OAEPparams>"+params+"</xenc:OAEPparams><ds:DigestMethod")
		if got, err := Decrypt(element(t, labelled), partnerKey()); codeOf(err) != want || err == nil && string(got) != plaintext {
			t.Errorf("%q: %q, %v", params, got, err)
		}
	}
}

// TestDecryptRetrievalMethod: a reference in the KeyInfo leads to an EncryptedKey beside the data, and nowhere else.
func TestDecryptRetrievalMethod(t *testing.T) {
	doc := encrypted(t, recipient())
	i := strings.Index(doc, "<xenc:EncryptedKey>")
	j := strings.Index(doc, "</xenc:EncryptedKey>") + len("</xenc:EncryptedKey>")
	key := replace(t, doc[i:j], "<xenc:EncryptedKey>", `<xenc:EncryptedKey Id="_k" Recipient="https://other.example/">`)
	const kind = `<ds:RetrievalMethod Type="` + xmlencSpace + `EncryptedKey" URI="`
	holder := func(method, key, elsewhere string) string {
		return `<a xmlns:xenc="` + xmlencSpace + `" xmlns:ds="` + dsigSpace + `">` + elsewhere +
			`<saml:EncryptedAssertion xmlns:saml="` + samlSpace + `">` + doc[:i] + method + doc[j:] + key + `</saml:EncryptedAssertion></a>`
	}
	for name, c := range map[string]struct{ doc, want string }{
		"beside":         {holder(kind+`#_k"/>`, key, ""), "<nil>"},
		"first of two":   {holder(kind+`#_x"/>`+kind+`#_k"/>`, key, ""), "<nil>"},
		"another name":   {holder(kind+`#_x"/>`, key, ""), CodeDecrypt},
		"no name":        {holder(kind+`#"/>`, doc[i:j], ""), CodeDecrypt},
		"elsewhere":      {holder(kind+`#_k"/>`, "", key), CodeDecrypt},
		"other document": {holder(kind+`http://127.0.0.1/#_k"/>`, key, ""), CodeDecrypt},
		"transforms":     {holder(kind+`#_k"><ds:Transforms/></ds:RetrievalMethod>`, key, ""), CodeDecrypt},
	} {
		t.Run(name, func(t *testing.T) {
			e := element(t, c.doc).Child(samlSpace, "EncryptedAssertion")
			for _, at := range []*Element{e, e.Children[0]} {
				if got, err := Decrypt(at, partnerKey()); codeOf(err) != c.want || err == nil && string(got) != plaintext {
					t.Errorf("got %q, %v", got, err)
				}
			}
		})
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
	zeros, err := dataMethod{uri: AES128GCM, keySize: 16}.seal(make([]byte, 16), []byte(plaintext), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(raw)
	flipped[len(flipped)-1] ^= 1
	for name, hostile := range map[string]string{
		"shorter than a nonce":  with(raw[:11]),
		"a nonce alone":         with(raw[:12]),
		"empty":                 with(nil),
		"tag cut":               with(raw[:len(raw)-1]),
		"one bit":               with(flipped),
		"a key of zeros":        with(zeros),
		"zeros, not wrapped":    replace(t, with(zeros), RSAOAEPMGF1P, "urn:x"),
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
