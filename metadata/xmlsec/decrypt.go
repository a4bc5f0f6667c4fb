package xmlsec

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"encoding/base64"
	"slices"
	"strings"
)

const maxEncryptedKeys = 8 // an EncryptedData addressed to more recipients is refused

// Decrypt returns the plaintext of an xenc:EncryptedData, or of an element such as EncryptedAssertion that holds one beside its
// EncryptedKey (SAML Core 2.2.4). AES-GCM and RSA-OAEP only. Every key is tried on every EncryptedKey, so that the recipient can
// roll over; Recipient, key names and certificates are hints that nobody reads. The plaintext is hostile until its own signature
// or the signature around it was verified; it has to pass the gate again. Whatever goes wrong with key or content, the code is
// "decrypt", the detail does not tell which and the same work is done: no padding oracle. Errors match [ErrEncryption].
func Decrypt(e *Element, keys ...crypto.Decrypter) ([]byte, error) {
	return decrypt(e, false, nil, keys)
}

// decrypt is [Decrypt], and with cbc takes AES-CBC as well: only where a verified signature lies around e, since without one whoever
// sends changed ciphertexts could learn the plaintext from what becomes of them. Algorithms that are refused count as unknown.
func decrypt(e *Element, cbc bool, refused []string, keys []crypto.Decrypter) ([]byte, error) {
	if e == nil || len(keys) == 0 {
		return nil, fail(CodeDecrypt, "nothing to decrypt")
	}
	data := e
	if !e.Is(xmlencSpace, "EncryptedData") {
		all := e.All(xmlencSpace, "EncryptedData")
		if len(all) != 1 {
			return nil, fail(CodeDecrypt, "not exactly one EncryptedData")
		}
		data = all[0]
	}
	m, known := dataMethodOf(methodOf(data))
	if !known || m.cbc && !cbc || slices.Contains(refused, m.uri) {
		return nil, fail(CodeDecrypt, "content encryption algorithm")
	}
	content, err := cipherValue(data)
	if err != nil {
		return nil, err
	}
	wrapped := encryptedKeys(data)
	if len(wrapped) == 0 || len(wrapped) > maxEncryptedKeys {
		return nil, fail(CodeDecrypt, "number of encrypted keys")
	}
	for _, w := range wrapped {
		if slices.Contains(refused, methodOf(w)) {
			continue
		}
		for _, key := range keys {
			if plaintext, ok := open(w, key, m, content); ok {
				return plaintext, nil
			}
		}
	}
	return nil, fail(CodeDecrypt, "does not decrypt")
}

// open decrypts content with the key that w wraps. Where key does not unwrap it, the work goes on with another one in its place.
func open(w *Element, key crypto.Decrypter, m dataMethod, content []byte) ([]byte, bool) {
	secret, unwrapped := unwrap(w, key)
	if unwrapped = unwrapped && len(secret) == m.keySize; !unwrapped {
		secret = make([]byte, m.keySize)
	}
	plaintext, opened := m.open(secret, content)
	if !unwrapped || !opened {
		return nil, false
	}
	return plaintext, true
}

// encryptedKeys finds the wrapped keys: inside the KeyInfo of the data, and beside the data (SAML Core 2.2.4, erratum E43). A
// RetrievalMethod in the KeyInfo chooses among those beside it; it never leads anywhere else.
func encryptedKeys(data *Element) []*Element {
	var keys []*Element
	var retrieved []string
	if info := data.Child(dsigSpace, "KeyInfo"); info != nil {
		keys = info.All(xmlencSpace, "EncryptedKey")
		for _, m := range info.All(dsigSpace, "RetrievalMethod") {
			uri, _ := m.Attr("URI")
			if len(m.Children) > 0 { // transforms are not made
				uri = ""
			}
			retrieved = append(retrieved, uri)
		}
	}
	if data.parent == nil {
		return keys
	}
	for _, k := range data.parent.All(xmlencSpace, "EncryptedKey") {
		if id, named := k.Attr("Id"); retrieved == nil || named && slices.Contains(retrieved, "#"+id) {
			keys = append(keys, k)
		}
	}
	return keys
}

// unwrap recovers a content key.
func unwrap(e *Element, key crypto.Decrypter) ([]byte, bool) {
	m, ok := transportMethodOf(e.Child(xmlencSpace, "EncryptionMethod"))
	if !ok || key == nil {
		return nil, false
	}
	wrapped, err := cipherValue(e)
	if err != nil {
		return nil, false
	}
	if public, ok := key.Public().(*rsa.PublicKey); !ok || len(wrapped) != public.Size() { // RFC 8017, 7.1.2
		return nil, false
	}
	secret, err := key.Decrypt(nil, wrapped, m.options())
	return secret, err == nil
}

// transportMethodOf reads RSA-OAEP, its hashes and its label (XML Encryption 1.1, 5.5.2); both hashes default to SHA-1.
func transportMethodOf(e *Element) (transportMethod, bool) {
	if e == nil {
		return transportMethod{}, false
	}
	uri, _ := e.Attr("Algorithm")
	m := transportMethod{uri: uri, hash: crypto.SHA1, mgf: crypto.SHA1}
	if p := e.Child(xmlencSpace, "OAEPparams"); p != nil {
		var err error
		if m.label, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(p.Text()), "")); err != nil {
			return m, false
		}
	}
	ok := uri == RSAOAEPMGF1P || uri == RSAOAEP
	if d := e.Child(dsigSpace, "DigestMethod"); d != nil && ok {
		alg, _ := d.Attr("Algorithm")
		m.hash, ok = labelDigestOf(alg)
	}
	if g := e.Child(xmlenc11Space, "MGF"); g != nil && ok {
		alg, _ := g.Attr("Algorithm")
		m.mgf, ok = maskOf(alg)
		ok = ok && uri == RSAOAEP
	}
	return m, ok
}

func methodOf(e *Element) string {
	m := e.Child(xmlencSpace, "EncryptionMethod")
	if m == nil {
		return ""
	}
	uri, _ := m.Attr("Algorithm")
	return uri
}

// cipherValue decodes CipherData/CipherValue; a CipherReference is never followed.
func cipherValue(e *Element) ([]byte, error) {
	data := e.Child(xmlencSpace, "CipherData")
	if data == nil || len(data.Children) != 1 || !data.Children[0].Is(xmlencSpace, "CipherValue") {
		return nil, fail(CodeDecrypt, "no CipherValue")
	}
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(data.Children[0].Text()), ""))
	if err != nil {
		return nil, fail(CodeDecrypt, "CipherValue is not base64")
	}
	return b, nil
}

// open is the inverse of seal.
func (m dataMethod) open(key, content []byte) ([]byte, bool) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	if m.cbc {
		return openCBC(block, content)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil || len(content) < gcmNonce {
		return nil, false
	}
	plaintext, err := aead.Open(nil, content[:gcmNonce], content[gcmNonce:], nil)
	return plaintext, err == nil
}

// openCBC decrypts and takes the padding off, whose last byte counts it (XML Encryption 1.1, 5.2). The others may be anything.
func openCBC(block cipher.Block, content []byte) ([]byte, bool) {
	if len(content) < 2*aes.BlockSize || len(content)%aes.BlockSize != 0 {
		return nil, false
	}
	out := make([]byte, len(content)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, content[:aes.BlockSize]).CryptBlocks(out, content[aes.BlockSize:])
	pad := int(out[len(out)-1])
	if pad < 1 || pad > aes.BlockSize {
		return nil, false
	}
	return out[:len(out)-pad], true
}
