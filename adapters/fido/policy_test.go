package fido_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/adapters/fido/softkey"
	"github.com/lanyard-hub/lanyard/bridge"
)

// Two models of one maker, and one of nobody.
var (
	blue  = fido.AAGUID{0xb1, 0x0e, 1}
	green = fido.AAGUID{0x94, 0xee, 2}
	plain = fido.AAGUID{0x91, 0xa1, 3}
)

func certifiedAs(level string) []status {
	return []status{{Status: level, EffectiveDate: "2024-01-01"}}
}

// TestWorth: what a key is worth by policy and by what it proves.
func TestWorth(t *testing.T) {
	m := newMaker(t)
	entry := func(id fido.AAGUID, reports ...status) model {
		return model{id: id, name: "Maker " + id.String()[:4], roots: []*x509.Certificate{m.root.cert}, reports: reports}
	}
	listed := fido.Policy{Mode: fido.ModeListed, Models: []fido.Model{{AAGUID: blue, Name: "Blue key", Assurance: 3}, {AAGUID: green, Assurance: 2}}}
	certified := fido.Policy{Mode: fido.ModeCertified, Minimum: fido.CertifiedL2, MaxAge: 24 * time.Hour}
	lenient := func(p fido.Policy) fido.Policy { p.TakeOthers = true; return p }
	attested := func(id fido.AAGUID) func() *softkey.Key { return func() *softkey.Key { return m.key(1, id) } }
	bare := func() *softkey.Key { k := softKey(t, 1); k.AAGUID = blue; return k }
	self := func() *softkey.Key { k := bare(); k.Attest = k.Self; return k }
	synced := func() *softkey.Key { k := m.key(1, blue); k.Flags |= softkey.BackupEligible; return k }
	stranger := func() *softkey.Key { return newMaker(t).key(1, blue) }
	l1, l2 := entry(blue, certifiedAs("FIDO_CERTIFIED_L1")...), entry(blue, certifiedAs("FIDO_CERTIFIED_L2")...)
	lost := entry(blue, status{Status: "FIDO_CERTIFIED_L3", EffectiveDate: "2022-01-01"}, status{Status: "NOT_FIDO_CERTIFIED", EffectiveDate: "2023-01-01"})
	ahead := entry(blue, status{Status: "FIDO_CERTIFIED_L2", EffectiveDate: "2027-01-01"})
	over := entry(blue, status{Status: "FIDO_CERTIFIED_L2", EffectiveDate: "2022-01-01", SunsetDate: "2026-01-01"})
	for name, c := range map[string]struct {
		policy fido.Policy
		known  []model
		key    func() *softkey.Key
		worth  bridge.Assurance // 0: not enrolled
		ground string
	}{
		"nothing asked":                 {fido.Policy{}, nil, bare, 3, "model_not_asked"},
		"nothing asked, synced":         {fido.Policy{}, nil, synced, 2, "synced"},
		"listed":                        {listed, []model{l1}, attested(blue), 3, "listed"},
		"listed lower":                  {listed, []model{entry(green)}, attested(green), 2, "listed"},
		"listed, bare":                  {listed, []model{l1}, bare, 0, "unattested"},
		"listed, bare, lenient":         {lenient(listed), []model{l1}, bare, 2, "unattested"},
		"listed, vouches for itself":    {lenient(listed), []model{l1}, self, 2, "unattested"},
		"listed, of another maker":      {lenient(listed), []model{l1}, stranger, 2, "unattested"},
		"not listed":                    {listed, []model{entry(plain)}, attested(plain), 0, "unlisted"},
		"not listed, lenient":           {lenient(listed), []model{entry(plain)}, attested(plain), 2, "unlisted"},
		"listed, synced":                {lenient(listed), []model{l1}, synced, 2, "synced"},
		"synced":                        {listed, []model{l1}, synced, 0, "synced"},
		"certified":                     {certified, []model{l2}, attested(blue), 3, "certified"},
		"certified too low":             {certified, []model{l1}, attested(blue), 0, "uncertified"},
		"certified too low, lenient":    {lenient(certified), []model{l1}, attested(blue), 2, "uncertified"},
		"certified once":                {certified, []model{lost}, attested(blue), 0, "uncertified"},
		"certified from later":          {certified, []model{ahead}, attested(blue), 0, "uncertified"},
		"certified until earlier":       {certified, []model{over}, attested(blue), 0, "uncertified"},
		"certified, not in metadata":    {certified, []model{entry(green)}, attested(blue), 0, "unattested"},
		"certified, of another maker":   {certified, []model{l2}, stranger, 0, "unattested"},
		"certified, bare, lenient":      {lenient(certified), []model{l2}, bare, 2, "unattested"},
		"certified, synced, lenient":    {lenient(certified), []model{l2}, synced, 2, "synced"},
		"certified or listed, it is so": {fido.Policy{Mode: fido.ModeCertified, Minimum: fido.CertifiedL2, Models: listed.Models}, []model{l1}, attested(blue), 3, "listed"},
	} {
		t.Run(name, func(t *testing.T) {
			shelf := newLibrary(t, c.known...)
			d := newDeskWith(t, c.policy, shelf.file)
			k := c.key()
			a, err := d.tryEnrol(k, d.person)
			if c.worth == 0 {
				refused(t, err, bridge.CredentialUntrusted, "key_model_"+c.ground)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			a.ID = "key"
			d.shelf.all = append(d.shelf.all, a)
			proof, err := d.signIn(k)
			if err != nil || proof.Assurance != c.worth || proof.Evidence["ground"] != c.ground {
				t.Errorf("assurance %d on the ground %q, %v; want %d, %q", proof.Assurance, proof.Evidence["ground"], err, c.worth, c.ground)
			}
		})
	}
}

// TestPolicyOfNow: the assurance follows policy and metadata of the day, not of the enrolment, and strictness never locks out.
func TestPolicyOfNow(t *testing.T) {
	m := newMaker(t)
	entry := func(reports ...status) model {
		return model{id: blue, name: "Blue", roots: []*x509.Certificate{m.root.cert}, reports: reports}
	}
	certified := fido.Policy{Mode: fido.ModeCertified, Minimum: fido.CertifiedL2, MaxAge: 10 * 24 * time.Hour}
	keep := certified
	keep.KeepStale = true

	books := newLibrary(t, entry(certifiedAs("FIDO_CERTIFIED_L2")...))
	d := newDeskWith(t, certified, books.file)
	k := m.key(1, blue)
	d.enrol(k, d.person)
	after := func(what string, policy fido.Policy, file *fido.MetadataFile, worth bridge.Assurance, standing bridge.Standing) {
		t.Helper()
		e := newDeskWith(t, policy, file)
		e.now, e.shelf.all = d.now, slices.Clone(d.shelf.all)
		proof, err := e.signIn(k)
		if err != nil || proof.Assurance != worth || proof.Standing != standing {
			t.Errorf("%s: assurance %d, metadata %q, %v; want %d, %q", what, proof.Assurance, proof.Standing, err, worth, standing)
		}
	}
	after("as enrolled", certified, books.file, 3, bridge.StandingFresh)
	higher := certified
	higher.Minimum = fido.CertifiedL3
	after("more asked for", higher, books.file, 2, bridge.StandingFresh)
	after("only others listed", fido.Policy{Mode: fido.ModeListed, Models: []fido.Model{{AAGUID: green, Assurance: 3}}}, books.file, 2, bridge.StandingFresh)
	after("no metadata", certified, emptyLibrary(t), 2, bridge.StandingUnknown)
	after("no metadata, kept", keep, emptyLibrary(t), 3, bridge.StandingUnknown)

	d.now = time.Date(2026, 11, 1, 23, 59, 0, 0, time.UTC)
	after("the last day", certified, books.file, 3, bridge.StandingFresh)
	d.now = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	after("late", certified, books.file, 3, bridge.StandingStale)
	d.now = time.Date(2026, 11, 11, 0, 0, 0, 0, time.UTC)
	after("too late", certified, books.file, 2, bridge.StandingUnknown)
	after("too late, kept", keep, books.file, 3, bridge.StandingUnknown)

	d.now = start
	books.publish(entry(append(certifiedAs("FIDO_CERTIFIED_L2"), status{Status: "FIDO_CERTIFIED_L1", EffectiveDate: "2026-09-01"})...))
	after("certified lower", certified, books.file, 2, bridge.StandingFresh)
}

// TestProvenLater: a key that could not be judged when it was enrolled is judged when it can be; so is one whose record an older program wrote.
func TestProvenLater(t *testing.T) {
	m := newMaker(t)
	policy := fido.Policy{Mode: fido.ModeCertified, Minimum: fido.CertifiedL1, MaxAge: time.Hour, TakeOthers: true}
	books := newLibrary(t)
	d := newDeskWith(t, policy, books.file)
	k := m.key(1, blue)
	d.enrol(k, d.person)
	if proof, err := d.signIn(k); err != nil || proof.Assurance != 2 {
		t.Fatalf("of an unknown model: %d, %v", proof.Assurance, err)
	}
	books.publish(model{id: blue, name: "Blue", roots: []*x509.Certificate{m.root.cert}, reports: certifiedAs("FIDO_CERTIFIED_L1")})
	for range 2 {
		if proof, err := d.signIn(k); err != nil || proof.Assurance != 3 {
			t.Errorf("known by now: %d, %v", proof.Assurance, err)
		}
		record := map[string]json.RawMessage{}
		if err := json.Unmarshal(d.shelf.all[0].Record, &record); err != nil || !bytes.Contains(record["lanyard_model"], []byte(`"attested":true`)) {
			t.Errorf("record %s, %v", d.shelf.all[0].Record, err)
		}
		delete(record, "lanyard_model") // as an older program leaves it
		d.shelf.all[0].Record, _ = json.Marshal(record)
	}
}

// TestEvidence: what a decision relied upon goes into the record, and nothing of the person.
func TestEvidence(t *testing.T) {
	m := newMaker(t)
	books := newLibrary(t, model{id: blue, name: "Blue", roots: []*x509.Certificate{m.root.cert}, reports: certifiedAs("FIDO_CERTIFIED_L2")})
	d := newDeskWith(t, fido.Policy{Mode: fido.ModeCertified, Minimum: fido.CertifiedL2}, books.file)
	k := m.key(1, blue)
	options, state, err := d.keys.BeginEnrolment(t.Context(), d.person)
	if err != nil || !bytes.Contains(options, []byte(`"attestation":"direct"`)) {
		t.Fatalf("options %s, %v", options, err)
	}
	response, err := k.Create(options)
	if err != nil {
		t.Fatal(err)
	}
	made, err := d.keys.FinishEnrolment(t.Context(), d.person, state, response, d.now)
	if err != nil || made.Model != "Blue" || made.Assurance != 3 {
		t.Fatalf("enrolled %+v, %v", made, err)
	}
	d.shelf.all = append(d.shelf.all, made.Authenticator)
	proof, err := d.signIn(k)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"aaguid": strings.ReplaceAll(blue.String(), "-", ""), "attestation": "packed", "attested": "true", "certification": "FIDO_CERTIFIED_L2",
		"metadata": "fresh", "metadata_no": "7", "backup_eligible": "false", "backup_state": "false", "ground": "certified", "sign_count": "1",
	} {
		if proof.Evidence[name] != want {
			t.Errorf("%s is %q, want %q", name, proof.Evidence[name], want)
		}
	}
	for name, value := range proof.Evidence {
		if strings.Contains(value, d.person.UID) || strings.Contains(value, "Patel") {
			t.Errorf("%s tells who it was: %q", name, value)
		}
	}
}
