package xmlsec

import (
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
)

// sealed is an EncryptedID in a message, in which the prefix saml is declared by the message alone.
func sealed(t *testing.T, plaintext string, to *rsa.PublicKey) *Element {
	t.Helper()
	data, err := Encrypt([]byte(plaintext), EncryptionKey{Public: to}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	doc := `<m xmlns:saml="` + samlSpace + `" xmlns="urn:default"><saml:EncryptedID xmlns:x="urn:x">` + string(data) + `</saml:EncryptedID></m>`
	root, err := parse([]byte(doc), MessageLimits())
	if err != nil {
		t.Fatal(err)
	}
	return root.Children[0]
}

func TestDecryptElement(t *testing.T) {
	key := partnerKey()
	for name, plaintext := range map[string]string{
		"of its own":       `<saml:NameID xmlns:saml="` + samlSpace + `" Format="f">a&amp;b</saml:NameID>`,
		"prefix in scope":  `<saml:NameID Format="f">a&amp;b</saml:NameID>`,
		"white space":      "\n <saml:NameID Format='f'>a&amp;b</saml:NameID>\n",
		"default in scope": `<NameID xmlns="` + samlSpace + `" Format="f">a&amp;b</NameID>`,
	} {
		e, err := DecryptElement(sealed(t, plaintext, &key.PublicKey), MessageLimits(), foreignKey(), key)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if format, _ := e.Attr("Format"); !e.Is(samlSpace, "NameID") || e.Text() != "a&b" || format != "f" {
			t.Errorf("%s: %s", name, e.Raw())
		}
	}
}

// TestDecryptElementTellsNothing: whatever is wrong, with key or content, the error is the same to the letter.
func TestDecryptElementTellsNothing(t *testing.T) {
	key := partnerKey()
	good := `<saml:NameID>a</saml:NameID>`
	signature := `<ds:Signature xmlns:ds="` + dsigSpace + `"></ds:Signature>`
	cases := map[string]*Element{
		"nothing":       nil,
		"other key":     sealed(t, good, &foreignKey().PublicKey),
		"no element":    sealed(t, "a", &key.PublicKey),
		"empty":         sealed(t, "", &key.PublicKey),
		"two":           sealed(t, good+good, &key.PublicKey),
		"text beside":   sealed(t, good+"x", &key.PublicKey),
		"undeclared":    sealed(t, `<y:NameID>a</y:NameID>`, &key.PublicKey),
		"closes":        sealed(t, `</plaintext><plaintext>`+good, &key.PublicKey),
		"DOCTYPE":       sealed(t, `<!DOCTYPE x>`+good, &key.PublicKey),
		"entity":        sealed(t, `<saml:NameID>&x;</saml:NameID>`, &key.PublicKey),
		"comment":       sealed(t, `<saml:NameID>a<!-- -->b</saml:NameID>`, &key.PublicKey),
		"not UTF-8":     sealed(t, "<saml:NameID>\xff</saml:NameID>", &key.PublicKey),
		"signature":     sealed(t, `<saml:NameID>`+signature+`</saml:NameID>`, &key.PublicKey),
		"too deep":      sealed(t, strings.Repeat("<a>", 50)+strings.Repeat("</a>", 50), &key.PublicKey),
		"no ciphertext": {Space: samlSpace, Local: "EncryptedID"},
	}
	_, want := DecryptElement(nil, MessageLimits())
	if codeOf(want) != CodeDecrypt {
		t.Fatal(want)
	}
	for name, e := range cases {
		if got, err := DecryptElement(e, MessageLimits(), key); err == nil || err.Error() != want.Error() || codeOf(err) != CodeDecrypt || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := DecryptElement(sealed(t, good, &key.PublicKey), MessageLimits()); err == nil || err.Error() != want.Error() {
		t.Errorf("no key: %v", err)
	}
}

// FuzzPlaintext: whatever was encrypted, it is read as one element that stands whole in the plaintext, or not at all.
func FuzzPlaintext(f *testing.F) {
	for _, s := range append([]string{
		`<saml:NameID>a</saml:NameID>`, `<NameID xmlns="">a</NameID>`, `</plaintext><plaintext><a/>`, `<a/></plaintext>`, ` <a xmlns:saml="urn:other"/> `,
		`<a/><!-- -->`, `<?a b?><a/>`, `<a/>&#32;`, "\u00a0<a/>",
	}, seeds...) {
		f.Add(s)
	}
	root, err := parse([]byte(`<m xmlns:saml="`+samlSpace+`" xmlns="urn:default"><saml:EncryptedID xmlns:x="urn:x"></saml:EncryptedID></m>`), MessageLimits())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content string) {
		e, ok := root.Children[0].within([]byte(content), MessageLimits())
		if !ok {
			return
		}
		own := strings.Trim(content, " \t\r\n")
		if !strings.HasPrefix(own, "<"+e.qname()) || !strings.HasSuffix(own, ">") || int(e.end-e.start) != len(own) {
			t.Errorf("read %q as %s", content, e.Raw())
		}
		alone, err := parse(e.Raw(), MessageLimits())
		if err != nil || !alone.Is(e.Space, e.Local) || alone.Text() != e.Text() || len(alone.Children) != len(e.Children) {
			t.Errorf("not the same alone: %q, %v", content, err)
		}
	})
}
