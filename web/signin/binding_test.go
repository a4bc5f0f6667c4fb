package signin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// TestSecurityOfCollecting: what a card host found is for one browser, once, for a minute. Rows 173 and 210 see it from outside.
func TestSecurityOfCollecting(t *testing.T) {
	mine, yours := bridge.Browser{Binding: "mine"}, bridge.Browser{Binding: "yours"}
	for name, c := range map[string]struct {
		secret string
		b      bridge.Browser
		wait   time.Duration
		want   string // audit code; empty: collected
	}{
		"173/this browser":    {"proof", mine, proofLife - 1, ""},
		"173/another browser": {"proof", yours, 0, "card_proof_other"},
		"173/no browser":      {"proof", bridge.Browser{}, 0, "card_proof_other"},
		"210/too late":        {"proof", mine, proofLife, "card_proof"},
		"210/made up":         {"guess", mine, 0, "card_proof"},
		"210/empty":           {"", mine, 0, "card_proof"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			kept := seen{Attempt: attempt{Browser: bridge.Key("mine"), Tx: "tx"}, Proof: &bridge.Proof{UID: asha}}
			if err := w.pages.keep(t.Context(), bridge.KindCardProof, "proof", proofLife, kept); err != nil {
				t.Fatal(err)
			}
			w.wait(c.wait)
			got, err := w.pages.collect(t.Context(), c.b, c.secret)
			if c.want != "" {
				if err == nil || bridge.AsRefusal(err).AuditCode() != c.want {
					t.Errorf("error %v, want %s", err, c.want)
				}
				if got.Proof != nil {
					t.Error("a refusal came with a proof")
				}
				if _, err := w.pages.collect(t.Context(), mine, "proof"); c.wait == 0 && err != nil {
					t.Errorf("the try of another spent it: %v", err)
				}
				return
			}
			if err != nil || got.Proof.UID != asha {
				t.Fatalf("%+v, %v", got, err)
			}
			if _, err := w.pages.collect(t.Context(), mine, "proof"); bridge.AsRefusal(err).AuditCode() != "card_proof" {
				t.Errorf("a second time: %v", err)
			}
		})
	}
	w := newWorld(t)
	nobodys := seen{Attempt: attempt{Browser: bridge.Key(""), Tx: "tx"}, Proof: &bridge.Proof{UID: asha}}
	if err := w.pages.keep(t.Context(), bridge.KindCardProof, "proof", proofLife, nobodys); err != nil {
		t.Fatal(err)
	}
	if _, err := w.pages.collect(t.Context(), bridge.Browser{}, "proof"); bridge.AsRefusal(err).AuditCode() != "card_proof_other" {
		t.Errorf("a browser without a cookie: %v", err)
	}
}

// TestSecurityOfCeremonies: a ceremony is answered once, in its browser, in its sign-on or enrolment.
func TestSecurityOfCeremonies(t *testing.T) {
	kept := ceremony{Browser: bridge.Key("mine"), Tx: "tx", State: []byte("state")}
	enrolling := ceremony{Browser: bridge.Key("mine"), Enrolment: "link", State: []byte("state")}
	for name, c := range map[string]struct {
		kept, want ceremony
		browser    string
		code       string
	}{
		"213/good":                     {kept, ceremony{Tx: "tx"}, "mine", ""},
		"213/enrolment":                {enrolling, ceremony{Enrolment: "link"}, "mine", ""},
		"213/another browser":          {kept, ceremony{Tx: "tx"}, "yours", "key_ceremony_other"},
		"213/no browser":               {kept, ceremony{Tx: "tx"}, "", "key_ceremony_other"},
		"219/another sign-on":          {kept, ceremony{Tx: "other"}, "mine", "key_ceremony_other"},
		"219/sign-on to enrol":         {kept, ceremony{Enrolment: "link"}, "mine", "key_ceremony_other"},
		"219/enrolment to sign on":     {enrolling, ceremony{Tx: "tx"}, "mine", "key_ceremony_other"},
		"219/another enrolment":        {enrolling, ceremony{Enrolment: "other"}, "mine", "key_ceremony_other"},
		"219/enrolment for no sign-on": {enrolling, ceremony{}, "mine", "key_ceremony_other"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := w.pages.keep(t.Context(), bridge.KindKeyCeremony, "secret", ceremonyLife, c.kept); err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(url.Values{"ceremony": {"secret"}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			state, err := w.pages.answered(r, bridge.Browser{Binding: c.browser}, c.want)
			if c.code != "" {
				if err == nil || bridge.AsRefusal(err).AuditCode() != c.code || state != nil {
					t.Errorf("state %q, error %v, want %s", state, err, c.code)
				}
				return
			}
			if err != nil || string(state) != "state" {
				t.Fatalf("state %q, %v", state, err)
			}
			if _, err := w.pages.answered(r, bridge.Browser{Binding: c.browser}, c.want); bridge.AsRefusal(err).AuditCode() != "key_ceremony" {
				t.Errorf("a second time: %v", err)
			}
		})
	}
}

// A proof of one tab does not finish the sign-on of another tab, nor an enrolment.
func TestSecurityOfProofsInTabs(t *testing.T) {
	w := newWorld(t)
	b := w.browser().insert(asha)
	first := b.cardHost()
	b.once("GET", first, nil)
	back := b.answer.Get("Location")
	if back == "" {
		t.Fatalf("no way back: %d %s", b.status, b.body)
	}
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	secret := u.Query().Get("proof")
	if secret == "" {
		t.Fatalf("no proof in %s", back)
	}
	var found seen
	if _, err := w.pages.look(t.Context(), bridge.KindCardProof, bridge.Key(secret), &found); err != nil {
		t.Fatal(err)
	}
	found.Attempt.Tx = "another"
	if err := w.pages.keep(t.Context(), bridge.KindCardProof, "moved", proofLife, found); err != nil {
		t.Fatal(err)
	}
	b.get(strings.Replace(back, secret, "moved", 1))
	refusedWith(t, w, "card_proof_other")
	b.get("https://sso.example/enrol/card/done?proof=" + url.QueryEscape(secret))
	nothingCame(t, w)
}

func TestEnrolmentIsForTheActive(t *testing.T) {
	w := newWorld(t)
	token, err := NewEnrolment(t.Context(), w.hub, sam, "cli", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	a := people.Authenticator{Kind: people.FIDO2, Handle: "h"}
	p, err := w.store.Person(t.Context(), sam)
	if err != nil {
		t.Fatal(err)
	}
	p.Status = people.Suspended
	if err := w.store.SavePersons(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if _, err := NewEnrolment(t.Context(), w.hub, sam, "cli", time.Hour); err == nil {
		t.Error("a link for somebody who is suspended")
	}
	if _, err := NewEnrolment(t.Context(), w.hub, "555000000999", "cli", time.Hour); err == nil {
		t.Error("a link for nobody")
	}
	if _, err := w.pages.bind(t.Context(), bridge.Key(token), &a, nil); bridge.AsRefusal(err).AuditCode() != "enrolment" {
		t.Errorf("suspended since: %v", err)
	}
	p.Status = people.Active
	if err := w.store.SavePersons(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if _, err := w.pages.bind(t.Context(), bridge.Key(token), &a, nil); err != nil || a.Label != "Security key" || a.ID == "" || a.UID != sam {
		t.Errorf("%+v, %v", a, err)
	}
	again := people.Authenticator{Kind: people.FIDO2, Handle: "other"}
	if _, err := w.pages.bind(t.Context(), bridge.Key(token), &again, nil); bridge.AsRefusal(err).AuditCode() != "enrolment" {
		t.Errorf("a second authenticator by one link: %v", err)
	}
	token, err = NewEnrolment(t.Context(), w.hub, asha, "cli", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.pages.bind(t.Context(), bridge.Key(token), &people.Authenticator{Kind: people.FIDO2, Handle: "h"}, nil); bridge.AsRefusal(err).AuditCode() != "already_registered" {
		t.Errorf("somebody else's key: %v", err)
	}
	w.wait(time.Hour)
	if _, err := w.pages.bind(t.Context(), bridge.Key(token), &again, nil); bridge.AsRefusal(err).AuditCode() != "enrolment" {
		t.Errorf("too late: %v", err)
	}
}
