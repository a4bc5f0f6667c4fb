package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// withOffice restarts the hub with another authority of cards, of which the nurse has a second card.
func (h *hub) withOffice(office *components.CardOffice, card *components.Leaf, ladder string) {
	h.t.Helper()
	h.proc.Kill()
	h.cards[nurse] = card
	h.copy(card.CertFile, "second.pem")
	h.write("second.yaml", `people:
  - uid: "555021935102"
    name: Ben Example
    identity: 3
    roles:
      - { id: "555000000121", person_orgid: "555000000202", org: RX1, org_name: EXAMPLE HOSPITAL, code: "S8000:G8000:R8001", name: '"Clinical":"Clinical Provision":"Nurse Access Role"' }
    cards: [{ certificate_file: second.pem, label: Second card }]
`)
	h.run("people", "import", h.path("second.yaml"))
	before, after, _ := strings.Cut(h.read("lanyard.yaml"), "authenticators: [fido2, smartcard]\n")
	if i := strings.Index(after, "log:"); i > 0 {
		after = after[i:]
	}
	before, _, _ = strings.Cut(before, "authenticators:\n")
	h.write("lanyard.yaml", before+fmt.Sprintf("authenticators:\n  fido2: {}\n  smartcard:\n    authorities:\n      office:\n        certificate_file: %s\n        revocation: %s\n", office.Certificate, ladder)+after)
	h.serve()
}

// rungBecomes waits until the office's rung is so, as the metrics tell it.
func (h *hub) rungBecomes(want string) {
	h.t.Helper()
	const name = `lanyard_card_revocation_rung{authority="office",issuer="CN=Card office"}`
	got := ""
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if got = h.metric(name); got == want {
			return
		}
	}
	h.t.Fatalf("the rung is %q, want %q\n%s", got, want, h.proc.Output())
}

// TestCardsOfAnOffice: cards of an authority that OpenSSL runs, with lists, deltas and OCSP answers from its addresses; then the network
// is gone, and then the card is revoked.
func TestCardsOfAnOffice(t *testing.T) {
	h := startHub(t, "")
	path := h.pathology()
	office := components.NewCardOffice(t, "Card office", "rsa:2048")
	card := office.Card("555021935102", "P-384")
	office.List(time.Hour)
	address, end := office.Serve()
	ladder := fmt.Sprintf(`{ mode: crl+ocsp, crl_url: ["%[1]s/complete.crl"], delta_url: ["%[1]s/delta.crl"], ocsp_url: "%[1]s/ocsp", fresh: 1h, stale: 2h }`, address)
	h.withOffice(office, card, ladder)
	h.rungBecomes("3")
	signIn := func(when string) {
		t.Helper()
		s := h.newSurfer(nurse)
		s.open(h.issuer + "/ticket/start?partner=pathology")
		s.submit("smartcard")
		s.autopost()
		if a := path.read(t, path.last(t)); a.uid != nurse {
			t.Errorf("%s: assertion %+v", when, a)
		}
	}
	signIn("with everything at hand")
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(h.run("cards", "status", "--json"), `"Answers":`); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no OCSP answer about the card was fetched")
		}
	}
	end()
	h.proc.Kill()
	h.serve()
	signIn("after a restart without network")
	record := h.audit("--kind", "signed_in")
	for _, want := range []string{`"authority":"office"`, `"revocation_rung":"fresh"`, `"crl_number":"1"`, `"revocation_age_s":"`} {
		if !strings.Contains(record, want) {
			t.Errorf("the record lacks %s:\n%s", want, record)
		}
	}
	office.Revoke(card)
	office.Delta(1, time.Hour)
	address, _ = office.Serve()
	h.withOffice(office, card, fmt.Sprintf(`{ mode: crl, crl_url: ["%[1]s/complete.crl"], delta_url: ["%[1]s/delta.crl"] }`, address))
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(h.run("cards", "status", "--json"), `"Delta":"2"`); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the delta was not taken: %s", h.proc.Output())
		}
	}
	s := h.newSurfer(nurse)
	s.open(h.issuer + "/ticket/start?partner=pathology")
	s.submit("smartcard")
	s.see("This card was revoked")
	h.noPersonalData(nurse, "Ben")
}

// TestRungs: what a card gets as its authority's list grows old.
func TestRungs(t *testing.T) {
	h := startHub(t, "")
	path := h.pathology()
	office := components.NewCardOffice(t, "Card office", "P-256")
	card := office.Card("555021935102", "rsa:2048")
	now := time.Now()
	for _, c := range []struct {
		from, until time.Duration // of the list, from now
		metric      string
		rung        string // in the record; empty: refused
	}{
		{-time.Minute, time.Hour, "3", "fresh"},
		{-2 * time.Hour, -time.Hour, "2", "stale"},
		{-50 * time.Hour, 100 * time.Hour, "2", "stale"},
		{-100 * time.Hour, 100 * time.Hour, "1", ""},
	} {
		list := office.ListOf(now.Add(c.from), now.Add(c.until))
		h.withOffice(office, card, fmt.Sprintf("{ crl_files: [%s], stale: 72h }", list))
		h.rungBecomes(c.metric)
		s := h.newSurfer(nurse)
		s.open(h.issuer + "/ticket/start?partner=pathology")
		s.submit("smartcard")
		if c.rung == "" {
			s.see("cannot be checked at present")
			if _, _, code := h.try("cards", "status"); code != 6 {
				t.Errorf("cards status exits with %d", code)
			}
			continue
		}
		s.autopost()
		path.last(t)
		if record := h.audit("--kind", "signed_in"); !strings.Contains(record, `"revocation_rung":"`+c.rung+`"`) {
			t.Errorf("%s: record:\n%s", c.rung, record)
		}
	}
}

// TestRevocationHowTo does what the how-to says: its authority, its settings, its commands.
func TestRevocationHowTo(t *testing.T) {
	components.Gate(t)
	data, err := os.ReadFile("../docs/how-to/choose-a-revocation-policy.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```(?:sh|yaml)\n(.*?)```").FindAllStringSubmatch(string(data), -1)
	renew := regexp.MustCompile("`(openssl ca [^`]*-crlsec) 60([^`]*)`").FindStringSubmatch(string(data))
	if len(blocks) != 3 || renew == nil {
		t.Fatalf("the how-to has %d blocks", len(blocks))
	}
	h := startHub(t, "")
	shell := func(dir, script string) {
		t.Helper()
		if out, errs, code := components.Run(t, components.Command{Path: "sh", Args: []string{"-ec", script}, Dir: dir}); code != 0 {
			t.Fatalf("exit %d\n%s%s", code, out, errs)
		}
	}
	shell(h.dir, blocks[0][1])
	before, after, _ := strings.Cut(h.read("lanyard.yaml"), "authenticators: [fido2, smartcard]\n")
	h.write("lanyard.yaml", before+blocks[1][1]+after)
	h.run("config", "validate")
	status := strings.Fields(strings.TrimPrefix(strings.TrimSpace(blocks[2][1]), "lanyard "))
	if said := h.run(status...); !strings.Contains(said, "national") || !strings.Contains(said, "fresh") {
		t.Errorf("said:\n%s", said)
	}
	shell(h.path("ca"), renew[1]+" 1"+renew[2])
	time.Sleep(2 * time.Second)
	if said := h.run(status...); !strings.Contains(said, "stale") {
		t.Errorf("said:\n%s", said)
	}
	shell(h.path("ca"), renew[1]+" 60"+renew[2])
	if said := h.run(status...); strings.Contains(said, "stale") {
		t.Errorf("said:\n%s", said)
	}
}
