package fido_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/google/go-tpm/tpm2"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/adapters/fido/softkey"
)

// attester makes keys that attest in one format (WebAuthn Level 3, section 8), honestly unless a member says otherwise.
type attester struct {
	t         testing.TB
	root      *holder
	model     fido.AAGUID
	cert      func(*x509.Certificate) // of the attestation certificate, before it is signed
	hash      func([]byte) []byte     // the client data hash that was attested
	credKey   *ecdsa.PublicKey        // that was attested instead of the credential's
	signer    crypto.Signer           // that signs instead
	statement func(map[string]any)    // before it is encoded
	tpm       func(*tpm2.TPMTPublic, *tpm2.TPMSAttest)
	android   func(*description)
	nonce     func([]byte) []byte // the extension with it
	rsa       *rsa.PrivateKey     // attestation key of a TPM; nil: one of P-256
}

// registration is what there is to attest.
type registration struct {
	authData, hash []byte
	key            *ecdsa.PublicKey
	private        *ecdsa.PrivateKey
}

func (r registration) signed() []byte { return append(append([]byte{}, r.authData...), r.hash...) }

// key makes a key of a format.
func (a attester) key(seed byte, format string) *softkey.Key {
	k := softKey(a.t, seed)
	k.AAGUID = a.model
	k.Attest = func(authData, hash []byte) (string, []byte, error) {
		list := k.Credentials()
		private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), list[len(list)-1].Scalar)
		if err != nil {
			return "", nil, err
		}
		r := registration{authData, hash, &private.PublicKey, private}
		if a.hash != nil {
			r.hash = a.hash(append([]byte{}, hash...))
		}
		if a.credKey != nil {
			r.key = a.credKey
		}
		made := map[string]func(registration) map[string]any{
			"none": func(registration) map[string]any { return map[string]any{} }, "self": a.self, "packed": a.packed, "tpm": a.tpmStatement,
			"android-key": a.androidStatement, "apple": a.appleStatement, "fido-u2f": a.u2f,
		}[format](r)
		if a.statement != nil {
			a.statement(made)
		}
		encoded, err := webauthncbor.Marshal(made)
		if format == "self" {
			format = "packed"
		}
		return format, encoded, err
	}
	return k
}

// issue makes an attestation certificate for a key.
func (a attester) issue(public crypto.PublicKey, change func(*x509.Certificate)) []byte {
	a.t.Helper()
	number, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: number, NotBefore: certsFrom, NotAfter: certsUntil, BasicConstraintsValid: true}
	change(c)
	if a.cert != nil {
		a.cert(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.root.cert, public, a.root.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return der
}

func (a attester) sign(honest crypto.Signer, message []byte) []byte {
	a.t.Helper()
	if a.signer != nil {
		honest = a.signer
	}
	digest := sha256.Sum256(message)
	signature, err := honest.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		a.t.Fatal(err)
	}
	return signature
}

func (a attester) ecKey(c elliptic.Curve) *ecdsa.PrivateKey {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

func (a attester) self(r registration) map[string]any {
	return map[string]any{"alg": -7, "sig": a.sign(r.private, r.signed())}
}

func (a attester) packed(r registration) map[string]any {
	key := a.ecKey(elliptic.P256())
	leaf := a.issue(key.Public(), func(c *x509.Certificate) {
		c.Subject = pkix.Name{
			Country: []string{"GB"}, Organization: []string{"Maker"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Maker's key",
		}
	})
	return map[string]any{"alg": -7, "sig": a.sign(key, r.signed()), "x5c": []any{leaf}}
}

// u2f signs what a U2F key answers when it registers (section 8.6).
func (a attester) u2f(r registration) map[string]any {
	key := a.ecKey(elliptic.P256())
	leaf := a.issue(key.Public(), func(c *x509.Certificate) { c.Subject.CommonName = "U2F key 1" })
	point, err := r.key.Bytes()
	if err != nil {
		a.t.Fatal(err)
	}
	message := append([]byte{0}, r.authData[:32]...) // rpIdHash
	message = append(append(message, r.hash...), r.credentialID()...)
	return map[string]any{"sig": a.sign(key, append(message, point...)), "x5c": []any{leaf}}
}

// credentialID is behind the fixed part and the AAGUID, with its length.
func (r registration) credentialID() []byte {
	rest := r.authData[32+1+4+16:]
	return rest[2 : 2+(int(rest[0])<<8|int(rest[1]))]
}

// identifiers of the attributes by which a TPM says who made it, and of what its certificate is for (section 8.3.1).
func tcg(arcs ...int) asn1.ObjectIdentifier {
	return append(asn1.ObjectIdentifier{2, 23, 133}, arcs...)
}

// tpmNames is the subject alternative name of an attestation key's certificate.
func (a attester) tpmNames(maker string) pkix.Extension {
	a.t.Helper()
	name := pkix.RDNSequence{{
		{Type: tcg(2, 1), Value: "id:" + maker}, {Type: tcg(2, 2), Value: "Model"}, {Type: tcg(2, 3), Value: "id:00010002"},
	}}
	directory, err := asn1.Marshal(name)
	if err != nil {
		a.t.Fatal(err)
	}
	value, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: directory}})
	if err != nil {
		a.t.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true, Value: value}
}

// tpmStatement certifies the credential's key as a TPM does with its attestation key (section 8.3).
func (a attester) tpmStatement(r registration) map[string]any {
	var aik crypto.Signer = a.ecKey(elliptic.P256())
	algorithm := -7
	if a.rsa != nil {
		aik, algorithm = a.rsa, -257
	}
	leaf := a.issue(aik.Public(), func(c *x509.Certificate) {
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{tcg(8, 3)}
		c.ExtraExtensions = []pkix.Extension{a.tpmNames("49465800")} // Infineon
	})
	point, err := r.key.Bytes()
	if err != nil {
		a.t.Fatal(err)
	}
	area := &tpm2.TPMTPublic{
		Type: tpm2.TPMAlgECC, NameAlg: tpm2.TPMAlgSHA256,
		ObjectAttributes: tpm2.TPMAObject{FixedTPM: true, FixedParent: true, SensitiveDataOrigin: true, UserWithAuth: true, SignEncrypt: true},
		Parameters: tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{
			Symmetric: tpm2.TPMTSymDefObject{Algorithm: tpm2.TPMAlgNull}, Scheme: tpm2.TPMTECCScheme{Scheme: tpm2.TPMAlgNull},
			CurveID: tpm2.TPMECCNistP256, KDF: tpm2.TPMTKDFScheme{Scheme: tpm2.TPMAlgNull},
		}),
		Unique: tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{X: tpm2.TPM2BECCParameter{Buffer: point[1:33]}, Y: tpm2.TPM2BECCParameter{Buffer: point[33:]}}),
	}
	name, err := tpm2.ObjectName(area)
	if err != nil {
		a.t.Fatal(err)
	}
	extra := sha256.Sum256(r.signed())
	info := &tpm2.TPMSAttest{
		Magic: tpm2.TPMGeneratedValue, Type: tpm2.TPMSTAttestCertify, ExtraData: tpm2.TPM2BData{Buffer: extra[:]},
		Attested: tpm2.NewTPMUAttest(tpm2.TPMSTAttestCertify, &tpm2.TPMSCertifyInfo{Name: *name, QualifiedName: tpm2.TPM2BName{Buffer: name.Buffer}}),
	}
	if a.tpm != nil {
		a.tpm(area, info)
	}
	certInfo := tpm2.Marshal(info)
	return map[string]any{
		"ver": "2.0", "alg": algorithm, "x5c": []any{leaf}, "sig": a.sign(aik, certInfo), "certInfo": certInfo, "pubArea": tpm2.Marshal(area),
	}
}

// description is the part of Android's key description that matters (section 8.4.1).
type description struct {
	Version        int
	Level          asn1.Enumerated
	KeyMintVersion int
	KeyMintLevel   asn1.Enumerated
	Challenge      []byte
	UniqueID       []byte
	Software       permits
	Hardware       permits
}

// permits is an authorization list, with a member that no rule asks for.
type permits struct {
	Purpose         []int         `asn1:"tag:1,explicit,set,optional"`
	Algorithm       int           `asn1:"tag:2,explicit,optional"`
	AllApplications asn1.RawValue `asn1:"optional"`
	Origin          asn1.RawValue `asn1:"optional"`
	Module          []byte        `asn1:"tag:724,explicit,optional"`
}

// permit is a member of an authorization list, which is there also when it is 0.
func permit(tag int, element ...byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: element}
}

func madeBy(n byte) asn1.RawValue { return permit(702, asn1.TagInteger, 1, n) }

// androidStatement is of a key made in a trusted execution environment.
func (a attester) androidStatement(r registration) map[string]any {
	d := &description{
		Version: 300, Level: 1, KeyMintVersion: 300, KeyMintLevel: 1, Challenge: r.hash, UniqueID: []byte{},
		Software: permits{Module: []byte{1}}, Hardware: permits{Purpose: []int{2, 3}, Algorithm: 3, Origin: madeBy(0)},
	}
	if a.android != nil {
		a.android(d)
	}
	value, err := asn1.Marshal(*d)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf := a.issue(r.key, func(c *x509.Certificate) {
		c.Subject.CommonName = "Android Keystore Key"
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}, Value: value}}
	})
	return map[string]any{"alg": -7, "sig": a.sign(r.private, r.signed()), "x5c": []any{leaf}}
}

// appleStatement is of a certificate that was made for one registration (section 8.8).
func (a attester) appleStatement(r registration) map[string]any {
	nonce := sha256.Sum256(r.signed())
	value, err := asn1.Marshal(struct {
		Nonce []byte `asn1:"tag:1,explicit"`
	}{nonce[:]})
	if err != nil {
		a.t.Fatal(err)
	}
	if a.nonce != nil {
		value = a.nonce(value)
	}
	leaf := a.issue(r.key, func(c *x509.Certificate) {
		c.Subject.OrganizationalUnit = []string{"AAA Certification"}
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}, Value: value}}
	})
	return map[string]any{"x5c": []any{leaf}}
}
