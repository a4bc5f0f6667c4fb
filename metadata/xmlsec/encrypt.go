package xmlsec

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" // RSA-OAEP with SHA-1 is what the field reads
	"encoding/base64"
	"io"
	"slices"
)

// EncryptionKey is whom to encrypt to.
type EncryptionKey struct {
	Public      crypto.PublicKey   // *rsa.PublicKey or *ecdsa.PublicKey
	Certificate []byte             // DER, a hint for the recipient; may be empty
	Methods     []EncryptionMethod // of the recipient's metadata in its order; may be empty
	AllowCBC    bool               // an administrator accepted unauthenticated AES-CBC for this recipient
	Refused     []string           // URIs of methods that are not used, listed or not
}

// EncryptionMethod is one method that a recipient can decrypt (SAML Metadata 2.4.1.1), all of it URIs.
type EncryptionMethod struct {
	Algorithm string
	Digest    string // child DigestMethod, only of RSA-OAEP; may be empty
	MGF       string // child xenc11:MGF, only of the newer RSA-OAEP; may be empty
}

// Usable reports whether the recipient lists a method of each kind that we make for it, or none.
func (k EncryptionKey) Usable() bool {
	if CheckKey(k.Public) != nil {
		return false
	}
	data, err := chooseData(k)
	if _, ec := k.Public.(*ecdsa.PublicKey); ec && err == nil {
		_, err = chooseAgreement(k, data)
	} else if err == nil {
		_, err = chooseTransport(k)
	}
	return err == nil
}

const gcmNonce = 12 // bytes; XML Encryption 1.1, 5.2.4

// Encrypt returns an xenc:EncryptedData of type Element, in exclusive canonical form, with its EncryptedKey inside ds:KeyInfo.
// Without a preference of the recipient it is AES-128-GCM under rsa-oaep-mgf1p with SHA-1, which every relying party in the
// field reads. Recipients that list methods get the first of theirs that we make; RSA 1.5 is never made, CBC only if allowed. For an
// EC key it is ECDH-ES with AES key wrap.
// Errors match [ErrKey] or [ErrSignature] (code "alg").
func Encrypt(plaintext []byte, to EncryptionKey, rand io.Reader) ([]byte, error) {
	if err := CheckKey(to.Public); err != nil {
		return nil, err
	}
	data, err := chooseData(to)
	if err != nil {
		return nil, err
	}
	key := make([]byte, data.keySize)
	if _, err := io.ReadFull(rand, key); err != nil {
		return nil, failWith(CodeKey, "randomness", err)
	}
	content, err := data.seal(key, plaintext, rand)
	if err != nil {
		return nil, err
	}
	w := make([]byte, 0, (len(content)+len(to.Certificate))*4/3+2500)
	w = append(w, `<xenc:EncryptedData xmlns:xenc="`+xmlencSpace+`" Type="`+TypeElement+`"><xenc:EncryptionMethod Algorithm="`...)
	w = append(w, data.uri...)
	w = append(w, `"></xenc:EncryptionMethod><ds:KeyInfo xmlns:ds="`+dsigSpace+`"><xenc:EncryptedKey>`...)
	if w, err = to.encryptedKey(w, data, key, rand); err != nil {
		return nil, err
	}
	w = append(w, `</xenc:EncryptedKey></ds:KeyInfo>`...)
	return append(cipherData(w, content), `</xenc:EncryptedData>`...), nil
}

// encryptedKey appends the content of an EncryptedKey, by the recipient's kind of key.
func (k EncryptionKey) encryptedKey(w []byte, data dataMethod, key []byte, rand io.Reader) ([]byte, error) {
	if public, ok := k.Public.(*ecdsa.PublicKey); ok {
		a, err := chooseAgreement(k, data)
		if err != nil {
			return nil, err
		}
		return a.encryptedKey(w, k, public, key, rand)
	}
	transport, err := chooseTransport(k)
	if err != nil {
		return nil, err
	}
	wrapped, err := rsa.EncryptOAEPWithOptions(rand, k.Public.(*rsa.PublicKey), key, transport.options())
	if err != nil {
		return nil, failWith(CodeKey, "key transport", err)
	}
	return transport.encryptedKey(w, wrapped, k.Certificate), nil
}

// dataMethod is a block encryption algorithm.
type dataMethod struct {
	uri     string
	keySize int // bytes
	cbc     bool
}

func dataMethodOf(uri string) (dataMethod, bool) {
	switch uri {
	case AES128GCM:
		return dataMethod{uri, 16, false}, true
	case AES192GCM:
		return dataMethod{uri, 24, false}, true
	case AES256GCM:
		return dataMethod{uri, 32, false}, true
	case AES128CBC:
		return dataMethod{uri, 16, true}, true
	case AES192CBC:
		return dataMethod{uri, 24, true}, true
	case AES256CBC:
		return dataMethod{uri, 32, true}, true
	}
	return dataMethod{}, false
}

// transportMethod is RSA-OAEP with its two hashes. The older identifier fixes the mask generation to SHA-1.
type transportMethod struct {
	uri       string
	hash, mgf crypto.Hash
	label     []byte // only read, never made
}

func (m transportMethod) options() *rsa.OAEPOptions {
	return &rsa.OAEPOptions{Hash: m.hash, MGFHash: m.mgf, Label: m.label}
}

func noMethod() error {
	return fail(CodeAlgorithm, "the recipient lists no encryption method that we make")
}

// chooseData picks the first of the recipient's methods for content that we make; CBC only where nothing else is listed.
func chooseData(to EncryptionKey) (dataMethod, error) {
	var chosen dataMethod
	asked, found := false, false
	for _, method := range to.Methods {
		m, known := dataMethodOf(method.Algorithm)
		asked = asked || known
		if usable := known && (!m.cbc || to.AllowCBC) && !to.refuses(m.uri); usable && (!found || chosen.cbc && !m.cbc) {
			chosen, found = m, true
		}
	}
	for _, uri := range []string{AES128GCM, AES192GCM, AES256GCM} {
		if !asked && !found && !to.refuses(uri) {
			chosen, found = dataMethodOf(uri)
		}
	}
	if !found {
		return chosen, noMethod()
	}
	return chosen, nil
}

func (k EncryptionKey) refuses(uri string) bool { return slices.Contains(k.Refused, uri) }

// chooseTransport picks the first of the recipient's methods for keys that we make.
func chooseTransport(to EncryptionKey) (transportMethod, error) {
	asked := false
	for _, method := range to.Methods {
		switch method.Algorithm {
		case RSAOAEP, RSAOAEPMGF1P:
			if m, made := method.transport(); made && !to.refuses(m.uri) {
				return m, nil
			}
			asked = true
		case rsa15:
			asked = true
		}
	}
	switch {
	case asked, to.refuses(RSAOAEPMGF1P) && to.refuses(RSAOAEP):
		return transportMethod{}, noMethod()
	case to.refuses(RSAOAEPMGF1P):
		return transportMethod{uri: RSAOAEP, hash: crypto.SHA256, mgf: crypto.SHA256}, nil
	}
	return transportMethod{uri: RSAOAEPMGF1P, hash: crypto.SHA1, mgf: crypto.SHA1}, nil
}

// transport is the RSA-OAEP that a recipient lists. One that says neither hash of the newer identifier gets SHA-256 for both; one
// that says one of them means the standard's SHA-1 for the other (XML Encryption 1.1, 5.5.2).
func (m EncryptionMethod) transport() (transportMethod, bool) {
	t := transportMethod{uri: m.Algorithm, hash: crypto.SHA1, mgf: crypto.SHA1}
	ok := true
	if m.Digest != "" {
		t.hash, ok = labelDigestOf(m.Digest)
	}
	switch {
	case !ok || m.Algorithm != RSAOAEP:
	case m.MGF != "":
		t.mgf, ok = maskOf(m.MGF)
	case m.Digest == "":
		t.hash, t.mgf = crypto.SHA256, crypto.SHA256
	}
	return t, ok
}

// seal encrypts with the nonce or initialisation vector in front (XML Encryption 1.1, 5.2).
func (m dataMethod) seal(key, plaintext []byte, rand io.Reader) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, failWith(CodeKey, "AES", err)
	}
	head := gcmNonce
	if m.cbc {
		head = aes.BlockSize
	}
	out := make([]byte, head, head+len(plaintext)+2*aes.BlockSize)
	if _, err := io.ReadFull(rand, out); err != nil {
		return nil, failWith(CodeKey, "randomness", err)
	}
	if m.cbc {
		return sealCBC(block, out, plaintext), nil
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, failWith(CodeKey, "AES-GCM", err)
	}
	return aead.Seal(out, out, plaintext, nil), nil
}

// sealCBC appends the padded and encrypted plaintext to iv. The last byte of the padding counts it.
func sealCBC(block cipher.Block, iv, plaintext []byte) []byte {
	pad := aes.BlockSize - len(plaintext)%aes.BlockSize
	out := append(iv, plaintext...)
	out = append(out, make([]byte, pad)...)
	out[len(out)-1] = byte(pad)
	cipher.NewCBCEncrypter(block, out[:aes.BlockSize]).CryptBlocks(out[aes.BlockSize:], out[aes.BlockSize:])
	return out
}

// encryptedKey appends what stands in an EncryptedKey: method, KeyInfo and the wrapped key.
func (m transportMethod) encryptedKey(w, wrapped, certificate []byte) []byte {
	w = append(append(w, `<xenc:EncryptionMethod Algorithm="`...), m.uri...)
	w = append(append(w, `"><ds:DigestMethod Algorithm="`...), digestURI(m.hash)...)
	w = append(w, `"></ds:DigestMethod>`...)
	if m.uri == RSAOAEP {
		w = append(append(w, `<xenc11:MGF xmlns:xenc11="`+xmlenc11Space+`" Algorithm="`...), maskURI(m.mgf)...)
		w = append(w, `"></xenc11:MGF>`...)
	}
	w = append(w, `</xenc:EncryptionMethod>`...)
	if len(certificate) > 0 {
		w = append(x509Data(append(w, `<ds:KeyInfo>`...), certificate), `</ds:KeyInfo>`...)
	}
	return cipherData(w, wrapped)
}

func cipherData(w, value []byte) []byte {
	w = append(w, `<xenc:CipherData><xenc:CipherValue>`...)
	w = base64.StdEncoding.AppendEncode(w, value)
	return append(w, `</xenc:CipherValue></xenc:CipherData>`...)
}
