package hub

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/httpsource"
	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/e2e/components"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web/signin"
)

// TestFetcherBounds: what the hub asks about cards keeps to the configured host.
func TestFetcherBounds(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect into the network was followed") }))
	t.Cleanup(inside.Close)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, inside.URL, http.StatusFound)
		case "/broken":
			w.WriteHeader(http.StatusBadGateway)
		case "/large":
			_, _ = w.Write(make([]byte, revocation.MaxAnswer+1))
		default:
			w.Header().Set("ETag", `"1"`)
			if r.Header.Get("If-None-Match") == `"1"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			_, _ = fmt.Fprint(w, "list")
		}
	}))
	t.Cleanup(s.Close)
	f := cardFetcher(true)
	var got bytes.Buffer
	next, changed, err := f.Download(t.Context(), s.URL+"/list", "", &got)
	if err != nil || !changed || next != `"1"` || got.String() != "list" {
		t.Errorf("%q %v %q %v", next, changed, got.String(), err)
	}
	if again, changed, err := f.Download(t.Context(), s.URL+"/list", next, &got); err != nil || changed || again != next {
		t.Errorf("unchanged: %q %v %v", again, changed, err)
	}
	if answer, err := f.Ask(t.Context(), s.URL+"/ocsp", []byte("request")); err != nil || string(answer) != "list" {
		t.Errorf("%q %v", answer, err)
	}
	for _, path := range []string{"/redirect", "/broken", "/large"} {
		if _, err := f.Ask(t.Context(), s.URL+path, nil); err == nil {
			t.Errorf("%s: an answer was taken", path)
		}
	}
	for _, path := range []string{"/redirect", "/broken"} {
		if _, _, err := f.Download(t.Context(), s.URL+path, "", &got); err == nil {
			t.Errorf("%s: a list was taken", path)
		}
	}
	if _, err := cardFetcher(false).Ask(t.Context(), s.URL+"/ocsp", nil); !errors.Is(err, httpsource.ErrAddress) {
		t.Errorf("a hub for patients asked its own machine: %v", err)
	}
}

// cardConfig names two authorities, the simple one and another.
func cardConfig(t *testing.T, list components.CRL) config.Config {
	t.Helper()
	one, other := components.NewCA(t, "One"), components.NewCA(t, "Other")
	var c config.Config
	c.Data = t.TempDir()
	c.Listeners.Card.ClientCA, c.Listeners.Card.CRL = one.File, []string{one.WriteCRL(t, list)}
	c.Authenticators.Smartcard = config.Smartcard{
		Enabled: true, Revocation: config.Revocation{Mode: "crl", OnUnreachable: "deny", MaxAge: time.Hour}, EKU: []string{"client_auth"},
		Authorities: []config.CardAuthority{{
			Name: "other", Certificates: other.File, Assurance: 2, Policies: []string{"1.2.3.4"}, Keys: []string{"ec"},
			Identifier: config.CardIdentifier{From: "san_other", OID: "1.2.3"},
			Ladder:     config.AuthorityRevocation{Mode: "crl", Files: []string{other.WriteCRL(t, list)}, Fresh: 30 * time.Minute, Stale: 3 * time.Hour, Then: "emergency", StaleAssurance: 1},
		}},
	}
	return c
}

// TestCardAuthorities: the configuration arrives where cards are judged, and where operators look.
func TestCardAuthorities(t *testing.T) {
	now := time.Now()
	c := cardConfig(t, components.CRL{Number: 7, ThisUpdate: now.Add(-50 * time.Minute)})
	o := Options{Config: c, Log: slog.New(slog.DiscardHandler), Clock: func() time.Time { return now }}
	authorities, caches, err := cardAuthorities(o, cardSources{from: nobody{}})
	if err != nil || len(authorities) != 2 || len(caches) != 2 {
		t.Fatal(authorities, err)
	}
	if a := authorities[0]; a.Name != "card" || !a.ContentCommitment || a.Assurance != 3 || len(a.EKU) != 1 {
		t.Errorf("%+v", a)
	}
	if a := authorities[1]; a.Name != "other" || a.ContentCommitment || a.Assurance != 2 || a.Policies[0].String() != "1.2.3.4" || a.Keys[0] != "ec" || a.Identifier.OID.String() != "1.2.3" {
		t.Errorf("%+v", a)
	}
	states, err := CardStates(o)
	if err != nil || len(states) != 2 {
		t.Fatal(states, err)
	}
	if s := states[0]; s.Standing != bridge.StandingFresh || s.Number != "7" || s.Then != "deny" {
		t.Errorf("%+v", s)
	}
	if s := states[1]; s.Standing != bridge.StandingStale || s.Then != "emergency" {
		t.Errorf("%+v", s)
	}
	h := &Hub{metrics: newMetrics(), store: memory.New(), options: o, core: &bridge.Hub{}}
	h.cards.caches = caches
	h.metrics.cards(h.CardStates, o.Clock)
	if p := h.cardPart(t.Context(), now); len(p) != 1 || p[0].Rung != signin.Reduced || !p[0].Until.Equal(states[1].ThisUpdate.Add(3*time.Hour)) {
		t.Errorf("status page: %+v", p)
	}
	rec := httptest.NewRecorder()
	h.operations().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`lanyard_card_revocation_rung{authority="card",issuer="CN=One,O=Lanyard test"} 3`,
		`lanyard_card_revocation_rung{authority="other",issuer="CN=Other,O=Lanyard test"} 2`,
		`lanyard_card_authority_expires_seconds{authority="other"`, `lanyard_card_revocation_age_seconds{authority="card",issuer="CN=One,O=Lanyard test"} 3000`,
		`lanyard_card_revocation_next_update_seconds{authority="card"`, `lanyard_card_crl_entries{authority="card",issuer="CN=One,O=Lanyard test"} 0`,
	} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

// TestEachCard: answers are fetched for the cards of people who may sign in, and not for those that nobody uses.
func TestEachCard(t *testing.T) {
	store, now := memory.New(), time.Now()
	since := now.Add(-24 * time.Hour)
	if err := store.SavePersons(t.Context(), people.Person{UID: "1", Status: people.Active}, people.Person{UID: "2", Status: people.Suspended}); err != nil {
		t.Fatal(err)
	}
	card := func(id, uid string, serial int64, change func(*people.Authenticator)) {
		a := people.Authenticator{ID: id, UID: uid, Kind: people.Smartcard, Handle: people.CardHandle([]byte{1}, big.NewInt(serial)), Added: since.Add(-time.Hour), Used: now}
		change(&a)
		if err := store.AddAuthenticator(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	card("used", "1", 10, func(*people.Authenticator) {})
	card("new", "1", 11, func(a *people.Authenticator) { a.Used, a.Added = time.Time{}, now })
	card("unused", "1", 12, func(a *people.Authenticator) { a.Used = since.Add(-time.Second) })
	card("withdrawn", "1", 13, func(a *people.Authenticator) { a.Revoked = now })
	card("expired", "1", 14, func(a *people.Authenticator) { a.Expires = now.Add(-time.Second) })
	card("key", "1", 15, func(a *people.Authenticator) { a.Kind = people.FIDO2 })
	card("odd", "1", 16, func(a *people.Authenticator) { a.Handle = "odd" })
	card("suspended", "2", 17, func(*people.Authenticator) {})
	var got []int64
	err := registeredCards{store, func() time.Time { return now }}.EachCard(t.Context(), since, func(keyID []byte, serial *big.Int) {
		if !bytes.Equal(keyID, []byte{1}) {
			t.Errorf("issuer %x", keyID)
		}
		got = append(got, serial.Int64())
	})
	slices.Sort(got)
	if err != nil || !slices.Equal(got, []int64{10, 11}) {
		t.Errorf("%v %v", got, err)
	}
}

// TestCardPart: what staff read is the authority that does worst.
func TestCardPart(t *testing.T) {
	for _, c := range []struct {
		standing bridge.Standing
		then     revocation.Then
		want     signin.Rung
	}{
		{bridge.StandingFresh, revocation.Deny, signin.Working}, {"", revocation.Deny, signin.Working}, {bridge.StandingOff, revocation.Deny, signin.Working},
		{bridge.StandingStale, revocation.Deny, signin.Reduced}, {bridge.StandingUnknown, revocation.Allow, signin.Reduced},
		{bridge.StandingUnknown, revocation.Emergency, signin.Emergency}, {bridge.StandingUnknown, revocation.Deny, signin.Down},
	} {
		if got := partOf(revocation.State{Standing: c.standing, Then: c.then}); got.Rung != c.want || (got.Text == "") != (c.want == signin.Working) {
			t.Errorf("%s, %s: %+v", c.standing, c.then, got)
		}
	}
	for emergency, want := range map[bool]signin.Rung{true: signin.Emergency, false: signin.Down} {
		if got := worstOf([]revocation.State{{Standing: bridge.StandingStale}, {Standing: bridge.StandingUnknown, Then: revocation.Emergency}}, emergency); got.Rung != want {
			t.Errorf("emergency access %v: %+v", emergency, got)
		}
	}
	last := -1
	for _, r := range []signin.Rung{signin.Working, signin.Reduced, signin.Emergency, signin.Down} {
		if steps(r) <= last {
			t.Errorf("%s is no worse than the one before", r)
		}
		last = steps(r)
	}
}
