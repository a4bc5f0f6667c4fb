package xmlsec

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"strings"
)

const maxEncryptedKeys = 8 // an EncryptedData addressed to more recipients is refused

// Decrypt returns the plaintext of an xenc:EncryptedData, or of an element such as EncryptedAssertion that holds one beside its
// EncryptedKey (SAML Core 2.2.4). AES-GCM and RSA-OAEP only. The plaintext is hostile until its own signature or the signature
// around it was verified; it has to pass the gate again. Whatever goes wrong with key or content, the code is "decrypt" and the
// detail does not tell which: no padding oracle. Errors match [ErrEncryption].
func Decrypt(e *Element, key crypto.Decrypter) ([]byte, error) {
	if e == nil || key == nil {
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
	if !known || m.cbc {
		return nil, fail(CodeDecrypt, "content encryption algorithm")
	}
	content, err := cipherValue(data)
	if err != nil {
		return nil, err
	}
	keys := encryptedKeys(e, data)
	if len(keys) == 0 || len(keys) > maxEncryptedKeys {
		return nil, fail(CodeDecrypt, "number of encrypted keys")
	}
	for _, k := range keys {
		if secret, ok := unwrap(k, key); ok && len(secret) == m.keySize {
			if plaintext, ok := openGCM(secret, content); ok {
				return plaintext, nil
			}
		}
	}
	return nil, fail(CodeDecrypt, "does not decrypt")
}

// encryptedKeys finds the wrapped keys: inside the KeyInfo of the data, and beside the data.
func encryptedKeys(holder, data *Element) []*Element {
	var keys []*Element
	if info := data.Child(dsigSpace, "KeyInfo"); info != nil {
		keys = info.All(xmlencSpace, "EncryptedKey")
	}
	if holder != data {
		keys = append(keys, holder.All(xmlencSpace, "EncryptedKey")...)
	}
	return keys
}

// unwrap recovers a content key.
func unwrap(e *Element, key crypto.Decrypter) ([]byte, bool) {
	m, ok := transportMethodOf(e.Child(xmlencSpace, "EncryptionMethod"))
	if !ok {
		return nil, false
	}
	wrapped, err := cipherValue(e)
	if err != nil {
		return nil, false
	}
	secret, err := key.Decrypt(nil, wrapped, m.options())
	return secret, err == nil
}

// transportMethodOf reads RSA-OAEP and its hashes (XML Encryption 1.1, 5.5.2); both default to SHA-1.
func transportMethodOf(e *Element) (transportMethod, bool) {
	if e == nil || e.Child(xmlencSpace, "OAEPparams") != nil {
		return transportMethod{}, false
	}
	uri, _ := e.Attr("Algorithm")
	m := transportMethod{uri: uri, hash: crypto.SHA1, mgf: crypto.SHA1}
	ok := uri == RSAOAEPMGF1P || uri == RSAOAEP
	if d := e.Child(dsigSpace, "DigestMethod"); d != nil && ok {
		alg, _ := d.Attr("Algorithm")
		if alg != SHA1 {
			m.hash, ok = digestOf(alg)
		}
	}
	if g := e.Child(xmlenc11Space, "MGF"); g != nil && ok {
		alg, _ := g.Attr("Algorithm")
		m.mgf, ok = maskOf(alg)
		ok = ok && uri == RSAOAEP
	}
	return m, ok
}

func maskOf(uri string) (crypto.Hash, bool) {
	switch uri {
	case MGF1SHA1:
		return crypto.SHA1, true
	case MGF1SHA256:
		return crypto.SHA256, true
	case MGF1SHA384:
		return crypto.SHA384, true
	case MGF1SHA512:
		return crypto.SHA512, true
	}
	return 0, false
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

func openGCM(key, content []byte) ([]byte, bool) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	aead, err := cipher.NewGCM(block)
	if err != nil || len(content) < gcmNonce {
		return nil, false
	}
	plaintext, err := aead.Open(nil, content[:gcmNonce], content[gcmNonce:], nil)
	return plaintext, err == nil
}
