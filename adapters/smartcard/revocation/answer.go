package revocation

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // an identifier of a public key, RFC 6960, section 4.2.1
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// MaxAnswer bounds an OCSP answer, in bytes.
const MaxAnswer = 64 << 10

// ErrAnswer is returned for an OCSP answer that must not be used.
var ErrAnswer = errors.New("revocation: OCSP answer is not acceptable")

// oidNoCheck is id-pkix-ocsp-nocheck (RFC 6960, section 4.2.2.2.1).
var oidNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}

// answer is one verified OCSP answer about one certificate.
type answer struct {
	status     int // ocsp.Good, ocsp.Revoked or ocsp.Unknown
	thisUpdate time.Time
	nextUpdate time.Time // zero: it does not say
	producedAt time.Time
	responder  string // SHA-256 over the public key that signed it, in hex
}

func (a *answer) evidence() Evidence {
	if a == nil {
		return Evidence{}
	}
	return Evidence{
		Source: SourceAnswer, Revoked: a.status == ocsp.Revoked, Unheard: a.status == ocsp.Unknown,
		ThisUpdate: a.thisUpdate, NextUpdate: a.nextUpdate, ProducedAt: a.producedAt, Responder: a.responder,
	}
}

// response is an answer under examination.
type response struct {
	*ocsp.Response
	subject certID
	signer  *x509.Certificate // whose key the signature was made with: the issuer, or whom it delegated to
	issuer  *x509.Certificate
	now     time.Time
	stands  func(*big.Int) Decision // how a delegate's certificate stands by other evidence than this
}

// certID names a certificate (RFC 6960, section 4.1.1).
type certID struct {
	Hash   pkix.AlgorithmIdentifier
	Name   []byte
	Key    []byte
	Number *big.Int
}

// parseAnswer reads an answer about exactly one certificate and does not yet believe it.
func parseAnswer(raw []byte) (*response, error) {
	if len(raw) > MaxAnswer {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrAnswer, MaxAnswer)
	}
	parsed, err := ocsp.ParseResponse(raw, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	// What the library leaves out: of whom the answer speaks, and extensions of the answer as a whole.
	var data struct {
		Version   int `asn1:"optional,default:0,explicit,tag:0"`
		Responder asn1.RawValue
		Produced  time.Time `asn1:"generalized"`
		Singles   []struct {
			ID     certID
			Status asn1.RawValue
			This   time.Time        `asn1:"generalized"`
			Next   time.Time        `asn1:"generalized,explicit,tag:0,optional"`
			More   []pkix.Extension `asn1:"explicit,tag:1,optional"`
		}
		More []pkix.Extension `asn1:"explicit,tag:1,optional"`
	}
	if rest, err := asn1.Unmarshal(parsed.TBSResponseData, &data); err != nil || len(rest) > 0 || len(data.Singles) != 1 || data.Version != 0 {
		return nil, fmt.Errorf("%w: it is not about one certificate", ErrAnswer)
	}
	for _, e := range data.More {
		if e.Critical {
			return nil, fmt.Errorf("%w: critical extension %s", ErrAnswer, e.Id)
		}
	}
	return &response{Response: parsed, subject: data.Singles[0].ID}, nil
}

// about reports whether the answer is about a certificate of the issuer: name and key, not the name alone.
func (r *response) about(issuer *x509.Certificate) bool {
	key, err := publicKey(issuer)
	if err != nil || !r.IssuerHash.Available() {
		return false
	}
	sum := func(b []byte) []byte {
		h := r.IssuerHash.New()
		h.Write(b)
		return h.Sum(nil)
	}
	return bytes.Equal(r.subject.Name, sum(issuer.RawSubject)) && bytes.Equal(r.subject.Key, sum(key))
}

// publicKey is the bits of a certificate's public key.
func publicKey(c *x509.Certificate) ([]byte, error) {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	_, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &spki)
	return spki.Key.RightAlign(), err
}

// accept believes the answer, or says why not.
func (r *response) accept() (*answer, error) {
	for _, rule := range answerRules() {
		if why := rule.check(r); why != "" {
			return nil, fmt.Errorf("%w: %s: %s", ErrAnswer, rule.name, why)
		}
	}
	sum := sha256.Sum256(r.signer.RawSubjectPublicKeyInfo)
	return &answer{
		status: r.Status, thisUpdate: r.ThisUpdate, nextUpdate: r.NextUpdate, producedAt: r.ProducedAt, responder: hex.EncodeToString(sum[:]),
	}, nil
}

// answerRule is one requirement on an answer. It returns what is wrong, empty when it holds.
type answerRule struct {
	name  string
	check func(*response) string
}

// answerRules is what makes an answer good (RFC 6960, section 3.2), in order.
func answerRules() []answerRule {
	return []answerRule{
		{"signature", (*response).signed},
		{"responder", (*response).named},
		{"delegation", (*response).delegated},
		{"delegate not revoked", (*response).delegateStands},
		{"dates", (*response).dated},
	}
}

// signed finds the key that made the signature: the issuer's, or the one of the certificate inside.
func (r *response) signed() string {
	if _, err := signingOf(r.SignatureAlgorithm); err != nil {
		return "algorithm " + r.SignatureAlgorithm.String()
	}
	if r.signer = r.Certificate; r.signer == nil || bytes.Equal(r.signer.RawSubjectPublicKeyInfo, r.issuer.RawSubjectPublicKeyInfo) {
		r.signer = r.issuer
	}
	if err := r.CheckSignatureFrom(r.signer); err != nil {
		return err.Error()
	}
	return ""
}

// named compares the signer with whom the answer names.
func (r *response) named() string {
	key, err := publicKey(r.signer)
	sum := sha1.Sum(key) //nolint:gosec // as above
	if err != nil || !bytes.Equal(r.RawResponderName, r.signer.RawSubject) && !bytes.Equal(r.ResponderKeyHash, sum[:]) {
		return "it names another one than signed it"
	}
	return ""
}

// delegated wants a delegate that the issuer itself certified for this and nobody in between (RFC 6960, section 4.2.2.2).
func (r *response) delegated() string {
	d := r.signer
	if d == r.issuer {
		return ""
	}
	_, err := signingOf(d.SignatureAlgorithm)
	switch {
	case err != nil:
		return "its certificate is signed with " + d.SignatureAlgorithm.String()
	case !bytes.Equal(d.RawIssuer, r.issuer.RawSubject) || r.issuer.CheckSignature(d.SignatureAlgorithm, d.RawTBSCertificate, d.Signature) != nil:
		return "its certificate is not of this issuer"
	case !slices.Contains(d.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return "its certificate is not for signing answers"
	case d.IsCA || d.KeyUsage != 0 && d.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return "its certificate is not for signatures"
	case len(d.UnhandledCriticalExtensions) > 0:
		return "its certificate has a critical extension that is not understood"
	case r.now.Before(d.NotBefore) || r.now.After(d.NotAfter):
		return "its certificate is out of its dates"
	}
	return ""
}

// delegateStands: a delegate's certificate says by id-pkix-ocsp-nocheck that nobody needs to look; else a fresh list must show that
// it was not revoked. One that is on a list is refused either way.
func (r *response) delegateStands() string {
	if r.signer == r.issuer {
		return ""
	}
	noCheck := slices.ContainsFunc(r.signer.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidNoCheck) })
	d := r.stands(r.signer.SerialNumber)
	switch {
	case d.Evidence.Revoked:
		return "its certificate was revoked"
	case !noCheck && height(d.Standing) == 0:
		return "its certificate has no id-pkix-ocsp-nocheck, and no list says that it was not revoked"
	}
	return ""
}

// dated refuses what comes from the future. How old it may be is for the policy to say.
func (r *response) dated() string {
	latest := r.now.Add(skew)
	switch {
	case r.ThisUpdate.IsZero() || r.ThisUpdate.After(latest) || r.ProducedAt.After(latest):
		return "it is from the future"
	case !r.NextUpdate.IsZero() && !r.NextUpdate.After(r.ThisUpdate):
		return "nextUpdate is not after thisUpdate"
	}
	return ""
}

// request asks for a certificate (RFC 6960, section 4.1.1; SHA-1 as RFC 5019, section 2.1.1, wants it: it names, it protects nothing).
// It has no nonce: answers are asked for ahead of time and bounded by their dates, and many responders sign them ahead of time too.
func request(issuer *x509.Certificate, number *big.Int) ([]byte, error) {
	return ocsp.CreateRequest(&x509.Certificate{SerialNumber: number}, issuer, nil)
}
