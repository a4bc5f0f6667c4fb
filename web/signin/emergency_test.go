package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

const doubtful = "doubtful " // before the uid: a card whose revocation cannot be known

// newEmergencyWorld is a world with the real translation and emergency access, which the board allows and the cabinet does not.
func newEmergencyWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.hub.Emergencies, w.hub.Registrations = w.store, w.store
	w.hub.Emergency = &bridge.EmergencyPolicy{Life: 30 * time.Minute, Reasons: []bridge.EmergencyReason{{Code: "life", Text: "A life is in danger"}, {Code: "care", Text: "Care cannot wait"}}}
	w.hub.Translator = translate.Translator{Salt: []byte("salt"), Scope: "rx1.example", Emergency: map[trust.Protocol]string{trust.SAML2: "urn:example:emergency"}}
	w.board.Terms.Emergency = &trust.EmergencyTerms{}
	if err := w.store.AddAuthenticator(t.Context(), people.Authenticator{ID: "card", UID: sam, Kind: people.Smartcard, Handle: "aa:sam", Added: w.now}); err != nil {
		t.Fatal(err)
	}
	return w
}

// onlyDoctors has the board take doctors alone.
func (w *world) onlyDoctors() {
	w.t.Helper()
	c, err := trust.NewCompiler()
	if err != nil {
		w.t.Fatal(err)
	}
	if w.board.Terms.When, err = c.Condition("role.code == 'R8000'"); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) openings() []bridge.Emergency {
	w.t.Helper()
	all, err := w.store.Emergencies(w.t.Context(), bridge.EmergencyQuery{Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

var filled = []string{"reason", "life", "note", "Cardiac arrest.", "confirm", "yes"}

func TestEmergencyByCardPages(t *testing.T) {
	w := newEmergencyWorld(t)
	var log bytes.Buffer
	w.pages.Log = slog.New(slog.NewJSONHandler(&log, nil))
	b := w.browser().insert(doubtful + sam)
	b.get("/front/start?partner=board").submit("/signin/card").want(http.StatusOK, "Emergency access", "Ward Whiteboard", "Sam O&#39;Neill", "30 minutes", "alerted at once", "A life is in danger")
	if strings.Contains(b.answer.Get("Set-Cookie"), "session") {
		t.Error("a session before anything was opened")
	}
	for _, tc := range []struct {
		pairs []string
		want  string
	}{
		{nil, "Choose a reason."}, {[]string{"reason", "curiosity"}, "Choose a reason."}, {[]string{"reason", "life"}, "Say in a few words"},
		{[]string{"reason", "life", "note", strings.Repeat("x", 501)}, "at most 500"}, {[]string{"reason", "life", "note", "Arrest <b>"}, "Confirm that you know"},
	} {
		b.submit("/emergency", tc.pairs...).want(http.StatusUnprocessableEntity, tc.want).lacks("<b>")
	}
	if n := len(w.openings()); n != 0 {
		t.Fatalf("%d opened", n)
	}
	form, at := b.form("/emergency"), b.url
	b.submit("/emergency", filled...).want(http.StatusOK, "app told: uid="+sam)
	b.get("/").want(http.StatusOK, "Emergency access until", "Sam O&#39;Neill")
	all := w.openings()
	if len(all) != 1 || all[0].Reason != "life" || all[0].Note != "Cardiac arrest." || all[0].Partner != "board" {
		t.Fatalf("queue: %+v", all)
	}
	line := log.String()
	if !strings.Contains(line, "emergency access opened") || !strings.Contains(line, `"WARN"`) || strings.Contains(line, sam) || strings.Contains(line, "Neill") || strings.Contains(line, "Cardiac") {
		t.Errorf("log: %s", line)
	}
	if refusals := w.events(ledger.SignInRefused); len(refusals) != 1 || refusals[0].Reason != bridge.CodeEmergencyOnly {
		t.Errorf("refusals on record: %+v", refusals)
	}

	for i := 0; i < len(filled); i += 2 { // once more with the same offer
		form.Set(filled[i], filled[i+1])
	}
	b.url = at
	if b.follow("POST", "/emergency", form); b.status < 400 || len(w.openings()) != 1 {
		t.Errorf("the same card opened twice: %d, %d openings", b.status, len(w.openings()))
	}

	b.get("/front/start?partner=strong").want(http.StatusOK, "Sign in").lacks("app told") // does not allow it
	w.wait(30 * time.Minute)
	b.get("/").want(http.StatusOK, "Your emergency access ended", "Nobody is signed in")
	b.get("/front/start?partner=board").want(http.StatusOK, "Use your smartcard").lacks("app told")
}

// TestEmergencyByCardIsNotForAll: who cannot have it is told that the card could not be checked, as ever.
func TestEmergencyByCardIsNotForAll(t *testing.T) {
	for name, change := range map[string]func(*world){
		"no policy":             func(w *world) { w.hub.Emergency = nil },
		"not by the terms":      func(w *world) { w.board.Terms.Emergency = nil },
		"not by the policy":     func(w *world) { w.hub.Emergency.Who = func(bridge.Facts) bool { return false } },
		"of nobody":             func(w *world) { w.board.Terms.Emergency, w.hub.Directory = &trust.EmergencyTerms{}, nobody{} },
		"withdrawn at the desk": func(w *world) { w.withdraw() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newEmergencyWorld(t)
			change(w)
			b := w.browser().insert(doubtful + sam)
			b.get("/front/start?partner=board").submit("/signin/card").want(http.StatusUnauthorized).lacks("Emergency access")
			if len(w.openings()) != 0 {
				t.Error("opened")
			}
		})
	}
	t.Run("a card that is known to be revoked", func(t *testing.T) {
		w := newEmergencyWorld(t)
		w.browser().insert("cancelled "+sam).get("/front/start?partner=board").submit("/signin/card").want(http.StatusUnauthorized, "cancelled").lacks("Emergency access")
	})
}

// nobody is a directory that knows no one.
type nobody struct{}

// Person implements bridge.Directory.
func (nobody) Person(context.Context, string) (people.Person, error) {
	return people.Person{}, people.ErrNotFound
}

func (w *world) withdraw() {
	if err := w.store.UpdateAuthenticator(w.t.Context(), people.Authenticator{ID: "card", UID: sam, Kind: people.Smartcard, Handle: "aa:sam", Added: w.now, Revoked: w.now}, nil); err != nil {
		w.t.Fatal(err)
	}
}

// TestEmergencyOfferIsBound: an offer works in the browser and the sign-on it was made in, with our form, and not after the card was
// withdrawn.
func TestEmergencyOfferIsBound(t *testing.T) {
	w := newEmergencyWorld(t)
	b := w.browser().insert(doubtful + sam)
	b.get("/front/start?partner=board").submit("/signin/card").want(http.StatusOK, "Emergency access")
	form, page := b.form("/emergency"), b.url
	for i := 0; i < len(filled); i += 2 {
		form.Set(filled[i], filled[i+1])
	}
	post := func(b *browser, change func(url.Values)) {
		t.Helper()
		f := url.Values{}
		for k, v := range form {
			f[k] = slices.Clone(v)
		}
		change(f)
		b.url = page
		if b.follow("POST", "/emergency", f); b.status < 400 {
			t.Errorf("status %d: %s", b.status, b.body)
		}
	}
	thief := w.browser()
	thief.get("/signin")
	post(thief, func(f url.Values) { f.Set("csrf", thief.form("/signin/cancel").Get("csrf")) })
	post(b, func(f url.Values) { f.Del("csrf") })
	post(b, func(f url.Values) { f.Set("v", "forged") })
	post(b, func(f url.Values) { f.Set("offer", "guessed") })
	other := w.browser()
	other.jar = b.jar // the same browser in another sign-on
	other.get("/front/start?partner=board")
	tx := other.form("/signin/cancel").Get("tx")
	post(b, func(f url.Values) { f.Set("tx", tx); f.Set("v", w.hub.StepMAC(tx, bridge.StepEmergency)) })
	w.withdraw()
	post(b, func(url.Values) {})
	if n := len(w.openings()); n != 0 {
		t.Errorf("%d opened", n)
	}
}

// TestEmergencyOfferWorksOnce: also while the sign-on it was made in goes on.
func TestEmergencyOfferWorksOnce(t *testing.T) {
	w := newEmergencyWorld(t)
	if err := w.store.SavePersons(t.Context(), people.Person{UID: sam, Name: "Sam O'Neill", Status: people.Active, Identity: 3, Roles: []people.RoleProfile{role(3, "Nurse Access Role", "R8001"), role(4, "Midwife", "R8002")}}); err != nil {
		t.Fatal(err)
	}
	b := w.browser().insert(doubtful + sam)
	b.get("/front/start?partner=board").submit("/signin/card").want(http.StatusOK, "Emergency access")
	form, page := b.form("/emergency"), b.url
	for i := 0; i < len(filled); i += 2 {
		form.Set(filled[i], filled[i+1])
	}
	b.submit("/emergency", filled...).want(http.StatusOK, "Choose your role")
	b.url = page
	if b.follow("POST", "/emergency", form); b.status < 400 || len(w.openings()) != 1 {
		t.Errorf("status %d, %d openings", b.status, len(w.openings()))
	}
}

func TestEmergencyDeclined(t *testing.T) {
	w := newEmergencyWorld(t)
	b := w.browser().insert(doubtful + sam)
	b.get("/front/start?partner=board").submit("/signin/card").submit("/emergency/decline").want(http.StatusOK, "Use your smartcard", "Use your security key")
	b.signInWithKey(sam).want(http.StatusOK, "app told: uid="+sam)

	w.onlyDoctors()
	b = w.browser()
	b.get("/front/start?partner=board").signInWithKey(sam).want(http.StatusOK, "Emergency access", "does not accept this role")
	b.submit("/emergency/decline").want(http.StatusForbidden, "does not accept this role") // the front end was refused
	if len(w.openings()) != 0 {
		t.Error("opened")
	}
}

func TestEmergencyByTermsPages(t *testing.T) {
	w := newEmergencyWorld(t)
	w.onlyDoctors()
	b := w.browser()
	b.get("/front/start?partner=board").signInWithKey(sam).want(http.StatusOK, "Emergency access", "does not accept this role", "Sam O&#39;Neill")
	secret := b.cookie("__Host-lanyard-session")
	b.submit("/emergency", filled...).want(http.StatusOK, "app told: uid="+sam)
	if now := b.cookie("__Host-lanyard-session"); now == secret || now == "" {
		t.Error("the secret did not change with what it opens")
	}
	if all := w.openings(); len(all) != 1 || all[0].Refused != "role_not_allowed" || all[0].Role != "" && all[0].Role != "555123456703" {
		t.Errorf("%+v", all)
	}
	b.get("/front/start?partner=board").want(http.StatusOK, "app told: uid="+sam) // as long as it lasts, without asking
	w.wait(30 * time.Minute)
	b.get("/front/start?partner=board").want(http.StatusOK, "Use your security key").lacks("app told")

	// somebody with several roles, none of which will do, chooses one when it is open
	b = w.browser().insert(many)
	b.get("/front/start?partner=board").submit("/signin/card").want(http.StatusOK, "Emergency access")
	b.submit("/emergency", filled...).want(http.StatusOK, "Choose your role", "Midwife")
	b.submit("/role", "role", "555123456713").want(http.StatusOK, "app told: uid="+many+" role=555123456713")

	b = w.browser().insert(none)
	b.get("/front/start?partner=board").submit("/signin/card").want(http.StatusOK, "Emergency access", "You have no role")
	b.submit("/emergency", filled...).want(http.StatusOK, "app told: uid="+none+" role=")
}

func TestStatusPage(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.get("/status").want(http.StatusOK, "Nothing is known")
	b.get("/signin").lacks("How the service is doing")
	w.pages.Status = func(context.Context) Status {
		return Status{Parts: []Part{{Name: "Signing in", Rung: Working}, {Name: "Smartcards", Rung: Reduced, Text: "Checked by lists.", Since: w.now}}}
	}
	b.get("/status").want(http.StatusOK, "Signing in", "Smartcards", "Working, with older information", "Information of 23 Nov 2026, 08:12")
	for _, path := range []string{"/", "/signin"} {
		b.get(path).want(http.StatusOK, "Smartcards: working, with older information. Checked by lists.", "/status")
	}
	b.header.Set("Accept", "application/json")
	b.get("/status").want(http.StatusOK)
	var said struct {
		Time  time.Time
		Parts []struct{ Name, State, Text string }
	}
	if err := json.Unmarshal([]byte(b.body), &said); err != nil || b.answer.Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %s, %v", b.answer.Get("Content-Type"), b.body, err)
	}
	if !said.Time.Equal(w.now) || len(said.Parts) != 2 || said.Parts[1].State != "reduced" {
		t.Errorf("%+v", said)
	}
}
