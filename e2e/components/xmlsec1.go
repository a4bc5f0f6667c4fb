package components

import (
	"strings"
	"testing"
)

// idAttributes tells xmlsec1, which reads no schema, where XML ids are.
func idAttributes() []string {
	const (
		protocol  = "urn:oasis:names:tc:SAML:2.0:protocol:"
		metadata  = "urn:oasis:names:tc:SAML:2.0:metadata:"
		assertion = "urn:oasis:names:tc:SAML:2.0:assertion:"
	)
	args := []string{"--id-attr:AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion:Assertion"}
	for _, element := range []string{
		protocol + "AuthnRequest", protocol + "Response", protocol + "LogoutRequest", protocol + "LogoutResponse",
		protocol + "ArtifactResolve", protocol + "ArtifactResponse", protocol + "ManageNameIDRequest",
		assertion + "Assertion", metadata + "EntityDescriptor", metadata + "EntitiesDescriptor",
	} {
		args = append(args, "--id-attr:ID", element)
	}
	return args
}

// VerifyXML asks xmlsec1 whether the signature in the document verifies with
// the certificate's key, whatever its KeyInfo says, and returns what xmlsec1
// said. xpath picks the Signature element; empty means the first.
func VerifyXML(tb testing.TB, document []byte, certFile, xpath string) (ok bool, said string) {
	tb.Helper()
	args := append([]string{"--verify", "--pubkey-cert-pem", certFile,
		"--enabled-key-data", "raw-x509-cert", "--enabled-reference-uris", "empty,same-doc"}, idAttributes()...)
	if xpath != "" {
		args = append(args, "--node-xpath", xpath)
	}
	file := write(tb, directory(tb, "xmlsec"), "document.xml", string(document))
	stdout, stderr, code := Run(tb, Command{Path: "xmlsec1", Args: append(args, file)})
	return code == 0, stdout + stderr
}

// DecryptXML lets xmlsec1 replace the document's EncryptedData with its
// content.
func DecryptXML(tb testing.TB, document []byte, keyFile string) []byte {
	tb.Helper()
	file := write(tb, directory(tb, "xmlsec"), "document.xml", string(document))
	return []byte(must(tb, Command{Path: "xmlsec1", Args: []string{"--decrypt", "--privkey-pem", keyFile, file}}))
}

// SignXML lets xmlsec1 put an enveloped RSA-SHA256 signature over the element
// with the ID in the place of the comment <!--signature-->.
func SignXML(tb testing.TB, document []byte, id string, key *Leaf) []byte {
	tb.Helper()
	const ds, c14n = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/10/xml-exc-c14n#"
	template := `<ds:Signature xmlns:ds="` + ds + `"><ds:SignedInfo>` +
		`<ds:CanonicalizationMethod Algorithm="` + c14n + `"/>` +
		`<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>` +
		`<ds:Reference URI="#` + id + `"><ds:Transforms>` +
		`<ds:Transform Algorithm="` + ds + `enveloped-signature"/><ds:Transform Algorithm="` + c14n + `"/>` +
		`</ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>` +
		`<ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>` +
		`<ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></ds:Signature>`
	text := strings.Replace(string(document), "<!--signature-->", template, 1)
	file := write(tb, directory(tb, "xmlsec"), "unsigned.xml", text)
	args := append([]string{"--sign", "--privkey-pem", key.KeyFile + "," + key.CertFile}, idAttributes()...)
	return []byte(must(tb, Command{Path: "xmlsec1", Args: append(args, file)}))
}
