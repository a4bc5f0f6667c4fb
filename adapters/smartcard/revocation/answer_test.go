package revocation

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/lanyard-hub/lanyard/bridge"
)

var answering = Policy{Mode: ModeAnswers, Fresh: 24 * time.Hour, Stale: 72 * time.Hour}

// newAsking opens a Cache that asks a responder, and has asked it once about card 77.
func newAsking(t *testing.T, p Policy, issuer *ca, ask func([]byte) ([]byte, error)) *desk {
	t.Helper()
	d := newDesk(t, nil, p, func(d *desk) { d.o.Responder, d.web.ask = "http://ocsp.example", ask }, issuer)
	d.decide(issuer, 77)
	d.Refresh(t.Context())
	return d
}

// testResponders is the matrix of what a responder may do to the hub: whatever it is, the card is where the policy says.
func testResponders(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	twin := newCA(t, nil, "Level 1D", nil)
	other := newCA(t, nil, "Other", nil)
	says := func(by *ca, change func(*ocsp.Response)) func([]byte) ([]byte, error) {
		r := answerTemplate(77, ocsp.Good)
		if change != nil {
			change(&r)
		}
		raw := issuer.answer(t, by, r)
		return func([]byte) ([]byte, error) { return raw, nil }
	}
	bytesAre := func(raw []byte) func([]byte) ([]byte, error) {
		return func([]byte) ([]byte, error) { return raw, nil }
	}
	good := issuer.answer(t, issuer, answerTemplate(77, ocsp.Good))
	damaged := bytes.Clone(good)
	damaged[len(damaged)-1] ^= 1
	delegate := func(change func(*x509.Certificate)) func([]byte) ([]byte, error) {
		return says(issuer.delegate(t, change), nil)
	}
	bare := func(c *x509.Certificate) { c.ExtraExtensions = nil }
	fresh, stale, unknown := bridge.StandingFresh, bridge.StandingStale, bridge.StandingUnknown
	for name, c := range map[string]struct {
		ask      func([]byte) ([]byte, error)
		standing bridge.Standing
	}{
		"good, and no nonce":         {says(issuer, nil), fresh},
		"by a delegate":              {delegate(nil), fresh},
		"names nothing newer":        {says(issuer, func(r *ocsp.Response) { r.NextUpdate = time.Time{} }), fresh},
		"SHA-256 names":              {says(issuer, func(r *ocsp.Response) { r.IssuerHash = crypto.SHA256 }), fresh},
		"past nextUpdate":            {says(issuer, func(r *ocsp.Response) { r.ThisUpdate, r.NextUpdate = start.Add(-3*time.Hour), start.Add(-time.Hour) }), stale},
		"old":                        {says(issuer, func(r *ocsp.Response) { r.ThisUpdate = start.Add(-25 * time.Hour) }), stale},
		"too old":                    {says(issuer, func(r *ocsp.Response) { r.ThisUpdate = start.Add(-73 * time.Hour) }), unknown},
		"dead":                       {nil, unknown},
		"slow":                       {func([]byte) ([]byte, error) { return nil, context.DeadlineExceeded }, unknown},
		"redirects":                  {func([]byte) ([]byte, error) { return nil, errors.New("redirect is not allowed") }, unknown},
		"other serial number":        {says(issuer, func(r *ocsp.Response) { r.SerialNumber = big.NewInt(78) }), unknown},
		"wrong signer":               {says(other, nil), unknown},
		"other key of the same name": {bytesAre(twin.answer(t, twin, answerTemplate(77, ocsp.Good))), unknown},
		"about another issuer":       {bytesAre(other.answer(t, issuer, answerTemplate(77, ocsp.Good))), unknown},
		"from the future":            {says(issuer, func(r *ocsp.Response) { r.ThisUpdate = start.Add(6 * time.Minute) }), unknown},
		"backwards":                  {says(issuer, func(r *ocsp.Response) { r.NextUpdate = r.ThisUpdate.Add(-time.Second) }), unknown},
		"signature damaged":          {bytesAre(damaged), unknown},
		"truncated":                  {bytesAre(good[:len(good)-9]), unknown},
		"something follows":          {bytesAre(append(bytes.Clone(good), 0)), unknown},
		"too large":                  {bytesAre(make([]byte, MaxAnswer+1)), unknown},
		"try later":                  {bytesAre(ocsp.TryLaterErrorResponse), unknown},
		"unauthorized":               {bytesAre(ocsp.UnauthorizedErrorResponse), unknown},
		"a page":                     {bytesAre([]byte("<html>")), unknown},
		"critical extension": {says(issuer, func(r *ocsp.Response) {
			r.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 21}, Critical: true, Value: []byte{5, 0}}}
		}), unknown},
		"delegate not for answers":     {delegate(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }), unknown},
		"delegate for clients":         {delegate(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), unknown},
		"delegate expired":             {delegate(func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Second) }), unknown},
		"delegate not yet":             {delegate(func(c *x509.Certificate) { c.NotBefore = start.Add(time.Second) }), unknown},
		"delegate is an authority":     {delegate(func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }), unknown},
		"delegate may not sign":        {delegate(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }), unknown},
		"delegate of another":          {bytesAre(issuer.answer(t, other.delegate(t, nil), answerTemplate(77, ocsp.Good))), unknown},
		"delegate of the twin":         {bytesAre(issuer.answer(t, twin.delegate(t, nil), answerTemplate(77, ocsp.Good))), unknown},
		"delegate that nobody checked": {delegate(bare), unknown},
		"delegate with a critical extension": {delegate(func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 21}, Critical: true, Value: []byte{5, 0}})
		}), unknown},
	} {
		for _, then := range []Then{Deny, Emergency} {
			p := answering
			p.Then = then
			got := newAsking(t, p, issuer, c.ask).decide(issuer, 77)
			if got.Standing != c.standing || got.Evidence.Revoked || got.Evidence.Unheard || got.Then != then {
				t.Errorf("%s: %+v", name, got)
			}
			if (got.Most == 0) != (c.standing == fresh) {
				t.Errorf("%s: assurance up to %d", name, got.Most)
			}
		}
	}
	t.Run("delegate and lists", func(t *testing.T) { testDelegatesOnLists(t, issuer, bare) })
}

// testDelegatesOnLists: a delegate that does not say that nobody needs to look must be seen not to be on a list; one on a list is
// refused whatever it says.
func testDelegatesOnLists(t *testing.T, issuer *ca, bare func(*x509.Certificate)) {
	for name, c := range map[string]struct {
		change func(*x509.Certificate)
		list   *x509.RevocationList
		want   bridge.Standing
	}{
		"checked": {bare, listTemplate(5), bridge.StandingFresh}, "revoked": {bare, listTemplate(5, 500), bridge.StandingUnknown},
		"revoked, and says not to look": {nil, listTemplate(5, 500), bridge.StandingUnknown},
	} {
		by := issuer.delegate(t, c.change)
		d := newDesk(t, issuer.list(t, c.list), answering, func(d *desk) {
			d.o.Responder = "http://ocsp.example"
			d.web.ask = func([]byte) ([]byte, error) { return issuer.answer(t, by, answerTemplate(77, ocsp.Good)), nil }
		}, issuer)
		d.decide(issuer, 77)
		d.Refresh(t.Context())
		if got := d.decide(issuer, 77); got.Standing != c.want {
			t.Errorf("%s: %+v %s", name, got, d.log.String())
		}
	}
}

// TestWhatAnswersSay: revoked stays revoked however old the answer; one that does not know the card refuses it while it counts.
func TestWhatAnswersSay(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	for name, c := range map[string]struct {
		status           int
		after            time.Duration
		revoked, unheard bool
	}{
		"revoked": {ocsp.Revoked, 0, true, false}, "revoked, old": {ocsp.Revoked, 1000 * time.Hour, true, false},
		"unheard": {ocsp.Unknown, 0, false, true}, "unheard, old": {ocsp.Unknown, 1000 * time.Hour, false, false},
		"good": {ocsp.Good, 0, false, false},
	} {
		d := newAsking(t, answering, issuer, func([]byte) ([]byte, error) { return issuer.answer(t, issuer, answerTemplate(77, c.status)), nil })
		d.now = start.Add(c.after)
		got := d.decide(issuer, 77)
		if got.Evidence.Revoked != c.revoked || got.Evidence.Unheard != c.unheard {
			t.Errorf("%s: %+v", name, got)
		}
		if details := got.Details(); c.after == 0 && (details["ocsp_this_update"] != start.Add(-time.Hour).Format(time.RFC3339) || len(details["ocsp_responder"]) != 64 || details["revocation_age_s"] != "3600") {
			t.Errorf("%s: %v", name, details)
		}
	}
}

// TestBothSources: revoked by one of them is revoked; else the better one counts.
func TestBothSources(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	p := answering
	p.Mode = ModeBoth
	old := listTemplate(5)
	old.ThisUpdate = start.Add(-30 * time.Hour)
	for name, c := range map[string]struct {
		list     *x509.RevocationList
		status   int // -1: the responder is dead
		revoked  bool
		unheard  bool
		standing bridge.Standing
		source   string
	}{
		"both good":            {listTemplate(5), ocsp.Good, false, false, bridge.StandingFresh, SourceList},
		"by the list":          {listTemplate(5, 77), ocsp.Good, true, false, bridge.StandingFresh, SourceList},
		"by the answer":        {listTemplate(5), ocsp.Revoked, true, false, bridge.StandingFresh, SourceAnswer},
		"answer does not know": {listTemplate(5), ocsp.Unknown, false, true, bridge.StandingFresh, SourceAnswer},
		"no answer":            {listTemplate(5), -1, false, false, bridge.StandingFresh, SourceList},
		"old list":             {old, ocsp.Good, false, false, bridge.StandingFresh, SourceAnswer},
		"old list, no answer":  {old, -1, false, false, bridge.StandingStale, SourceList},
		"nothing":              {nil, -1, false, false, bridge.StandingUnknown, ""},
	} {
		var first []byte
		if c.list != nil {
			first = issuer.list(t, c.list)
		}
		d := newDesk(t, first, p, func(d *desk) {
			d.o.Responder = "http://ocsp.example"
			if c.status >= 0 {
				d.web.ask = func([]byte) ([]byte, error) { return issuer.answer(t, issuer, answerTemplate(77, c.status)), nil }
			}
		}, issuer)
		d.decide(issuer, 77)
		d.Refresh(t.Context())
		got := d.decide(issuer, 77)
		if got.Evidence.Revoked != c.revoked || got.Evidence.Unheard != c.unheard || got.Standing != c.standing || got.Evidence.Source != c.source {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestStaple: what comes with a card is believed by its signature and only about that card, and never makes things older.
func TestStaple(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	d := newDesk(t, nil, answering, nil, issuer)
	give := func(number int64, raw []byte) error { return d.Staple(issuer.cert, big.NewInt(number), raw, d.now) }
	raw := issuer.answer(t, issuer, answerTemplate(77, ocsp.Good))
	if err := give(78, raw); err == nil {
		t.Error("an answer about another card was taken")
	}
	if err := give(77, raw); err != nil {
		t.Fatal(err)
	}
	if got := d.decide(issuer, 77); got.Standing != bridge.StandingFresh {
		t.Errorf("%+v", got)
	}
	revoked := answerTemplate(77, ocsp.Revoked)
	revoked.ThisUpdate = start
	if err := give(77, issuer.answer(t, issuer, revoked)); err != nil {
		t.Fatal(err)
	}
	if err := give(77, raw); err == nil {
		t.Error("an older good answer took the place of a newer revocation")
	}
	if got := d.decide(issuer, 77); !got.Evidence.Revoked {
		t.Errorf("%+v", got)
	}
	lists := newDesk(t, issuer.list(t, listTemplate(5, 77)), ladder, nil, issuer)
	if err := lists.Staple(issuer.cert, big.NewInt(77), raw, start); err != nil || !lists.decide(issuer, 77).Evidence.Revoked {
		t.Errorf("where lists alone count, an answer counted: %v", err)
	}
}

// TestAnswersOutliveARestart: without any network, and not longer than the policy permits.
func TestAnswersOutliveARestart(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	folder := t.TempDir()
	d := newDesk(t, nil, answering, func(d *desk) {
		d.o.Responder, d.o.Folder = "http://ocsp.example", folder
		d.web.ask = func(request []byte) ([]byte, error) {
			r, err := ocsp.ParseRequest(request)
			if err != nil {
				return nil, err
			}
			return issuer.answer(t, issuer, answerTemplate(r.SerialNumber.Int64(), map[int64]int{77: ocsp.Good, 78: ocsp.Revoked}[r.SerialNumber.Int64()])), nil
		}
	}, issuer)
	d.decide(issuer, 77)
	d.decide(issuer, 78)
	d.Refresh(t.Context())
	d.web.ask, d.web.asked = nil, nil
	d.restart()
	d.Refresh(t.Context())
	if len(d.web.asked) != 0 {
		t.Errorf("what is kept and not half over was asked for again: %v", d.web.asked)
	}
	if a, b := d.decide(issuer, 77), d.decide(issuer, 78); a.Standing != bridge.StandingFresh || !b.Evidence.Revoked {
		t.Errorf("%+v %+v", a, b)
	}
	d.now = start.Add(100 * time.Hour)
	d.restart()
	if a, b := d.decide(issuer, 77), d.decide(issuer, 78); a.Standing != bridge.StandingUnknown || !b.Evidence.Revoked {
		t.Errorf("later: %+v %+v", a, b)
	}
	if files, err := os.ReadDir(filepath.Join(folder, answersFolder)); err != nil || len(files) != 1 {
		t.Errorf("%d answers are kept, want the revocation alone: %v", len(files), err)
	}
}

// TestAnswersThatComeTogether: where a card's own, older answer is written after the responder's newer one, a restart knows the newer.
func TestAnswersThatComeTogether(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	d := newDesk(t, nil, answering, func(d *desk) { d.o.Folder = t.TempDir() }, issuer)
	card := big.NewInt(77)
	good := issuer.answer(t, issuer, answerTemplate(77, ocsp.Good))
	if err := d.Staple(issuer.cert, card, good, d.now); err != nil {
		t.Fatal(err)
	}
	older := d.answers.use(issuer.cert, card, d.now)
	revoked := answerTemplate(77, ocsp.Revoked)
	revoked.ThisUpdate = start
	if err := d.Staple(issuer.cert, card, issuer.answer(t, issuer, revoked), d.now); err != nil {
		t.Fatal(err)
	}
	if err := d.keepAnswer(issuer.cert, card, older, good); err != nil { // as if it had been on its way to the disk all the time
		t.Fatal(err)
	}
	d.restart()
	if got := d.decide(issuer, 77); !got.Evidence.Revoked {
		t.Errorf("a restart takes a revocation back: %+v", got)
	}
}
