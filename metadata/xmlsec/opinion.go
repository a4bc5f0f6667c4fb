package xmlsec

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// secondOpinion has goxmldsig, on top of its own XML parser, verify the same document with the key that verified it here, and
// compares the bytes both say were signed. Three things are told to it differently without touching what is signed: KeyInfo is
// left out, the key comes in a certificate of our making (expired certificates are fine in metadata), and an ECDSA value is
// given in the DER that it expects.
//
// goxmldsig v1.6.1 has faults of its own (TestKnownDisagreements): it errs on tabs and line ends inside attribute values, on one
// element with prefixed attributes of several namespaces, on xmlns="", on the prefix "#default" and on blanks in DigestValue, where it
// takes line ends alone. A message with one of
// these is refused although its signature is right; with inclusive canonicalization, also one whose ancestors of SignedInfo have
// attributes in the xml namespace. The messages that we consume have no use for them.
func secondOpinion(doc string, s signature, key crypto.PublicKey, covered string) error {
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(opinionDocument(doc, s, key)); err != nil {
		return failWith(CodeSecondOpinion, "the other parser refuses the document", err)
	}
	signed, err := otherVerifier(tree.Root(), s, key)
	if err != nil {
		return failWith(CodeSecondOpinion, "the other verifier refuses the signature", err)
	}
	if !writesCanonical(signed, covered) {
		return fail(CodeSecondOpinion, "the verifiers saw different content")
	}
	return nil
}

// opinionDocument is the document with SignatureValue restated and KeyInfo cut out, both outside of what is signed.
func opinionDocument(doc string, s signature, key crypto.PublicKey) []byte {
	value := s.value
	if k, ok := key.(*ecdsa.PublicKey); ok {
		value, _ = asn1Signature(k, value)
	}
	parts := s.element.Children
	out := make([]byte, 0, len(doc)+64)
	out = append(out, doc[:parts[1].from]...)
	out = base64.StdEncoding.AppendEncode(out, value)
	rest := parts[1].to
	if len(parts) == 3 {
		out = append(out, doc[rest:parts[2].start]...)
		rest = parts[2].end
	}
	return append(out, doc[rest:]...)
}

// otherVerifier returns the element that goxmldsig says was signed.
func otherVerifier(root *etree.Element, s signature, key crypto.PublicKey) (*etree.Element, error) {
	if s.method.kind == kindPSS {
		return otherCanonicalizer(root, s)
	}
	now := time.Unix(0, 0)
	cert := &x509.Certificate{PublicKey: key, NotBefore: now, NotAfter: now}
	ctx := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
	ctx.IdAttribute = s.idName
	ctx.Clock = dsig.NewFakeClockAt(now)
	return ctx.Validate(root)
}

// otherCanonicalizer is for RSA-PSS, which goxmldsig does not know: its canonicalizer must reproduce SignedInfo, and the content
// is compared by the caller; the signature value over SignedInfo was verified by crypto/rsa.
func otherCanonicalizer(root *etree.Element, s signature) (*etree.Element, error) {
	ctx, err := etreeutils.NSBuildParentContext(root)
	if err != nil {
		return nil, err
	}
	sig, err := etreeutils.NSFindOneChildCtx(ctx, root, dsig.Namespace, dsig.SignatureTag)
	if err != nil || sig == nil {
		return nil, dsig.ErrMissingSignature
	}
	if ctx, err = etreeutils.NSBuildParentContext(sig); err != nil {
		return nil, err
	}
	info, err := etreeutils.NSFindOneChildCtx(ctx, sig, dsig.Namespace, dsig.SignedInfoTag)
	if err != nil || info == nil {
		return nil, dsig.ErrInvalidSignature
	}
	if ctx, err = etreeutils.NSBuildParentContext(info); err != nil {
		return nil, err
	}
	if info, err = etreeutils.NSDetatch(ctx, info); err != nil {
		return nil, err
	}
	got, err := otherAlgorithm(s.c14n, "").Canonicalize(info)
	if err != nil {
		return nil, err
	}
	if string(got) != s.bytes {
		return nil, dsig.ErrInvalidSignature
	}
	root.RemoveChild(sig)
	if got, err = otherAlgorithm(s.content, s.prefixList()).Canonicalize(root); err != nil {
		return nil, err
	}
	again := etree.NewDocument()
	err = again.ReadFromBytes(got)
	return again.Root(), err
}

func otherAlgorithm(uri, prefixes string) dsig.Canonicalizer {
	switch uri {
	case InclusiveC14N10:
		return dsig.MakeC14N10RecCanonicalizer()
	case InclusiveC14N11:
		return dsig.MakeC14N11Canonicalizer()
	}
	return dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes)
}

func (s signature) prefixList() string {
	list := ""
	for _, prefix := range s.inclusive {
		list += " " + prefix
	}
	return list
}

// writesCanonical reports whether e is written as exactly these bytes.
func writesCanonical(e *etree.Element, covered string) bool {
	doc := etree.NewDocumentWithRoot(e)
	doc.WriteSettings = etree.WriteSettings{CanonicalEndTags: true, CanonicalText: true, CanonicalAttrVal: true}
	c := comparison{rest: covered, same: true}
	_, err := doc.WriteTo(&c)
	return err == nil && c.same && c.rest == ""
}

// comparison compares what is written to it with rest.
type comparison struct {
	rest string
	same bool
}

func (c *comparison) Write(p []byte) (int, error) {
	if c.same = c.same && len(p) <= len(c.rest) && c.rest[:len(p)] == string(p); c.same {
		c.rest = c.rest[len(p):]
	}
	return len(p), nil
}
