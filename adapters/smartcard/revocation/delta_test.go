package revocation

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/bridge"
)

// testDeltas lists what a delta may be taken together with (RFC 5280, section 5.2.4).
func testDeltas(t *testing.T) {
	issuer := newCA(t, nil, "Root", nil)
	remove := func(l *x509.RevocationList) *x509.RevocationList {
		l.RevokedCertificateEntries[0].ReasonCode = removeFromCRL
		return l
	}
	user := func(l *x509.RevocationList) *x509.RevocationList {
		l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{Id: oidDistributionPoint, Critical: true, Value: []byte{0x30, 3, 0x81, 1, 0xff}})
		return l
	}
	for name, c := range map[string]struct {
		lists    []*x509.RevocationList
		serial   int64
		revoked  bool
		standing bridge.Standing
		delta    string
	}{
		"added":                        {[]*x509.RevocationList{listTemplate(5), delta(listTemplate(7, 77), 4)}, 77, true, bridge.StandingFresh, "7"},
		"not in either":                {[]*x509.RevocationList{listTemplate(5), delta(listTemplate(7, 77), 5)}, 78, false, bridge.StandingFresh, "7"},
		"taken back":                   {[]*x509.RevocationList{listTemplate(5, 77), remove(delta(listTemplate(7, 77), 5))}, 77, false, bridge.StandingFresh, "7"},
		"in the complete list alone":   {[]*x509.RevocationList{listTemplate(5, 77), delta(listTemplate(7, 78), 5)}, 77, true, bridge.StandingFresh, "7"},
		"delta first":                  {[]*x509.RevocationList{delta(listTemplate(7, 77), 5), listTemplate(5)}, 77, true, bridge.StandingFresh, "7"},
		"base is newer than the list":  {[]*x509.RevocationList{listTemplate(5, 77), remove(delta(listTemplate(7, 77), 6))}, 77, true, bridge.StandingFresh, ""},
		"list is newer than the delta": {[]*x509.RevocationList{remove(delta(listTemplate(7, 77), 5)), listTemplate(8, 77)}, 77, true, bridge.StandingFresh, ""},
		"list is the delta's own":      {[]*x509.RevocationList{remove(delta(listTemplate(7, 77), 5)), listTemplate(7, 77)}, 77, true, bridge.StandingFresh, ""},
		"another scope":                {[]*x509.RevocationList{listTemplate(5, 77), user(remove(delta(listTemplate(7, 77), 5)))}, 77, true, bridge.StandingFresh, ""},
		"the same scope":               {[]*x509.RevocationList{user(listTemplate(5, 77)), user(remove(delta(listTemplate(7, 77), 5)))}, 77, false, bridge.StandingFresh, "7"},
		"alone, not in it":             {[]*x509.RevocationList{delta(listTemplate(7, 77), 5)}, 78, false, bridge.StandingUnknown, ""},
		"alone, and in it":             {[]*x509.RevocationList{delta(listTemplate(7, 77), 5)}, 77, true, bridge.StandingFresh, "7"},
		"does not fit, and in it":      {[]*x509.RevocationList{listTemplate(5), delta(listTemplate(7, 77), 6)}, 77, true, bridge.StandingFresh, ""},
		"older delta after a newer":    {[]*x509.RevocationList{listTemplate(5), delta(listTemplate(7, 77), 5), delta(listTemplate(6), 5)}, 77, true, bridge.StandingFresh, "7"},
	} {
		var file []byte
		for _, l := range c.lists {
			file = append(file, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: issuer.list(t, l)})...)
		}
		got := newDesk(t, file, ladder, nil, issuer).decide(issuer, c.serial)
		if got.Evidence.Revoked != c.revoked || got.Standing != c.standing || got.Evidence.Delta != c.delta {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestDatesOfDeltas: a delta within its dates makes an old list fresh; one past them does not make the list worse.
func TestDatesOfDeltas(t *testing.T) {
	issuer := newCA(t, nil, "Root", nil)
	base := listTemplate(5)
	base.ThisUpdate, base.NextUpdate = start.Add(-40*time.Hour), start.Add(100*time.Hour)
	late := delta(listTemplate(7, 77), 5)
	late.NextUpdate = start.Add(time.Hour)
	file := append(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: issuer.list(t, base)}), pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: issuer.list(t, late)})...)
	d := newDesk(t, file, Policy{Mode: ModeLists, Fresh: 12 * time.Hour, Stale: 41 * time.Hour}, nil, issuer)
	for _, c := range []struct {
		at   time.Duration
		want bridge.Standing
	}{{0, bridge.StandingFresh}, {time.Hour, bridge.StandingFresh}, {time.Hour + time.Second, bridge.StandingUnknown}} {
		d.now = start.Add(c.at)
		if got := d.decide(issuer, 78); got.Standing != c.want {
			t.Errorf("%s: %+v", c.at, got)
		}
	}
	d.now = start.Add(30 * time.Minute)
	base.NextUpdate = start.Add(10 * time.Minute) // past its own date, and the delta is within it
	d.write(append(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: issuer.list(t, base)}), pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: issuer.list(t, late)})...))
	d.Refresh(t.Context())
	if got := d.decide(issuer, 78); got.Standing != bridge.StandingFresh || !got.Evidence.ThisUpdate.Equal(late.ThisUpdate) {
		t.Errorf("%+v", got)
	}
}

// TestDeltaEqualsComplete: a complete list with its delta says what the complete list of the delta's moment would say.
func TestDeltaEqualsComplete(t *testing.T) {
	issuer := newCA(t, nil, "Root", nil)
	rapid.Check(t, func(r *rapid.T) {
		before := rapid.SliceOfDistinct(rapid.Int64Range(0, 40), func(n int64) int64 { return n }).Draw(r, "before")
		after := rapid.SliceOfDistinct(rapid.Int64Range(0, 40), func(n int64) int64 { return n }).Draw(r, "after")
		was, is := map[int64]bool{}, map[int64]bool{}
		for _, n := range before {
			was[n] = true
		}
		for _, n := range after {
			is[n] = true
		}
		change := listTemplate(9)
		for n := int64(0); n <= 40; n++ {
			switch {
			case is[n] && !was[n]:
				change.RevokedCertificateEntries = append(change.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(n), RevocationTime: start})
			case was[n] && !is[n]:
				change.RevokedCertificateEntries = append(change.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(n), RevocationTime: start, ReasonCode: removeFromCRL})
			}
		}
		p := pair{}
		for _, l := range []*x509.RevocationList{listTemplate(5, before...), delta(change, 5)} {
			held, _, err := readList(bytesOf(issuer.list(t, l)), []*x509.Certificate{issuer.cert})
			if err != nil {
				r.Fatal(err)
			}
			if p, err = p.with(held, mark{}); err != nil {
				r.Fatal(err)
			}
		}
		for n := int64(0); n <= 40; n++ {
			number, _ := octets(big.NewInt(n))
			if e := p.look(number, start); e.Revoked != is[n] {
				r.Errorf("%d: revoked %v, want %v", n, e.Revoked, is[n])
			}
		}
	})
}
