package xmlsec

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// xmlsec1 before 1.3 knows neither RSA-PSS nor the hashes of RSA-OAEP. Where the installed one does not, OpenSSL does the one RSA
// operation and xmllint or xmlsec1 the rest.

func requireOpenSSL(t *testing.T) {
	t.Helper()
	requireXMLSec1(t)
	requireXMLLint(t)
	if _, err := exec.LookPath("openssl"); err == nil {
		return
	}
	if os.Getenv("LANYARD_COMPONENTS") == "1" {
		t.Fatal("openssl is missing: apt-get install openssl")
	}
	t.Skip("openssl is not installed; make test needs it")
}

func openSSL(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.Command("openssl", args...).CombinedOutput()
	return string(out), err
}

func xmlsec1Knows(t *testing.T, transform string) bool {
	t.Helper()
	_, err := xmlsec1(t, "--check-transforms", transform)
	return err == nil
}

func publicFile(t *testing.T, key interface{ Public() crypto.PublicKey }) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "public.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

var pssHashes = map[string]string{RSAPSSSHA256: "sha256", RSAPSSSHA384: "sha384", RSAPSSSHA512: "sha512"}

// canonicalInfo is SignedInfo as libxml2 canonicalises it.
func canonicalInfo(t *testing.T, doc string) string {
	t.Helper()
	file := writeFile(t, "info.xml", []byte(strings.Replace(info(doc), infoOpen, infoOpenAlone, 1)))
	out, err := exec.Command("xmllint", "--exc-c14n", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "canonical.xml", out)
}

// signatureValue is the decoded SignatureValue of a document.
func signatureValue(t *testing.T, doc string) []byte {
	t.Helper()
	_, rest, _ := strings.Cut(doc, "<ds:SignatureValue>")
	value, _, _ := strings.Cut(rest, "<")
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestOpenSSLVerifiesPSS: the salt is as long as the digest (RFC 9231, 2.3.10), here and there.
func TestOpenSSLVerifiesPSS(t *testing.T) {
	requireOpenSSL(t)
	for algorithm, hash := range pssHashes {
		t.Run(hash, func(t *testing.T) {
			doc := signedBy(t, authnRequest, SigningKey{Signer: partnerKey(), Algorithm: algorithm})
			verify := []string{"dgst", "-" + hash, "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest", "-sigopt", "rsa_mgf1_md:" + hash}
			octets := canonicalInfo(t, doc)
			if out, err := openSSL(t, append(verify, "-verify", publicFile(t, partnerKey()), "-signature", writeFile(t, "signature", signatureValue(t, doc)), octets)...); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if xmlsec1Knows(t, "rsa-pss-"+hash) {
				args := append([]string{"--verify", "--pubkey-cert-pem", certificateFile(t, partnerKey())}, idAttribute...)
				if out, err := xmlsec1(t, append(args, writeFile(t, "doc.xml", []byte(doc)))...); err != nil {
					t.Errorf("xmlsec1: %v\n%s", err, out)
				}
			}
			for salt, want := range map[string]string{"digest": "<nil>", "max": CodeSignature, "0": CodeSignature, "20": CodeSignature} {
				made := filepath.Join(t.TempDir(), "made")
				sign := []string{"dgst", "-" + hash, "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:" + salt, "-sigopt", "rsa_mgf1_md:" + hash}
				if out, err := openSSL(t, append(sign, "-sign", privateFile(t, partnerKey()), "-out", made, octets)...); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				value, err := os.ReadFile(made)
				if err != nil {
					t.Fatal(err)
				}
				before, rest, _ := strings.Cut(doc, "<ds:SignatureValue>")
				_, after, _ := strings.Cut(rest, "</ds:SignatureValue>")
				theirs := before + "<ds:SignatureValue>" + base64.StdEncoding.EncodeToString(value) + "</ds:SignatureValue>" + after
				if _, err := VerifyEnveloped([]byte(theirs), MessageLimits(), partnerKeys()); codeOf(err) != want {
					t.Errorf("salt %s: %v, want %s", salt, err, want)
				}
			}
		})
	}
}

var opensslHashes = map[string]string{
	SHA1: "sha1", SHA256: "sha256", SHA384: "sha384", SHA512: "sha512",
	"": "sha1", MGF1SHA1: "sha1", MGF1SHA256: "sha256", MGF1SHA384: "sha384", MGF1SHA512: "sha512",
}

// TestOpenSSLUnwrapsOurs: OpenSSL recovers the content key with the hashes that the document names, xmlsec1 the content with it.
func TestOpenSSLUnwrapsOurs(t *testing.T) {
	requireOpenSSL(t)
	for name, c := range oaepCases() {
		t.Run(name, func(t *testing.T) {
			doc := encrypted(t, EncryptionKey{Public: &partnerKey().PublicKey, Methods: c.methods})
			wrapped, err := base64.StdEncoding.DecodeString(strings.Split(strings.Split(doc, "<xenc:CipherValue>")[1], "<")[0])
			if err != nil {
				t.Fatal(err)
			}
			key := filepath.Join(t.TempDir(), "key")
			if out, err := openSSL(t, "pkeyutl", "-decrypt", "-inkey", privateFile(t, partnerKey()), "-in", writeFile(t, "wrapped", wrapped), "-out", key,
				"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:"+opensslHashes[c.digest], "-pkeyopt", "rsa_mgf1_md:"+opensslHashes[c.mask]); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			i, j := strings.Index(doc, "<ds:KeyInfo"), strings.Index(doc, "</ds:KeyInfo>")+len("</ds:KeyInfo>")
			decrypts(t, doc[:i]+doc[j:], "--aeskey", key)
			if c.uri == RSAOAEP && xmlsec1Knows(t, "rsa-oaep-enc11") || c.uri == RSAOAEPMGF1P && c.digest == SHA1 {
				decrypts(t, doc, "--privkey-pem", privateFile(t, partnerKey()))
			}
		})
	}
}

// decrypts has xmlsec1 decrypt a document.
func decrypts(t *testing.T, doc string, args ...string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "plain.xml")
	holder := `<saml:EncryptedAssertion xmlns:saml="` + samlSpace + `">` + doc + `</saml:EncryptedAssertion>`
	args = append(append([]string{"--decrypt"}, args...), "--output", out, writeFile(t, "doc.xml", []byte(holder)))
	if msg, err := xmlsec1(t, args...); err != nil {
		t.Errorf("xmlsec1: %v\n%s", err, msg)
		return
	}
	if got, err := os.ReadFile(out); err != nil || !strings.Contains(string(got), "secret &amp; safe</saml:Assertion>") {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestOpenSSLWrappedIsDecrypted: the other way round, with every pair of hashes.
func TestOpenSSLWrappedIsDecrypted(t *testing.T) {
	requireOpenSSL(t)
	for _, digest := range []string{SHA1, SHA256, SHA384, SHA512} {
		for _, mask := range []string{"", MGF1SHA1, MGF1SHA256, MGF1SHA384, MGF1SHA512} {
			t.Run(opensslHashes[digest]+" "+mask, func(t *testing.T) {
				method := EncryptionMethod{Algorithm: RSAOAEP, Digest: digest, MGF: mask}
				doc := encrypted(t, EncryptionKey{Public: &partnerKey().PublicKey, Methods: []EncryptionMethod{method}})
				if mask == "" { // not said at all is SHA-1 too
					i, j := strings.Index(doc, "<xenc11:MGF"), strings.Index(doc, "</xenc11:MGF>")+len("</xenc11:MGF>")
					doc = doc[:i] + doc[j:]
				}
				values := strings.Split(doc, "<xenc:CipherValue>")
				old := strings.Split(values[1], "<")[0]
				raw, err := base64.StdEncoding.DecodeString(old)
				if err != nil {
					t.Fatal(err)
				}
				m, _ := method.transport()
				secret, err := partnerKey().Decrypt(nil, raw, m.options())
				if err != nil {
					t.Fatal(err)
				}
				wrapped := filepath.Join(t.TempDir(), "wrapped")
				if out, err := openSSL(t, "pkeyutl", "-encrypt", "-pubin", "-inkey", publicFile(t, partnerKey()), "-in", writeFile(t, "key", secret), "-out", wrapped,
					"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:"+opensslHashes[digest], "-pkeyopt", "rsa_mgf1_md:"+opensslHashes[mask]); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				theirs, err := os.ReadFile(wrapped)
				if err != nil {
					t.Fatal(err)
				}
				doc = replace(t, doc, old, base64.StdEncoding.EncodeToString(theirs))
				if got, err := Decrypt(element(t, doc), foreignKey(), partnerKey()); err != nil || string(got) != plaintext {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
	}
}
