package xmlsec

import (
	"crypto"
	"encoding/base64"
	"slices"
	"strings"
)

// signature is an enveloped signature that keeps the profile (SAML Core 5.4; XML Signature 1.1, 4).
type signature struct {
	signedInfo
	element *Element // ds:Signature
	idName  string   // attribute that names what is signed
	value   []byte   // SignatureValue
}

// signedInfo is what SignedInfo says, read from the bytes that SignatureValue is about.
type signedInfo struct {
	bytes     string // in canonical form
	c14n      string // of these bytes
	method    signatureMethod
	algorithm string
	digest    crypto.Hash
	want      []byte   // DigestValue
	content   string   // canonicalization of what is signed
	inclusive []string // PrefixList of the exc-c14n transform
}

// signatureOf checks the place and shape of the signature. Nothing in it is verified yet.
func signatureOf(d *signedDocument, l Limits) (signature, error) {
	if d.signature == nil {
		return signature{}, fail(CodeProfile, "the root element carries no signature")
	}
	if d.at > 1 || d.at == 1 && d.issuer != 0 || d.at == 0 && d.issuer == 1 {
		return signature{}, fail(CodeProfile, "the signature is not where its schema puts it")
	}
	s := signature{element: d.signature, idName: d.idName}
	parts := s.element.Children
	if len(parts) < 2 || len(parts) > 3 || !parts[0].Is(dsigSpace, "SignedInfo") || !parts[1].Is(dsigSpace, "SignatureValue") ||
		len(parts) == 3 && !parts[2].Is(dsigSpace, "KeyInfo") {
		return signature{}, fail(CodeProfile, "Signature is not SignedInfo, SignatureValue and KeyInfo")
	}
	if len(parts) == 3 && parts[2].Child(dsigSpace, "RetrievalMethod") != nil {
		return signature{}, fail(CodeProfile, "RetrievalMethod")
	}
	if err := onlyAttributes(s.element, "Id"); err != nil {
		return signature{}, err
	}
	if err := onlyAttributes(parts[0], "Id"); err != nil {
		return signature{}, err
	}
	var err error
	if s.value, err = leafBase64(parts[1]); err != nil {
		return signature{}, err
	}
	s.signedInfo, err = signedInfoOf(d, l)
	return s, err
}

// signedInfoOf reads SignedInfo, which says itself in which form it was digested. That was written while the document was read,
// unless it is an inclusive one; what another form says besides is not believed.
func signedInfoOf(d *signedDocument, l Limits) (signedInfo, error) {
	info, err := readInfo(d.info.form(), d, l)
	if err != nil || info.c14n == ExclusiveC14N {
		return info, err
	}
	root, err := scan(d.doc, l)
	if err != nil {
		return signedInfo{}, err
	}
	form, err := inclusiveForm(root.Children[d.at].Children[0], info.c14n, l)
	if err != nil {
		return signedInfo{}, err
	}
	again, err := readInfo(form, d, l)
	if err == nil && again.c14n != info.c14n {
		err = fail(CodeC14N, "SignedInfo names two forms of itself")
	}
	return again, err
}

// readInfo reads SignedInfo from a canonical form. Its own attributes were looked at; the inclusive forms add those that it inherits.
func readInfo(form string, d *signedDocument, l Limits) (signedInfo, error) {
	s := signedInfo{bytes: form}
	info, err := readBack(form, d.info.size)
	if err != nil {
		return s, err
	}
	c := info.Children
	if len(c) != 3 || !c[0].Is(dsigSpace, "CanonicalizationMethod") || !c[1].Is(dsigSpace, "SignatureMethod") ||
		!c[2].Is(dsigSpace, "Reference") {
		return s, fail(CodeProfile, "SignedInfo is not one method of each kind and one Reference")
	}
	if s.c14n, err = algorithmOf(c[0]); err != nil || !acceptedC14N(s.c14n, l) || len(c[0].Children) > 0 {
		return s, fail(CodeC14N, "SignedInfo is not canonicalised by plain exc-c14n")
	}
	if s.algorithm, err = algorithmOf(c[1]); err != nil {
		return s, err
	}
	var known bool
	if s.method, known = signatureMethodOf(s.algorithm); !known || slices.Contains(l.Refused, s.algorithm) || len(c[1].Children) > 0 {
		return s, fail(CodeAlgorithm, "signature algorithm")
	}
	err = s.readReference(c[2], d.id, l)
	return s, err
}

func (s *signedInfo) readReference(ref *Element, id string, l Limits) error {
	c := ref.Children
	if len(c) != 3 || !c[0].Is(dsigSpace, "Transforms") || !c[1].Is(dsigSpace, "DigestMethod") || !c[2].Is(dsigSpace, "DigestValue") {
		return fail(CodeProfile, "Reference is not Transforms, DigestMethod and DigestValue")
	}
	if err := onlyAttributes(ref, "Id", "URI", "Type"); err != nil {
		return err
	}
	if uri, _ := ref.Attr("URI"); id == "" || uri != "#"+id {
		return fail(CodeProfile, "Reference does not name the root element")
	}
	if err := s.readTransforms(c[0], l); err != nil {
		return err
	}
	alg, err := algorithmOf(c[1])
	if err != nil {
		return err
	}
	var known bool
	if s.digest, known = digestOf(alg); !known || len(c[1].Children) > 0 {
		return fail(CodeAlgorithm, "digest algorithm")
	}
	if s.want, err = leafBase64(c[2]); err != nil {
		return err
	}
	if len(s.want) != s.digest.Size() {
		return fail(CodeDigest, "DigestValue has the wrong length")
	}
	return nil
}

// readTransforms wants exactly enveloped-signature, then exc-c14n. Where the limits allow inclusive canonicalization the second may
// be that, or missing: XML Signature then means Canonical XML 1.0 (4.4.3.2).
func (s *signedInfo) readTransforms(e *Element, l Limits) error {
	c := e.Children
	if len(c) != 2 && !(len(c) == 1 && l.InclusiveC14N) {
		return errTransforms()
	}
	if first, err := transformOf(c[0]); err != nil || first != EnvelopedSignature || len(c[0].Children) > 0 {
		return errTransforms()
	}
	if s.content = InclusiveC14N10; len(c) == 1 {
		return nil
	}
	var err error
	if s.content, err = transformOf(c[1]); err != nil || !acceptedC14N(s.content, l) {
		return errTransforms()
	}
	switch parameters := c[1].Children; {
	case len(parameters) == 0:
		return nil
	case s.content == ExclusiveC14N && len(parameters) == 1 && parameters[0].Is(ExclusiveC14N, "InclusiveNamespaces") && len(parameters[0].Children) == 0:
		return s.readPrefixes(parameters[0])
	}
	return fail(CodeC14N, "unknown parameter of canonicalization")
}

func errTransforms() error {
	return fail(CodeC14N, "transforms are not enveloped-signature and exc-c14n")
}

func transformOf(e *Element) (string, error) {
	if !e.Is(dsigSpace, "Transform") {
		return "", fail(CodeC14N, "not a Transform")
	}
	return algorithmOf(e)
}

func (s *signedInfo) readPrefixes(e *Element) error {
	list, _ := e.Attr("PrefixList")
	s.inclusive = strings.Fields(list)
	if len(s.inclusive) > maxInclusivePrefixes {
		return fail(CodeLimits, "PrefixList too long")
	}
	for i, prefix := range s.inclusive {
		switch {
		case prefix == "#default":
			s.inclusive[i] = ""
		case !isNCName(prefix):
			return fail(CodeC14N, "malformed PrefixList")
		}
	}
	return nil
}

// algorithmOf returns the Algorithm of a method element, which has no other attribute.
func algorithmOf(e *Element) (string, error) {
	if err := onlyAttributes(e, "Algorithm"); err != nil {
		return "", err
	}
	alg, _ := e.Attr("Algorithm")
	return alg, nil
}

// onlyAttributes refuses attributes of a signature that its schema does not have: nobody may hide meaning there.
func onlyAttributes(e *Element, locals ...string) error {
	for _, a := range e.Attrs {
		known := false
		for _, local := range locals {
			known = known || a.Space == "" && a.Local == local
		}
		if !known {
			return fail(CodeProfile, "unknown attribute in the signature")
		}
	}
	return nil
}

// leafBase64 decodes the text of an element without children; XML's white space is allowed anywhere (XML Schema base64Binary),
// Unicode's is not.
func leafBase64(e *Element) ([]byte, error) {
	if len(e.Children) > 0 || onlyAttributes(e, "Id") != nil {
		return nil, fail(CodeProfile, "a value of the signature is not plain text")
	}
	text := strings.ReplaceAll(strings.ReplaceAll(e.Text(), " ", ""), "\t", "") // the decoder itself passes over line ends
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, failWith(CodeProfile, "a value of the signature is not base64", err)
	}
	return b, nil
}
