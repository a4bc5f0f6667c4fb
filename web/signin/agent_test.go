package signin

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/bridge/agent/softagent"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

const hubOrigin = "https://sso.example"

// withAgents is a world whose pages look for agents, with that of bay 4.
func withAgents(t *testing.T) (*world, *softagent.Agent) {
	t.Helper()
	w := newWorld(t)
	w.pages.Agents = &Agents{Reader: &agent.Reader{Hub: w.hub, Workstations: w.store, Issuer: hubOrigin}, Tap: true}
	return w, w.station("bay4")
}

func (w *world) station(id string) *softagent.Agent {
	w.t.Helper()
	a := softagent.New(id, hubOrigin, w.clock)
	if _, err := w.store.SaveWorkstation(w.t.Context(), trust.Workstation{ID: id, Name: id, Key: a.Public()}, 0); err != nil {
		w.t.Fatal(err)
	}
	return a
}

// inserted is a card in the reader beside an agent: a fake one, whose signature is the message.
type inserted struct {
	agent *softagent.Agent
	text  string
}

func (w *world) reader(a *softagent.Agent, name string) inserted {
	return inserted{a, base64.StdEncoding.EncodeToString(w.certificate(name).Certificate[0])}
}

func (i inserted) presence(nonce string) string {
	return i.agent.Say("presence", map[string]any{"nonce": nonce, "user": "2", "certificate": i.text})
}

// signed is what the agent answers to a challenge for a page of an origin.
func (i inserted) signed(origin, challenge string) url.Values {
	return url.Values{
		"challenge": {challenge}, "certificate": {i.text}, "presence": {i.presence(challenge)},
		"signature": {base64.StdEncoding.EncodeToString(agent.SignedText(origin, challenge))},
	}
}

// challenge asks for one as the page's script does, and returns the form to finish with.
func (b *browser) challenge() (string, url.Values) {
	b.t.Helper()
	form, page := b.form("/signin/agent/finish"), b.url
	b.once("POST", "/signin/agent/begin", form).want(http.StatusOK)
	var made struct{ Challenge string }
	if err := json.Unmarshal([]byte(b.body), &made); err != nil {
		b.t.Fatal(err)
	}
	b.url = page
	return made.Challenge, form
}

// withCard finishes with what the agent answered.
func (b *browser) withCard(form, said url.Values) *browser {
	b.t.Helper()
	for name, v := range said {
		form[name] = v
	}
	return b.follow("POST", "/signin/agent/finish", form)
}

func TestSignInThroughAgent(t *testing.T) {
	w, a := withAgents(t)
	b := w.browser()
	b.get("/front/start?partner=board").want(http.StatusOK, `id="way-agent"`, "hidden", "/static/agent-")
	if policy := b.answer.Get("Content-Security-Policy"); !strings.Contains(policy, "connect-src 'self' http://127.0.0.1:*; frame-ancestors") {
		t.Errorf("policy %q", policy)
	}
	challenge, form := b.challenge()
	b.withCard(form, w.reader(a, asha).signed(hubOrigin, challenge)).submit("/role", "role", "555123456701").want(http.StatusOK, "app told: uid="+asha)
	s, err := w.store.SessionByKey(t.Context(), bridge.Key(b.cookie("__Host-lanyard-session")))
	if err != nil {
		t.Fatal(err)
	}
	at, err := w.hub.PlaceOf(t.Context(), s)
	if err != nil || at.Workstation != "bay4" || at.User != "2" || len(at.Card) != 64 || at.Authenticator != "card" || s.Assurance != 3 || s.Method != bridge.MethodSmartcard {
		t.Errorf("%+v %+v %v", s, at, err)
	}
	if es := w.events(ledger.SignedIn); len(es) != 1 || es[0].Detail["workstation"] != "bay4" {
		t.Errorf("%+v", es)
	}
}

// TestWithoutAgents: nothing of it is on a page, or served, where agents are not believed.
func TestWithoutAgents(t *testing.T) {
	w := newWorld(t)
	b := w.browser().get("/front/start?partner=board").want(http.StatusOK).lacks("agent")
	if policy := b.answer.Get("Content-Security-Policy"); strings.Contains(policy, "127.0.0.1") {
		t.Errorf("policy %q", policy)
	}
	for _, path := range []string{"/signin/agent/begin", "/signin/agent/finish", "/signin/workstation", "/signin/tap"} {
		b.once("POST", path, b.get("/front/start?partner=board").form("/signin/card")).want(http.StatusBadRequest)
	}
	nothingCame(t, w)
}

// agentRefused signs in with what change makes of a good answer, and wants it refused.
func agentRefused(t *testing.T, code string, change func(w *world, challenge string, said url.Values)) {
	t.Helper()
	w, a := withAgents(t)
	b := w.browser().get("/front/start?partner=board")
	challenge, form := b.challenge()
	said := w.reader(a, asha).signed(hubOrigin, challenge)
	change(w, challenge, said)
	b.withCard(form, said).want(http.StatusUnauthorized)
	refusedWith(t, w, code)
	nothingCame(t, w)
}

// TestAgentRefused: one thing is wrong with the answer of card or agent at a time.
func TestAgentRefused(t *testing.T) {
	other := func(w *world, id string) inserted { return w.reader(w.station(id), asha) }
	for name, c := range map[string]struct {
		code   string
		change func(w *world, challenge string, said url.Values)
	}{
		"signed for a page of another origin": {"card_signature", func(w *world, c string, said url.Values) {
			said.Set("signature", base64.StdEncoding.EncodeToString(agent.SignedText("https://evil.example", c)))
		}},
		"signed for the origin null": {"card_signature", func(w *world, c string, said url.Values) {
			said.Set("signature", base64.StdEncoding.EncodeToString(agent.SignedText("null", c)))
		}},
		"the bare challenge signed": {"card_signature", func(w *world, c string, said url.Values) {
			said.Set("signature", base64.StdEncoding.EncodeToString([]byte(c)))
		}},
		"signed as for a client without pages": {"card_signature", func(w *world, c string, said url.Values) {
			said.Set("signature", base64.StdEncoding.EncodeToString(ClientMessage(hubOrigin, c)))
		}},
		"no signature":        {"card_signature", func(_ *world, _ string, said url.Values) { said.Del("signature") }},
		"signature of junk":   {"card_signature", func(_ *world, _ string, said url.Values) { said.Set("signature", "!") }},
		"certificate of junk": {"agent_message", func(_ *world, _ string, said url.Values) { said.Set("certificate", "MAA=") }},
		"no answer":           {"agent_silent", func(_ *world, _ string, said url.Values) { clear(said) }},
		"a challenge of nobody": {"card_challenge", func(w *world, _ string, said url.Values) {
			said.Set("challenge", w.hub.NewSecret())
		}},
		"presence for another challenge": {"presence_nonce", func(w *world, _ string, said url.Values) {
			said.Set("presence", other(w, "bay5").presence("another"))
		}},
		"presence that is no presence": {"agent_message", func(w *world, c string, said url.Values) {
			said.Set("presence", w.station("bay5").Say("event", map[string]any{"nonce": c}))
		}},
		"presence for another hub": {"agent_audience", func(w *world, c string, said url.Values) {
			said.Set("presence", w.station("bay5").Say("presence", map[string]any{"nonce": c, "aud": "https://other.example"}))
		}},
		"presence of a stranger": {"workstation_unknown", func(w *world, c string, said url.Values) {
			said.Set("presence", softagent.New("bay9", hubOrigin, w.clock).Say("presence", map[string]any{"nonce": c}))
		}},
		"presence under another's name": {"agent_signature", func(w *world, c string, said url.Values) {
			said.Set("presence", softagent.New("bay4", hubOrigin, w.clock).Say("presence", map[string]any{"nonce": c}))
		}},
		"presence with another card": {"presence_card", func(w *world, c string, said url.Values) {
			said.Set("presence", w.reader(w.station("bay5"), sam).presence(c))
		}},
		"presence of before": {"agent_clock", func(w *world, c string, said url.Values) {
			old := w.clock().Add(-5 * time.Minute).Unix()
			said.Set("presence", w.station("bay5").Say("presence", map[string]any{"nonce": c, "iat": old, "exp": old + 30}))
		}},
		"a revoked workstation": {"workstation_revoked", func(w *world, c string, said url.Values) {
			s, err := w.store.Workstation(w.t.Context(), "bay4")
			if err != nil {
				w.t.Fatal(err)
			}
			s.Revoked = w.clock()
			if _, err := w.store.SaveWorkstation(w.t.Context(), s, s.Revision); err != nil {
				w.t.Fatal(err)
			}
		}},
		"an unregistered computer where one is needed": {"workstation_needed", func(w *world, _ string, said url.Values) {
			w.pages.Agents.Presence = true
			said.Set("presence", "")
		}},
	} {
		t.Run(name, func(t *testing.T) { agentRefused(t, c.code, c.change) })
	}
	agentRefused(t, "card_expired", func(w *world, c string, said url.Values) {
		for name, v := range w.reader(w.station("bay5"), "expired").signed(hubOrigin, c) {
			said[name] = v
		}
	})
}

// TestEmergencyThroughAgent: a card whose revocation cannot be known leads to the same offer as by any other way, and the session that
// comes of it is at the workstation.
func TestEmergencyThroughAgent(t *testing.T) {
	w := newEmergencyWorld(t)
	w.pages.Agents = &Agents{Reader: &agent.Reader{Hub: w.hub, Workstations: w.store, Issuer: hubOrigin}}
	a := w.station("bay4")
	b := w.browser().get("/front/start?partner=board")
	challenge, form := b.challenge()
	b.withCard(form, w.reader(a, doubtful+sam).signed(hubOrigin, challenge)).want(http.StatusOK, "Emergency access")
	refusedWith(t, w, bridge.CodeEmergencyOnly)
	b.submit("/emergency", filled...).want(http.StatusOK, "app told: uid="+sam)
	if es := w.events(ledger.SignedIn); len(es) != 1 || es[0].Detail["workstation"] != "bay4" {
		t.Errorf("%+v", es)
	}
}

// TestUnregisteredComputer: without a word of a workstation the session is at none, as by any other way.
func TestUnregisteredComputer(t *testing.T) {
	w, a := withAgents(t)
	b := w.browser().get("/front/start?partner=board")
	challenge, form := b.challenge()
	said := w.reader(a, sam).signed(hubOrigin, challenge)
	said.Set("presence", "")
	b.withCard(form, said).want(http.StatusOK, "app told: uid="+sam)
	if es := w.events(ledger.SignedIn); es[0].Detail["workstation"] != "" {
		t.Errorf("%+v", es)
	}
}

// testChallengeIsBound: row 233. A challenge works once, within two minutes, in the browser and sign-on it was made for.
func testChallengeIsBound(t *testing.T) {
	w, a := withAgents(t)
	card := w.reader(a, asha)
	start := func() *browser { return w.browser().get("/front/start?partner=board") }
	victim, attacker := start(), start()
	challenge, form := victim.challenge()
	attacker.withCard(attacker.form("/signin/agent/finish"), card.signed(hubOrigin, challenge)).want(http.StatusUnauthorized)
	refusedWith(t, w, "card_challenge_other")
	second := start()
	second.jar = victim.jar
	second.get("/front/start?partner=strong")
	second.withCard(second.form("/signin/agent/finish"), card.signed(hubOrigin, challenge)).want(http.StatusUnauthorized)
	refusedWith(t, w, "card_challenge_other")
	nothingCame(t, w)
	said := card.signed(hubOrigin, challenge)
	victim.withCard(form, said).want(http.StatusOK, "Choose")
	again := start()
	again.jar = victim.jar
	again.withCard(form, card.signed(hubOrigin, challenge))
	refusedWith(t, w, "card_challenge")
	late := start()
	challenge, form = late.challenge()
	w.wait(2 * time.Minute)
	late.withCard(form, card.signed(hubOrigin, challenge)).want(http.StatusUnauthorized)
	refusedWith(t, w, "card_challenge")
	if n := len(challenge); n < 43 {
		t.Errorf("a challenge of %d characters", n)
	}
}

// TestPresenceIsUsedOnce: what an agent said for one sign-in is of no use for a second.
func TestPresenceIsUsedOnce(t *testing.T) {
	w, a := withAgents(t)
	b := w.browser().get("/front/start?partner=board")
	page := b.url
	nonce := between(b.body, `data-nonce="`, `"`)
	form := b.form("/signin/agent/finish")
	form.Set("presence", w.reader(a, asha).presence(nonce))
	b.once("POST", "/signin/workstation", form).want(http.StatusNoContent)
	b.url = page
	b.once("POST", "/signin/workstation", form).want(http.StatusUnauthorized)
	other := w.browser().get("/front/start?partner=board")
	form = other.form("/signin/agent/finish")
	form.Set("presence", w.reader(a, asha).presence(nonce))
	other.once("POST", "/signin/workstation", form).want(http.StatusUnauthorized)
}

// TestPlacedByPresence: a sign-in by security key is at the workstation whose agent said so, and nothing of a card in its reader
// belongs to it.
func TestPlacedByPresence(t *testing.T) {
	w, a := withAgents(t)
	b := w.browser().get("/front/start?partner=board")
	page := b.url
	form := b.form("/signin/agent/finish")
	form.Set("presence", w.reader(a, asha).presence(between(b.body, `data-nonce="`, `"`)))
	b.once("POST", "/signin/workstation", form).want(http.StatusNoContent)
	b.get(page).signInWithKey(sam).want(http.StatusOK, "app told: uid="+sam)
	s, err := w.store.SessionByKey(t.Context(), bridge.Key(b.cookie("__Host-lanyard-session")))
	if err != nil {
		t.Fatal(err)
	}
	if at, err := w.hub.PlaceOf(t.Context(), s); err != nil || at.Workstation != "bay4" || at.Card != "" {
		t.Errorf("%+v %v", at, err)
	}
}

// TestTap: the card of who is signed in changes nothing; any other leads to a sign-in, also while somebody is signed in.
func TestTap(t *testing.T) {
	w, a := withAgents(t)
	b := w.browser().get("/front/start?partner=board").signInWithKey(sam).get("/").want(http.StatusOK, "data-agent")
	tap := func(presence func(nonce string) string) string {
		t.Helper()
		b.get("/")
		b.once("POST", "/signin/tap", url.Values{"csrf": {between(b.body, `name="csrf" value="`, `"`)}, "presence": {presence(between(b.body, `data-nonce="`, `"`))}})
		return b.body
	}
	card := func(uid string) func(string) string {
		c := w.issued(uid)
		return func(nonce string) string { return inserted{a, c}.presence(nonce) }
	}
	if got := tap(card(sam)); got != `{"same":true}` {
		t.Error(got)
	}
	if got := tap(card(asha)); got != `{"same":false}` {
		t.Error(got)
	}
	if got := tap(w.reader(a, "nobody's").presence); got != `{"same":false}` {
		t.Error(got)
	}
	if got := tap(func(string) string { return w.reader(a, sam).presence("another page's") }); b.status != http.StatusUnauthorized {
		t.Error(got)
	}
	b.get("/signin?prompt=1").want(http.StatusOK, "is signed in on this computer", `id="way-agent"`)
	if len(w.events(ledger.SessionEnded)) != 0 {
		t.Error("ended")
	}
}

// issued is the certificate of a card that is registered to somebody.
func (w *world) issued(uid string) string {
	w.t.Helper()
	key := softagent.New("card", "", nil).Key
	c := &x509.Certificate{SerialNumber: big.NewInt(int64(len(uid)) + int64(uid[11])), Subject: pkix.Name{CommonName: uid}, AuthorityKeyId: []byte{1}, NotAfter: w.clock().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	a := people.Authenticator{ID: "card of " + uid, UID: uid, Kind: people.Smartcard, Handle: people.CardHandle([]byte{1}, c.SerialNumber)}
	if err := w.store.AddAuthenticator(w.t.Context(), a); err != nil {
		w.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// TestSecurityChallengesAreBounded: whoever bounds what strangers have the hub store knows of the challenges that agents are given.
func TestSecurityChallengesAreBounded(t *testing.T) {
	w, _ := withAgents(t)
	b := w.browser()
	b.get("/front/start?partner=board")
	challenge, _ := b.challenge()
	var kinds []bridge.ArtifactKind
	for _, kind := range StrangerKinds() {
		if _, err := w.store.Get(t.Context(), kind, bridge.Key(challenge), w.clock()); err == nil {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) != 1 {
		t.Errorf("the challenge of an agent is of %v, none of %v", kinds, StrangerKinds())
	}
}
