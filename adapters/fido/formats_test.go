package fido_test

import (
	"bytes"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/bridge"
)

// certified are the formats with a certificate that may prove a model.
func certified() []string { return []string{"packed", "tpm", "android-key", "apple"} }

// TestTPMWithRSA: most TPMs attest with a key of RSA.
func TestTPMWithRSA(t *testing.T) {
	a := newAttester(t, "tpm")
	var err error
	if a.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	books := newLibrary(t, model{id: blue, roots: []*x509.Certificate{a.root.cert}, reports: certifiedAs("FIDO_CERTIFIED_L2")})
	d := newDeskWith(t, fido.Policy{Mode: fido.ModeCertified, Minimum: fido.CertifiedL2, MaxAge: time.Hour}, books.file)
	k := a.key(1, "tpm")
	d.enrol(k, d.person)
	if proof, err := d.signIn(k); err != nil || proof.Assurance != 3 || proof.Evidence["ground"] != "certified" {
		t.Errorf("%d for %s, %v", proof.Assurance, proof.Evidence["ground"], err)
	}
}

func newAttester(t testing.TB, format string) attester {
	a := attester{t: t, root: certify(t, nil, authority), model: blue}
	if format == "fido-u2f" {
		a.model = fido.AAGUID{}
	}
	return a
}

func named(id fido.AAGUID) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		value, err := asn1.Marshal(id[:])
		if err != nil {
			panic(err)
		}
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: value})
	}
}

// TestFormats: an honest statement of every format, through the policy: what the key is worth at registration and at sign-in, and why.
func TestFormats(t *testing.T) {
	atLevel := func(level fido.Certification) fido.Policy {
		return fido.Policy{Mode: fido.ModeCertified, Minimum: level, MaxAge: time.Hour, TakeOthers: true}
	}
	listed := fido.Policy{Mode: fido.ModeListed, Models: []fido.Model{{AAGUID: blue, Assurance: 3}}, TakeOthers: true}
	for name, c := range map[string]struct {
		policy fido.Policy
		others bool // another model has the same root
		ours   bool // the root is the policy's, not the metadata's
		named  bool // the certificate names the model
		level  bridge.Assurance
		ground string
	}{
		"model not asked":            {fido.Policy{}, false, false, false, 3, "model_not_asked"},
		"certified":                  {atLevel(fido.CertifiedL2), false, false, false, 3, "certified"},
		"certified to less":          {atLevel(fido.CertifiedL3), false, false, false, 2, "uncertified"},
		"listed":                     {listed, false, false, false, 3, "listed"},
		"of a root of two models":    {atLevel(fido.CertifiedL2), true, false, false, 2, "unattested"},
		"of two, and named":          {atLevel(fido.CertifiedL2), true, false, true, 3, "certified"},
		"of a root of the policy":    {listed, false, true, false, 2, "unattested"},
		"of the policy's, and named": {listed, false, true, true, 3, "listed"},
	} {
		for _, format := range append(certified(), "self", "none", "fido-u2f") {
			t.Run(name+"/"+format, func(t *testing.T) {
				a := newAttester(t, format)
				if c.named {
					a.cert = named(blue)
				}
				level, ground := c.level, c.ground
				if format == "self" || format == "none" || format == "fido-u2f" {
					if c.policy.Mode != "" {
						level, ground = 2, "unattested" // they prove no model
					}
				}
				models := []model{{id: blue, name: "Blue", roots: []*x509.Certificate{a.root.cert}, reports: certifiedAs("FIDO_CERTIFIED_L2")}}
				if c.others {
					models = append(models, model{id: green, roots: []*x509.Certificate{a.root.cert}})
				}
				policy := c.policy
				if c.ours {
					models[0].roots, policy.Roots = nil, []*x509.Certificate{a.root.cert}
				}
				d := newDeskWith(t, policy, newLibrary(t, models...).file)
				k := a.key(1, format)
				d.enrol(k, d.person)
				proof, err := d.signIn(k)
				if err != nil || proof.Assurance != level || proof.Evidence["ground"] != ground {
					t.Fatalf("assurance %d for %s, want %d for %s: %v", proof.Assurance, proof.Evidence["ground"], level, ground, err)
				}
				want := format
				if format == "self" {
					want = "packed"
				}
				if proof.Evidence["attestation"] != want {
					t.Errorf("recorded as %s", proof.Evidence["attestation"])
				}
			})
		}
	}
}

// testPaths: a statement that is sound and leads nowhere proves nothing: refused where a model must be proven, else worth 2.
func testPaths(t *testing.T) {
	strict := fido.Policy{Mode: fido.ModeCertified, Minimum: fido.CertifiedL1, MaxAge: time.Hour}
	for _, format := range certified() {
		t.Run("another root/"+format, func(t *testing.T) {
			a := newAttester(t, format)
			books := newLibrary(t, model{id: blue, roots: []*x509.Certificate{certify(t, nil, authority).cert}, reports: certifiedAs("FIDO_CERTIFIED_L2")})
			unproven(t, strict, books, a, format)
		})
	}
	// Statements of phones come with certificates of days: they count as of the day of registration. Those of other formats are refused
	// once they have run out, see testFormatsRefused.
	for _, format := range []string{"android-key", "apple"} {
		t.Run("run out/"+format, func(t *testing.T) {
			a := newAttester(t, format)
			a.cert = func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Second) }
			books := newLibrary(t, model{id: blue, roots: []*x509.Certificate{a.root.cert}, reports: certifiedAs("FIDO_CERTIFIED_L2")})
			unproven(t, strict, books, a, format)
			a.cert = func(c *x509.Certificate) { c.NotAfter = start.Add(time.Hour) }
			d, k := newDeskWith(t, strict, books.file), a.key(1, format)
			d.enrol(k, d.person)
			d.now = d.now.AddDate(0, 0, 7)
			if proof, err := d.signIn(k); err != nil || proof.Assurance != 3 {
				t.Errorf("proven when it was registered: %d, %v", proof.Assurance, err)
			}
		})
	}
}

func unproven(t *testing.T, strict fido.Policy, books *library, a attester, format string) {
	t.Helper()
	d := newDeskWith(t, strict, books.file)
	_, err := d.tryEnrol(a.key(1, format), d.person)
	refused(t, err, bridge.CredentialUntrusted, "key_model_unattested")
	strict.TakeOthers = true
	d = newDeskWith(t, strict, books.file)
	k := a.key(1, format)
	d.enrol(k, d.person)
	if proof, err := d.signIn(k); err != nil || proof.Assurance != 2 || proof.Evidence["ground"] != "unattested" {
		t.Errorf("%d for %s, %v", proof.Assurance, proof.Evidence["ground"], err)
	}
}

// testFormatsRefused: a statement that breaks its section is refused, whatever the policy asks of models.
func testFormatsRefused(t *testing.T) {
	other := attester{t: t}.ecKey(elliptic.P256())
	flip := func(h []byte) []byte { h[0] ^= 1; return h }
	past := func(c *x509.Certificate) { c.NotAfter = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC) }
	twice := func(c *x509.Certificate) { named(blue)(c); named(blue)(c) }
	empty := func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: []byte{4, 0}})
	}
	drop := func(member string) attester { return attester{statement: func(m map[string]any) { delete(m, member) }} }
	set := func(member string, v any) attester {
		return attester{statement: func(m map[string]any) { m[member] = v }}
	}
	every := map[string]attester{
		"for another registration": {hash: flip},
		"no chain":                 set("x5c", []any{}),
		"a chain that is none":     set("x5c", []any{[]byte{0x30, 0}}),
		"a chain of text":          set("x5c", []any{"x"}),
	}
	naming := map[string]attester{"names another model": {cert: named(green)}, "names a model twice": {cert: twice}, "names no model": {cert: empty}}
	signed := map[string]attester{"signed by another key": {signer: other}, "no signature": drop("sig")}
	for format, tables := range map[string][]map[string]attester{
		"self":        {signed, {"for another registration": {hash: flip}, "algorithm of another key": set("alg", -257), "no algorithm": drop("alg")}},
		"none":        {{"something in it": set("sig", []byte{1})}},
		"packed":      {every, naming, signed, {"run out": {cert: past}, "algorithm of another key": set("alg", -257)}},
		"tpm":         {every, naming, tpmRows(t)},
		"android-key": {every, naming, signed, androidRows(), {"another key in the certificate": {credKey: &other.PublicKey}}},
		"apple":       {every, naming, appleRows(), {"another key in the certificate": {credKey: &other.PublicKey}}},
		"fido-u2f": {every, signed, {
			"run out": {cert: past}, "a model, which nobody signed": {model: blue}, "another key was attested": {credKey: &other.PublicKey},
			"two certificates": {statement: func(m map[string]any) { m["x5c"] = append(m["x5c"].([]any), m["x5c"].([]any)...) }},
		}},
	} {
		for _, rows := range tables {
			for name, row := range rows {
				t.Run(format+"/"+name, func(t *testing.T) { neverEnrolled(t, format, row) })
			}
		}
	}
}

// neverEnrolled tries a statement with every kind of policy, of which none says anything of such statements.
func neverEnrolled(t *testing.T, format string, row attester) {
	honest := newAttester(t, format)
	row.t, row.root = t, honest.root
	if row.model == (fido.AAGUID{}) {
		row.model = honest.model
	}
	books := newLibrary(t, model{id: blue, roots: []*x509.Certificate{row.root.cert}, reports: certifiedAs("FIDO_CERTIFIED_L2")})
	for _, policy := range []fido.Policy{
		{}, {Mode: fido.ModeCertified, Minimum: fido.CertifiedL1, MaxAge: time.Hour, TakeOthers: true, Roots: []*x509.Certificate{row.root.cert}},
	} {
		d := newDeskWith(t, policy, books.file)
		_, err := d.tryEnrol(row.key(1, format), d.person)
		refused(t, err, bridge.CredentialUntrusted, "key_attestation")
		d.enrol(honest.key(2, format), d.person) // it is not the desk's fault
	}
}

func tpmRows(t *testing.T) map[string]attester {
	other := attester{t: t}.ecKey(elliptic.P256())
	names := func(maker string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{attester{t: t}.tpmNames(maker)} }
	}
	rsaArea := func(area *tpm2.TPMTPublic, _ *tpm2.TPMSAttest) {
		area.Type = tpm2.TPMAlgRSA
		area.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgRSA, &tpm2.TPMSRSAParms{
			Symmetric: tpm2.TPMTSymDefObject{Algorithm: tpm2.TPMAlgNull}, Scheme: tpm2.TPMTRSAScheme{Scheme: tpm2.TPMAlgNull}, KeyBits: 2048,
		})
		area.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA, &tpm2.TPM2BPublicKeyRSA{Buffer: bytes.Repeat([]byte{0xc5}, 256)})
	}
	sha := func(_ *tpm2.TPMTPublic, info *tpm2.TPMSAttest) {
		sum := sha1.Sum([]byte("anything"))
		info.ExtraData.Buffer = sum[:]
	}
	set := func(member string, v any) attester {
		return attester{statement: func(m map[string]any) { m[member] = v }}
	}
	return map[string]attester{
		"extraData of another registration": {tpm: func(_ *tpm2.TPMTPublic, i *tpm2.TPMSAttest) { i.ExtraData.Buffer[0] ^= 1 }},
		"no extraData":                      {tpm: func(_ *tpm2.TPMTPublic, i *tpm2.TPMSAttest) { i.ExtraData.Buffer = nil }},
		"extraData of another hash":         {tpm: sha},
		"not made by a TPM":                 {tpm: func(_ *tpm2.TPMTPublic, i *tpm2.TPMSAttest) { i.Magic++ }},
		"a quote":                           {tpm: quote},
		"the name of another key":           {tpm: func(a *tpm2.TPMTPublic, _ *tpm2.TPMSAttest) { a.ObjectAttributes.FixedTPM = false }},
		"an area of another key":            {tpm: rsaArea},
		"an area of another curve":          {tpm: otherCurve},
		"signed by another key":             {signer: other},
		"SHA-1":                             set("alg", -65535),
		"an algorithm nobody knows":         set("alg", -1),
		"TPM 1.2":                           set("ver", "1.2"),
		"no area":                           set("pubArea", []byte{}),
		"no info":                           set("certInfo", []byte{}),
		"run out":                           {cert: func(c *x509.Certificate) { c.NotAfter = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC) }},
		"a certificate with a subject":      {cert: func(c *x509.Certificate) { c.Subject.CommonName = "TPM" }},
		"not for attestation keys":          {cert: func(c *x509.Certificate) { c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{tcg(8, 1)} }},
		"for nothing in particular":         {cert: func(c *x509.Certificate) { c.UnknownExtKeyUsage = nil }},
		"an authority":                      {cert: func(c *x509.Certificate) { c.IsCA = true }},
		"no maker":                          {cert: func(c *x509.Certificate) { c.ExtraExtensions = nil }},
		"a maker nobody knows":              {cert: names("4E4F4E45")},
	}
}

func quote(_ *tpm2.TPMTPublic, i *tpm2.TPMSAttest) {
	i.Type = tpm2.TPMSTAttestQuote
	i.Attested = tpm2.NewTPMUAttest(tpm2.TPMSTAttestQuote, &tpm2.TPMSQuoteInfo{})
}

// otherCurve says of the key that it is on another curve, and keeps the name right.
func otherCurve(area *tpm2.TPMTPublic, info *tpm2.TPMSAttest) {
	area.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{
		Symmetric: tpm2.TPMTSymDefObject{Algorithm: tpm2.TPMAlgNull}, Scheme: tpm2.TPMTECCScheme{Scheme: tpm2.TPMAlgNull},
		CurveID: tpm2.TPMECCNistP384, KDF: tpm2.TPMTKDFScheme{Scheme: tpm2.TPMAlgNull},
	})
	if name, err := tpm2.ObjectName(area); err == nil {
		info.Attested = tpm2.NewTPMUAttest(tpm2.TPMSTAttestCertify, &tpm2.TPMSCertifyInfo{Name: *name})
	}
}

func androidRows() map[string]attester {
	row := func(change func(*description)) attester { return attester{android: change} }
	null := permit(600, asn1.TagNull, 0)
	return map[string]attester{
		"another challenge":          row(func(d *description) { d.Challenge = append([]byte{1}, d.Challenge[1:]...) }),
		"no challenge":               row(func(d *description) { d.Challenge = nil }),
		"for every app":              row(func(d *description) { d.Hardware.AllApplications = null }),
		"for every app, by software": row(func(d *description) { d.Software.AllApplications = null }),
		"imported":                   row(func(d *description) { d.Hardware.Origin = madeBy(2) }),
		"of no origin":               row(func(d *description) { d.Hardware.Origin = asn1.RawValue{} }),
		"made in software":           row(func(d *description) { d.Software.Origin, d.Hardware.Origin = madeBy(0), asn1.RawValue{} }),
		"not for signing":            row(func(d *description) { d.Hardware.Purpose = []int{0, 1} }),
		"for nothing":                row(func(d *description) { d.Hardware.Purpose = nil }),
		"for signing in software":    row(func(d *description) { d.Software.Purpose, d.Hardware.Purpose = d.Hardware.Purpose, nil }),
		"attested by software":       row(func(d *description) { d.Level = 0 }),
		"kept by software":           row(func(d *description) { d.KeyMintLevel = 0 }),
		"no description":             {cert: func(c *x509.Certificate) { c.ExtraExtensions = nil }},
		"two descriptions":           {cert: func(c *x509.Certificate) { c.ExtraExtensions = append(c.ExtraExtensions, c.ExtraExtensions...) }},
		"more behind it":             {cert: func(c *x509.Certificate) { c.ExtraExtensions[0].Value = append(c.ExtraExtensions[0].Value, 5, 0) }},
		"algorithm of another key":   {statement: func(m map[string]any) { m["alg"] = -257 }},
		"an algorithm nobody offers": {statement: func(m map[string]any) { m["alg"] = -35 }},
	}
}

func appleRows() map[string]attester {
	return map[string]attester{
		"another nonce":  {nonce: func(v []byte) []byte { v[len(v)-1] ^= 1; return v }},
		"no nonce":       {cert: func(c *x509.Certificate) { c.ExtraExtensions = nil }},
		"two nonces":     {cert: func(c *x509.Certificate) { c.ExtraExtensions = append(c.ExtraExtensions, c.ExtraExtensions...) }},
		"more behind it": {nonce: func(v []byte) []byte { return append(v, 5, 0) }},
		"a bare nonce":   {nonce: func(v []byte) []byte { return v[4:] }},
	}
}
