package xmlsec

import "crypto"

// Signature algorithms (XML Signature 1.1 and RFC 9231). Nothing based on SHA-1, DSA or HMAC is known here.
const (
	RSASHA256    = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	RSASHA384    = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
	RSASHA512    = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
	RSAPSSSHA256 = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
	RSAPSSSHA384 = "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"
	RSAPSSSHA512 = "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"
	ECDSASHA256  = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	ECDSASHA384  = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
	ECDSASHA512  = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
)

// Digest algorithms. SHA1 is known only inside RSA-OAEP, where its collisions do no harm.
const (
	SHA1   = "http://www.w3.org/2000/09/xmldsig#sha1"
	SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
)

// Canonicalization and transforms: the only ones the signature profile knows, the inclusive ones only where [Limits] allow them.
const (
	ExclusiveC14N      = "http://www.w3.org/2001/10/xml-exc-c14n#"
	InclusiveC14N10    = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	InclusiveC14N11    = "http://www.w3.org/2006/12/xml-c14n11"
	EnvelopedSignature = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
)

// Encryption algorithms (XML Encryption 1.1).
const (
	AES128GCM     = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
	AES192GCM     = "http://www.w3.org/2009/xmlenc11#aes192-gcm"
	AES256GCM     = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	AES128CBC     = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
	AES192CBC     = "http://www.w3.org/2001/04/xmlenc#aes192-cbc"
	AES256CBC     = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
	RSAOAEPMGF1P  = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
	RSAOAEP       = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
	MGF1SHA1      = "http://www.w3.org/2009/xmlenc11#mgf1sha1"
	MGF1SHA256    = "http://www.w3.org/2009/xmlenc11#mgf1sha256"
	MGF1SHA384    = "http://www.w3.org/2009/xmlenc11#mgf1sha384"
	MGF1SHA512    = "http://www.w3.org/2009/xmlenc11#mgf1sha512"
	ECDHES        = "http://www.w3.org/2009/xmlenc11#ECDH-ES"
	ConcatKDF     = "http://www.w3.org/2009/xmlenc11#ConcatKDF"
	KeyWrapAES128 = "http://www.w3.org/2001/04/xmlenc#kw-aes128"
	KeyWrapAES256 = "http://www.w3.org/2001/04/xmlenc#kw-aes256"
	rsa15         = "http://www.w3.org/2001/04/xmlenc#rsa-1_5" // known in order to be passed over
	TypeElement   = "http://www.w3.org/2001/04/xmlenc#Element"
	xmlencSpace   = "http://www.w3.org/2001/04/xmlenc#"
	xmlenc11Space = "http://www.w3.org/2009/xmlenc11#"
)

// Namespaces that the signature profile names.
const (
	dsigSpace     = "http://www.w3.org/2000/09/xmldsig#"
	dsig11Space   = "http://www.w3.org/2009/xmldsig11#"
	samlSpace     = "urn:oasis:names:tc:SAML:2.0:assertion"
	xmlSpace      = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace    = "http://www.w3.org/2000/xmlns/"
	xincludeSpace = "http://www.w3.org/2001/XInclude"
)

// acceptedC14N reports whether a signature may use a canonicalization.
func acceptedC14N(uri string, l Limits) bool {
	return uri == ExclusiveC14N || l.InclusiveC14N && (uri == InclusiveC14N10 || uri == InclusiveC14N11)
}

type signatureKind int

const (
	kindRSA signatureKind = iota
	kindPSS
	kindECDSA
)

// signatureMethod says how an algorithm URI signs and which digest its Reference gets when we are the signer.
type signatureMethod struct {
	kind   signatureKind
	hash   crypto.Hash
	digest string
}

func signatureMethodOf(uri string) (signatureMethod, bool) {
	switch uri {
	case RSASHA256:
		return signatureMethod{kindRSA, crypto.SHA256, SHA256}, true
	case RSASHA384:
		return signatureMethod{kindRSA, crypto.SHA384, SHA384}, true
	case RSASHA512:
		return signatureMethod{kindRSA, crypto.SHA512, SHA512}, true
	case RSAPSSSHA256:
		return signatureMethod{kindPSS, crypto.SHA256, SHA256}, true
	case RSAPSSSHA384:
		return signatureMethod{kindPSS, crypto.SHA384, SHA384}, true
	case RSAPSSSHA512:
		return signatureMethod{kindPSS, crypto.SHA512, SHA512}, true
	case ECDSASHA256:
		return signatureMethod{kindECDSA, crypto.SHA256, SHA256}, true
	case ECDSASHA384:
		return signatureMethod{kindECDSA, crypto.SHA384, SHA384}, true
	case ECDSASHA512:
		return signatureMethod{kindECDSA, crypto.SHA512, SHA512}, true
	}
	return signatureMethod{}, false
}

func digestOf(uri string) (crypto.Hash, bool) {
	switch uri {
	case SHA256:
		return crypto.SHA256, true
	case SHA384:
		return crypto.SHA384, true
	case SHA512:
		return crypto.SHA512, true
	}
	return 0, false
}

// digestURI is the inverse of digestOf and labelDigestOf.
func digestURI(h crypto.Hash) string {
	switch h {
	case crypto.SHA1:
		return SHA1
	case crypto.SHA384:
		return SHA384
	case crypto.SHA512:
		return SHA512
	}
	return SHA256
}

// maskURI is the inverse of maskOf.
func maskURI(h crypto.Hash) string {
	switch h {
	case crypto.SHA1:
		return MGF1SHA1
	case crypto.SHA384:
		return MGF1SHA384
	case crypto.SHA512:
		return MGF1SHA512
	}
	return MGF1SHA256
}

// labelDigestOf is digestOf with SHA-1, which does no harm inside RSA-OAEP.
func labelDigestOf(uri string) (crypto.Hash, bool) {
	if uri == SHA1 {
		return crypto.SHA1, true
	}
	return digestOf(uri)
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
