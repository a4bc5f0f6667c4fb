package xmlsec

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// These tests ask xmlsec1 (libxml2 and OpenSSL): another scanner, canonicalizer and verifier, that nobody here wrote.

// requireXMLSec1 fails where the components are promised (make test sets LANYARD_COMPONENTS=1) and skips elsewhere.
func requireXMLSec1(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("xmlsec1"); err == nil {
		return
	}
	if os.Getenv("LANYARD_COMPONENTS") == "1" {
		t.Fatal("xmlsec1 is missing: apt-get install xmlsec1")
	}
	t.Skip("xmlsec1 is not installed; make test needs it")
}

func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func certificateFile(t *testing.T, key crypto.Signer) string {
	return writeFile(t, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate(t, key)}))
}

func privateFile(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func xmlsec1(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.Command("xmlsec1", args...).CombinedOutput()
	return string(out), err
}

var idAttribute = []string{"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest"}

// oracleSigners are the algorithms that xmlsec1 1.2 knows; RSA-PSS came with 1.3.
func oracleSigners(t *testing.T) map[string]crypto.Signer {
	return map[string]crypto.Signer{
		RSASHA256: partnerKey(), RSASHA384: partnerKey(), RSASHA512: partnerKey(),
		ECDSASHA256: newEC(t, elliptic.P256()), ECDSASHA384: newEC(t, elliptic.P384()), ECDSASHA512: newEC(t, elliptic.P521()),
	}
}

func TestXmlsec1AcceptsOurSignatures(t *testing.T) {
	requireXMLSec1(t)
	for algorithm, signer := range oracleSigners(t) {
		t.Run(algorithm, func(t *testing.T) {
			doc := signedBy(t, authnRequest, SigningKey{Signer: signer, Algorithm: algorithm, Certificate: certificate(t, signer)})
			verify := append([]string{"--verify", "--pubkey-cert-pem", certificateFile(t, signer)}, idAttribute...)
			if out, err := xmlsec1(t, append(verify, writeFile(t, "doc.xml", []byte(doc)))...); err != nil {
				t.Errorf("refused: %v\n%s\n%s", err, out, doc)
			}
			bad := replace(t, doc, "https://sp.example/acs", "https://evil.example/acs")
			if _, err := xmlsec1(t, append(verify, writeFile(t, "bad.xml", []byte(bad)))...); err == nil {
				t.Error("accepts a changed document")
			}
		})
	}
}

// TestXmlsec1ReadsShortECDSAValues: r and s are as long as the curve's order, whatever zeros they begin with (XML Signature 1.1,
// 6.4.3). P-521 begins with seven zero bits at least.
func TestXmlsec1ReadsShortECDSAValues(t *testing.T) {
	requireXMLSec1(t)
	for algorithm, curve := range map[string]elliptic.Curve{ECDSASHA256: elliptic.P256(), ECDSASHA384: elliptic.P384(), ECDSASHA512: elliptic.P521()} {
		signer := newEC(t, curve)
		verify := append([]string{"--verify", "--pubkey-cert-pem", certificateFile(t, signer)}, idAttribute...)
		n := (curve.Params().BitSize + 7) / 8
		zeros := 1 + n/66 // one more than P-521 has half of the time
		for part, from := range map[string]int{"r": 0, "s": n} {
			t.Run(algorithm+" "+part, func(t *testing.T) {
				doc, short := "", false
				for range 20000 {
					doc = signedBy(t, authnRequest, SigningKey{Signer: signer, Algorithm: algorithm})
					raw := signatureValue(t, doc)
					if len(raw) != 2*n {
						t.Fatalf("%d bytes", len(raw))
					}
					if short = strings.TrimLeft(string(raw[from:from+zeros]), "\x00") == ""; short {
						break
					}
				}
				if !short {
					t.Fatal("no short value in 20,000 signatures")
				}
				if _, err := VerifyEnveloped([]byte(doc), MessageLimits(), []crypto.PublicKey{signer.Public()}); err != nil {
					t.Error(err)
				}
				if out, err := xmlsec1(t, append(verify, writeFile(t, "doc.xml", []byte(doc)))...); err != nil {
					t.Errorf("refused: %v\n%s\n%s", err, out, doc)
				}
			})
		}
	}
}

const signatureTemplate = `
  <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
    <ds:SignedInfo>
      <ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
      <ds:SignatureMethod Algorithm="ALGORITHM"/>
      <ds:Reference URI="#_request">
        <ds:Transforms>
          <ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
          <ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">PREFIXES</ds:Transform>
        </ds:Transforms>
        <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
        <ds:DigestValue></ds:DigestValue>
      </ds:Reference>
    </ds:SignedInfo>
    <ds:SignatureValue/>
  </ds:Signature>
  `

// awkwardRequest needs most of what canonicalization does: unused and redeclared namespaces, attribute order, escapes, line ends,
// an empty element, text beyond ASCII.
const awkwardRequest = `<?xml version="1.0" encoding="UTF-8"?>` + "\r\n" +
	`<p:AuthnRequest Version="2.0" ID='_request' xmlns:unused="urn:unused" xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol"` +
	"\n xmlns='urn:default' Destination = \"https://hub.example/sso?a=1&amp;b=&quot;2&#39;&#9;\">\r\n" +
	`  <a:Issuer xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.example/ &gt; é</a:Issuer>SIGNATURE` +
	`<p:Extensions><x z:b="2" a="1" z:a="3" xmlns:z="urn:z" /><y><z/></y>` +
	`<q:w xmlns:q="urn:z" p:v="&lt;"><q:w xmlns:q="urn:q"/></q:w>&#13;` + "\r" + `</p:Extensions></p:AuthnRequest>`

func TestXmlsec1SignaturesAreAccepted(t *testing.T) {
	requireXMLSec1(t)
	const prefixes = `<ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="unused z"/>`
	alone := MessageLimits()
	alone.secondOpinion = false // three faults of goxmldsig, see the differential test
	for algorithm, signer := range oracleSigners(t) {
		for name, list := range map[string]string{"plain": "", "PrefixList": prefixes, "several namespaces": strings.Replace(prefixes, "unused", "#default unused", 1)} {
			t.Run(algorithm+" "+name, func(t *testing.T) {
				request, limits := awkwardRequest, MessageLimits()
				if name == "several namespaces" {
					request = replace(t, request, "<x ", `<x xml:lang="en" p:c="4" `)
					request, limits = replace(t, request, "<y>", `<y xmlns="">`), alone
				}
				signature := strings.NewReplacer("ALGORITHM", algorithm, "PREFIXES", list).Replace(signatureTemplate)
				doc := strings.Replace(request, "SIGNATURE", signature, 1)
				args := append([]string{"--sign", "--privkey-pem", privateFile(t, signer)}, idAttribute...)
				out := filepath.Join(t.TempDir(), "signed.xml")
				if msg, err := xmlsec1(t, append(args, "--output", out, writeFile(t, "doc.xml", []byte(doc)))...); err != nil {
					t.Fatalf("%v\n%s", err, msg)
				}
				made, err := os.ReadFile(out)
				if err != nil {
					t.Fatal(err)
				}
				v, err := VerifyEnveloped(made, limits, []crypto.PublicKey{signer.Public()})
				if err != nil {
					t.Fatalf("%v\n%s", err, made)
				}
				if got := v.Root().Child(samlSpace, "Issuer").Text(); got != "https://sp.example/ > é" {
					t.Errorf("Issuer %q", got)
				}
			})
		}
	}
}

// TestXmlsec1InclusiveSignaturesAreAccepted: xmlsec1 signs with Canonical XML, SignedInfo inheriting from its ancestors.
func TestXmlsec1InclusiveSignaturesAreAccepted(t *testing.T) {
	requireXMLSec1(t)
	for name, c := range map[string]struct {
		root, below, info, content string
		other                      bool // goxmldsig agrees
	}{
		"1.0":                {"", "", InclusiveC14N10, InclusiveC14N10, true},
		"1.1":                {"", "", InclusiveC14N11, InclusiveC14N11, true},
		"mixed":              {"", "", ExclusiveC14N, InclusiveC14N10, true},
		"implied":            {"", "", InclusiveC14N11, "", true},
		"xml attributes 1.0": {` xml:lang="en" xml:space="preserve"`, "", InclusiveC14N10, InclusiveC14N10, false},
		"xml attributes 1.1": {` xml:lang="en" xml:space="preserve"`, "", InclusiveC14N11, InclusiveC14N11, false},
		"default undone 1.0": {"", ` xmlns=""`, InclusiveC14N10, InclusiveC14N10, true},
		"default undone 1.1": {"", ` xmlns=""`, InclusiveC14N11, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			transform := `<ds:Transform Algorithm="` + ExclusiveC14N + `">PREFIXES</ds:Transform>`
			with := ""
			if c.content != "" {
				with = `<ds:Transform Algorithm="` + c.content + `"/>`
			}
			signature := replace(t, replace(t, signatureTemplate, transform, with), ExclusiveC14N, c.info)
			signature = replace(t, signature, "ALGORITHM", RSASHA256)
			request := replace(t, replace(t, awkwardRequest, " Version", c.root+" Version"), "<y>", "<y"+c.below+">")
			args := append([]string{"--sign", "--privkey-pem", privateFile(t, partnerKey())}, idAttribute...)
			out := filepath.Join(t.TempDir(), "signed.xml")
			doc := writeFile(t, "doc.xml", []byte(replace(t, request, "SIGNATURE", signature)))
			if msg, err := xmlsec1(t, append(args, "--output", out, doc)...); err != nil {
				t.Fatalf("%v\n%s", err, msg)
			}
			made, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := VerifyEnveloped(made, MessageLimits(), partnerKeys()); codeOf(err) != CodeC14N {
				t.Errorf("without permission: %v", err)
			}
			l := MessageLimits()
			l.InclusiveC14N = true
			if _, err := VerifyEnveloped(made, l, partnerKeys()); (err == nil) != c.other || err != nil && codeOf(err) != CodeSecondOpinion {
				t.Errorf("with second opinion: %v\n%s", err, made)
			}
			l.secondOpinion = false
			if _, err := VerifyEnveloped(made, l, partnerKeys()); err != nil {
				t.Errorf("%v\n%s", err, made)
			}
		})
	}
}

func TestXmlsec1DecryptsOurs(t *testing.T) {
	requireXMLSec1(t)
	for _, uri := range []string{AES128GCM, AES192GCM, AES256GCM, AES128CBC, AES192CBC, AES256CBC} {
		t.Run(uri, func(t *testing.T) {
			to := recipient(uri)
			to.Certificate, to.AllowCBC = certificate(t, partnerKey()), true
			doc := encrypted(t, to)
			if !strings.Contains(doc, uri) {
				t.Fatalf("encrypted with another: %s", doc)
			}
			decrypts(t, doc, "--privkey-pem", privateFile(t, partnerKey()))
		})
	}
}

const encryptionTemplate = `<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">
<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aesBITS-gcm"/>
<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>
<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/>
<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>
<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>`

func TestXmlsec1EncryptedIsDecrypted(t *testing.T) {
	requireXMLSec1(t)
	for _, bits := range []string{"128", "192", "256"} {
		t.Run(bits, func(t *testing.T) {
			template := writeFile(t, "template.xml", []byte(strings.Replace(encryptionTemplate, "BITS", bits, 1)))
			out := filepath.Join(t.TempDir(), "encrypted.xml")
			msg, err := xmlsec1(t, "--encrypt", "--pubkey-cert-pem", certificateFile(t, partnerKey()), "--session-key", "aes-"+bits,
				"--xml-data", writeFile(t, "plain.xml", []byte(plaintext)), "--output", out, template)
			if err != nil {
				t.Fatalf("%v\n%s", err, msg)
			}
			made, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decrypt(element(t, string(made)), partnerKey())
			if err != nil || string(got) != plaintext {
				t.Errorf("decrypted %q, %v", got, err)
			}
		})
	}
}

func TestXmlsec1RefusesWhatWeRefuse(t *testing.T) {
	requireXMLSec1(t)
	doc := signed(t, authnRequest)
	args := append([]string{"--verify", "--pubkey-cert-pem", certificateFile(t, partnerKey())}, idAttribute...)
	for name, bad := range map[string]string{
		"content":   replace(t, doc, "AllowCreate=\"true\"", "AllowCreate=\"false\""),
		"info":      replace(t, doc, SHA256, SHA512),
		"signature": replace(t, doc, "<ds:SignatureValue>", "<ds:SignatureValue>AAAA"),
		"ID":        replace(t, doc, `ID="_request"`, `ID="_other"`),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := xmlsec1(t, append(args, writeFile(t, "bad.xml", []byte(bad)))...); err == nil {
				t.Error("xmlsec1 accepts")
			}
			if _, err := VerifyEnveloped([]byte(bad), MessageLimits(), partnerKeys()); err == nil {
				t.Error("we accept")
			}
		})
	}
	foreign := signedBy(t, authnRequest, SigningKey{Signer: foreignKey(), Algorithm: RSASHA256})
	if _, err := xmlsec1(t, append(args, writeFile(t, "bad.xml", []byte(foreign)))...); err == nil {
		t.Error("xmlsec1 accepts a foreign key")
	}
	if _, err := VerifyEnveloped([]byte(foreign), MessageLimits(), partnerKeys()); codeOf(err) != CodeSignature {
		t.Errorf("foreign key: %v", err)
	}
}
