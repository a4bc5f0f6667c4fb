package fido_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/adapters/fido/softkey"
	"github.com/lanyard-hub/lanyard/bridge"
)

// testModels: self, none, unknown and zero AAGUID, expired and rolled-back metadata, a wrong root, withdrawn models. TestWorth has the
// table of what a key is worth; here is what must never be let pass.
func testModels(t *testing.T) {
	m := newMaker(t)
	strict := fido.Policy{Mode: fido.ModeCertified, Minimum: fido.CertifiedL2, MaxAge: time.Hour}
	entry := func(reports ...status) model {
		return model{id: blue, name: "Blue", roots: []*x509.Certificate{m.root.cert}, reports: append(certifiedAs("FIDO_CERTIFIED_L2"), reports...)}
	}
	t.Run("zero AAGUID", func(t *testing.T) {
		d := newDeskWith(t, strict, newLibrary(t, entry()).file)
		_, err := d.tryEnrol(m.key(1, fido.AAGUID{}), d.person)
		refused(t, err, bridge.CredentialUntrusted, "key_model_unattested")
	})
	t.Run("expired metadata", func(t *testing.T) {
		d := newDeskWith(t, strict, newLibrary(t, entry()).file)
		d.now = d.now.AddDate(0, 2, 0)
		_, err := d.tryEnrol(m.key(1, blue), d.person)
		refused(t, err, bridge.CredentialUntrusted, "key_model_metadata_stale")
	})
	t.Run("rolled back", func(t *testing.T) {
		books := newLibrary(t, entry())
		old := books.publisher.blob(entry())
		books.publish(entry(status{Status: "REVOKED"}))
		books.write(old)
		if err := books.file.Follow(t.Context()); !errors.Is(err, fido.ErrRolledBack) {
			t.Errorf("taken: %v", err)
		}
		d := newDeskWith(t, strict, books.file)
		_, err := d.tryEnrol(m.key(1, blue), d.person)
		refused(t, err, bridge.CredentialRevoked, "key_model_withdrawn")
	})
	for _, word := range fido.DefaultWithdrawing() {
		t.Run(word, func(t *testing.T) { testWithdrawn(t, m, strict, entry, word) })
	}
	t.Run("denied", func(t *testing.T) {
		d := newDeskWith(t, fido.Policy{Deny: []fido.AAGUID{blue}}, nil)
		bare := softKey(t, 1)
		bare.AAGUID = blue
		_, err := d.tryEnrol(bare, d.person)
		refused(t, err, bridge.CredentialRevoked, "key_model_withdrawn")
		if options, _, err := d.keys.BeginEnrolment(t.Context(), d.person); err != nil || !bytes.Contains(options, []byte(`"attestation":"direct"`)) {
			t.Errorf("a browser would hide the model: %s, %v", options, err)
		}
	})
	t.Run("one batch", func(t *testing.T) { testBatch(t, m, strict) })
}

// testWithdrawn: a key that was enrolled in good faith is refused at its next use, even when the metadata has long run out, and
// the owner is not told more than what to do.
func testWithdrawn(t *testing.T, m *maker, policy fido.Policy, entry func(...status) model, word string) {
	books := newLibrary(t, entry())
	d := newDeskWith(t, policy, books.file)
	k := m.key(1, blue)
	d.enrol(k, d.person)
	if _, err := d.signIn(k); err != nil {
		t.Fatal(err)
	}
	books.publish(entry(status{Status: word, EffectiveDate: "2026-12-01"}))
	if _, err := d.signIn(k); err != nil {
		t.Errorf("refused before the day: %v", err)
	}
	// A later report of something better does not take it back: what runs on a key nobody can see.
	books.publish(entry(status{Status: word, EffectiveDate: "2026-09-01"}, status{Status: "UPDATE_AVAILABLE", EffectiveDate: "2026-09-10"}, status{Status: "FIDO_CERTIFIED_L3", EffectiveDate: "2026-09-20"}))
	d.now = d.now.AddDate(1, 0, 0)
	_, err := d.signIn(k)
	refused(t, err, bridge.CredentialRevoked, "key_model_withdrawn")
	if r := bridge.AsRefusal(err); r.Subject != d.person.UID || r.Evidence["withdrawn_by"] != word {
		t.Errorf("the record does not say whose key, and why: %+v", r)
	}
	_, err = d.tryEnrol(m.key(3, blue), d.person)
	refused(t, err, bridge.CredentialRevoked, "key_model_withdrawn")
	lenient := policy
	lenient.Withdrawing = []string{}
	e := newDeskWith(t, lenient, books.file)
	e.shelf.all = append(e.shelf.all, d.shelf.all...)
	if _, err := e.signIn(k); err != nil {
		t.Errorf("the policy does not withdraw for %s: %v", word, err)
	}
}

// testBatch: a report about one certificate concerns the keys that have it.
func testBatch(t *testing.T, m *maker, policy fido.Policy) {
	books := newLibrary(t, model{id: blue, roots: []*x509.Certificate{m.root.cert}, reports: certifiedAs("FIDO_CERTIFIED_L2")})
	d := newDeskWith(t, policy, books.file)
	leaf := certify(t, m.root, attestationOf(blue))
	bad, good := m.key(1, blue), m.key(2, blue)
	bad.Attest = softkey.Packed(leaf.key, leaf.cert.Raw)
	d.enrol(bad, d.person)
	d.enrol(good, d.person)
	report := status{Status: "ATTESTATION_KEY_COMPROMISE", Certificate: base64.StdEncoding.EncodeToString(leaf.cert.Raw)}
	books.publish(model{id: blue, roots: []*x509.Certificate{m.root.cert}, reports: append(certifiedAs("FIDO_CERTIFIED_L2"), report)})
	_, err := d.signIn(bad)
	refused(t, err, bridge.CredentialRevoked, "key_model_withdrawn")
	if _, err := d.signIn(good); err != nil {
		t.Errorf("a key of another batch: %v", err)
	}
}

// testStatements: an attestation that breaks its section is refused whatever the policy says of models.
func testStatements(t *testing.T) {
	m := newMaker(t)
	wrong := func(change func(*x509.Certificate)) *softkey.Key { return m.key(1, blue, change) }
	statement := func(format string, statement []byte) *softkey.Key {
		k := softKey(t, 1)
		k.Attest = func(_, _ []byte) (string, []byte, error) { return format, statement, nil }
		return k
	}
	aaguid := func(of fido.AAGUID, critical bool) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			attestationOf(of)(c)
			c.ExtraExtensions[0].Critical = critical
		}
	}
	forged := m.key(1, blue)
	honest := forged.Attest
	forged.Attest = func(authData, hash []byte) (string, []byte, error) {
		return honest(authData, bytes.Repeat([]byte{1}, len(hash)))
	}
	stolen := m.key(1, blue)
	stolen.Attest = softkey.Packed(certify(t, m.root, attestationOf(blue)).key, certify(t, m.root, attestationOf(blue)).cert.Raw)
	for name, c := range map[string]struct {
		key  *softkey.Key
		code string
	}{
		"no unit":               {wrong(func(c *x509.Certificate) { c.Subject.OrganizationalUnit = nil }), "key_attestation"},
		"another unit":          {wrong(func(c *x509.Certificate) { c.Subject.OrganizationalUnit = []string{"Web servers"} }), "key_attestation"},
		"no country":            {wrong(func(c *x509.Certificate) { c.Subject.Country = nil }), "key_attestation"},
		"an authority":          {wrong(authority), "key_attestation"},
		"of another model":      {wrong(aaguid(green, false)), "key_attestation"},
		"model is critical":     {wrong(aaguid(blue, true)), "key_attestation"},
		"expired":               {wrong(func(c *x509.Certificate) { c.NotAfter = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC) }), "key_attestation"},
		"for another challenge": {forged, "key_attestation"},
		"by another key":        {stolen, "key_attestation"},
		"safetynet":             {statement("android-safetynet", []byte{0xa0}), "key_attestation_format"},
		"compound":              {statement("compound", []byte{0x80}), "key_attestation_format"},
		"unknown format":        {statement("trust-me", []byte{0xa0}), "key_attestation_format"},
		"none, yet something":   {statement("none", []byte{0xa1, 0x61, 'x', 0x01}), "key_attestation"},
		"TPM without anything":  {statement("tpm", []byte{0xa0}), "key_attestation"},
		"TPM, bad magic":        {statement("tpm", badTPM()), "key_attestation"},
		"Android without chain": {statement("android-key", []byte{0xa0}), "key_attestation"},
		"Apple without chain":   {statement("apple", []byte{0xa0}), "key_attestation"},
		"U2F without chain":     {statement("fido-u2f", []byte{0xa0}), "key_attestation"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, policy := range []fido.Policy{{}, {Mode: fido.ModeCertified, Minimum: fido.CertifiedL1, TakeOthers: true}} {
				d := newDeskWith(t, policy, nil)
				_, err := d.tryEnrol(c.key, d.person)
				refused(t, err, bridge.CredentialUntrusted, c.code)
			}
		})
	}
	testWhoseRoot(t, m)
	testFormatsRefused(t)
	testPaths(t)
}

// badTPM is a statement with certInfo that does not begin with TPM_GENERATED_VALUE (section 8.3).
func badTPM() []byte {
	text := func(s string) []byte { return append([]byte{0x60 | byte(len(s))}, s...) }
	out := append([]byte{0xa6}, text("ver")...)
	out = append(append(out, text("2.0")...), text("alg")...)
	out = append(append(out, 0x26), text("x5c")...)
	out = append(append(out, 0x81, 0x41, 0x30), text("sig")...)
	out = append(append(out, 0x41, 0), text("certInfo")...)
	out = append(append(out, 0x46, 0xde, 0xad, 0xbe, 0xef, 0, 0), text("pubArea")...)
	return append(out, 0x42, 0, 1)
}

// testWhoseRoot: an authority that certifies several models must say in the certificate for which; one of a single model need not.
func testWhoseRoot(t *testing.T, m *maker) {
	silent := func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{} }
	policy := fido.Policy{Mode: fido.ModeCertified, Minimum: fido.CertifiedL1, TakeOthers: true}
	one := model{id: blue, roots: []*x509.Certificate{m.root.cert}, reports: certifiedAs("FIDO_CERTIFIED_L1")}
	two := model{id: green, roots: []*x509.Certificate{m.root.cert}}
	ours := policy
	ours.Roots = []*x509.Certificate{m.root.cert}
	direct := certify(t, nil, attestationOf(blue))
	pinned := softKey(t, 1)
	pinned.AAGUID, pinned.Attest = blue, softkey.Packed(direct.key, direct.cert.Raw)
	for name, c := range map[string]struct {
		policy fido.Policy
		known  []model
		key    *softkey.Key
		proven bool
	}{
		"a root of one model":               {policy, []model{one}, m.key(1, blue, silent), true},
		"a root of two models":              {policy, []model{one, two}, m.key(1, blue, silent), false},
		"of two models, named":              {policy, []model{one, two}, m.key(1, blue), true},
		"of the policy":                     {ours, nil, m.key(1, blue), true},
		"of the policy, silent":             {ours, nil, m.key(1, blue, silent), false},
		"the certificate is its own root":   {policy, []model{{id: blue, roots: []*x509.Certificate{direct.cert}}}, pinned, true},
		"a model twice, perhaps by mistake": {policy, []model{one, one}, m.key(1, blue), false},
	} {
		d := newDeskWith(t, c.policy, newLibrary(t, c.known...).file)
		d.enrol(c.key, d.person)
		if proof, err := d.signIn(c.key); err != nil || (proof.Evidence["attested"] == "true") != c.proven {
			t.Errorf("%s: attested %s, %v", name, proof.Evidence["attested"], err)
		}
	}
}

// testAlgorithms: a credential of an algorithm that was not offered, and points that are on no curve. Weak RSA keys have row 059.
func testAlgorithms(t *testing.T) {
	enrol := func(change func(data []byte) []byte) error {
		d, k := newDesk(t), softKey(t, 1)
		options, state, err := d.keys.BeginEnrolment(t.Context(), d.person)
		if err != nil {
			t.Fatal(err)
		}
		response, err := k.Create(options)
		if err != nil {
			t.Fatal(err)
		}
		if response, err = json.Marshal(withData(t, response, change)); err != nil {
			t.Fatal(err)
		}
		_, err = d.keys.FinishEnrolment(t.Context(), d.person, state, response, d.now)
		return err
	}
	same := func(o []byte) []byte { return o }
	if err := enrol(same); err != nil {
		t.Fatalf("the honest one: %v", err)
	}
	// The COSE key is at the end: a5, kty, alg, crv, x and y.
	at := func(o []byte) []byte { return o[len(o)-77:] }
	for name, change := range map[string]func([]byte){
		"EdDSA":           func(key []byte) { key[4] = 0x27 },
		"ES384":           func(key []byte) { copy(key[3:], []byte{0x03, 0x38}); key[4] = 0x38 },
		"ES256K":          func(key []byte) { key[6] = 8 },
		"P-384":           func(key []byte) { key[6] = 2 },
		"not on a curve":  func(key []byte) { key[len(key)-1] ^= 1 },
		"the point (0,0)": func(key []byte) { clear(key[10:42]); clear(key[45:77]) },
	} {
		err := enrol(func(o []byte) []byte { change(at(o)); return o })
		if err == nil {
			t.Errorf("%s: enrolled", name)
			continue
		}
		if r := bridge.AsRefusal(err); r.Reason != bridge.CredentialUntrusted && r.AuditCode() != "key_response" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
