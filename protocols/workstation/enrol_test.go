package workstation

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge/agent/softagent"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// open registers a workstation and opens its enrolment.
func (w *world) open(id string) (*softagent.Agent, string) {
	w.t.Helper()
	s, token := trust.Workstation{ID: id, Name: "Bay 6", Shared: true, OnRemoval: trust.RemovalLock}.OpenEnrolment("a-secret-of-many-bits", w.now.Add(24*time.Hour))
	w.save(s)
	return softagent.New(id, issuer, func() time.Time { return w.now }), token
}

func (w *world) enrol(token string, key json.RawMessage, proof string) answer {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"secret": token, "key": key, "proof": proof})
	w.must(err)
	return w.post("/workstation/enrol", "application/json", string(body))
}

func TestEnrol(t *testing.T) {
	w := newWorld(t)
	a, token := w.open("bay6")
	got := w.enrol(token, a.JWK(), a.Say("enrol", nil))
	got.want(t, http.StatusOK, "")
	for name, want := range map[string]any{"workstation": "bay6", "name": "Bay 6", "issuer": issuer, "shared": true, "removal": "lock"} {
		if got.body[name] != want {
			t.Errorf("%s is %v, want %v", name, got.body[name], want)
		}
	}
	w.say("/workstation/status", a.Say("status", nil)).want(t, http.StatusOK, "")
	if es := w.events(ledger.WorkstationEnrolled); len(es) != 1 || es[0].Detail["workstation"] != "bay6" || len(es[0].Detail["key"]) != 43 {
		t.Errorf("%+v", es)
	}
	// The secret is spent, also for the same agent.
	w.enrol(token, a.JWK(), a.Say("enrol", nil)).want(t, http.StatusUnauthorized, "workstation_secret")
}

// TestEnrolAnew: the key of before holds until another is enrolled, and not longer.
func TestEnrolAnew(t *testing.T) {
	w := newWorld(t)
	old := w.agents["bay4"]
	stored, err := w.store.Workstation(t.Context(), "bay4")
	w.must(err)
	opened, token := stored.OpenEnrolment("another-secret", w.now.Add(time.Hour))
	w.save(opened)
	w.say("/workstation/status", old.Say("status", nil)).want(t, http.StatusOK, "")
	a := softagent.New("bay4", issuer, old.Now)
	w.enrol(token, a.JWK(), a.Say("enrol", nil)).want(t, http.StatusOK, "")
	w.say("/workstation/status", old.Say("status", nil)).want(t, http.StatusForbidden, "agent_signature")
	w.say("/workstation/status", a.Say("status", nil)).want(t, http.StatusOK, "")
}

func TestEnrolRefused(t *testing.T) {
	w := newWorld(t)
	a, token := w.open("bay6")
	other := softagent.New("bay6", issuer, a.Now)
	fresh := func() string { return a.Say("enrol", nil) }
	for name, c := range map[string]struct {
		token  string
		key    json.RawMessage
		proof  string
		status int
		code   string
	}{
		"another secret":             {"bay6.another", a.JWK(), fresh(), http.StatusUnauthorized, "workstation_secret"},
		"no secret":                  {"bay6.", a.JWK(), fresh(), http.StatusUnauthorized, "workstation_secret"},
		"secret without a name":      {"a-secret-of-many-bits", a.JWK(), fresh(), http.StatusUnauthorized, "workstation_secret"},
		"secret of nobody":           {"bay9.a-secret-of-many-bits", a.JWK(), fresh(), http.StatusUnauthorized, "workstation_secret"},
		"workstation without secret": {"bay4.a-secret-of-many-bits", a.JWK(), fresh(), http.StatusUnauthorized, "workstation_secret"},
		"secret without end":         {"bay6." + strings.Repeat("s", 300), a.JWK(), fresh(), http.StatusUnauthorized, "workstation_secret"},
		"proof by another key":       {token, a.JWK(), other.Say("enrol", nil), http.StatusForbidden, "agent_signature"},
		"proof of another act":       {token, a.JWK(), a.Say("status", nil), http.StatusBadRequest, "agent_message"},
		"proof for another hub":      {token, a.JWK(), a.Say("enrol", map[string]any{"aud": "https://other.example"}), http.StatusBadRequest, "agent_audience"},
		"no key":                     {token, json.RawMessage(`null`), fresh(), http.StatusBadRequest, "enrolment"},
		"an RSA key":                 {token, json.RawMessage(`{"kty":"RSA","n":"AQAB","e":"AQAB"}`), fresh(), http.StatusBadRequest, "enrolment"},
		"a point off the curve":      {token, json.RawMessage(`{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`), fresh(), http.StatusBadRequest, "enrolment"},
		"a private key":              {token, json.RawMessage(strings.Replace(string(a.JWK()), "{", `{"d":"AAAA",`, 1)), fresh(), http.StatusBadRequest, "enrolment"},
	} {
		t.Run(name, func(t *testing.T) { w.enrol(c.token, c.key, c.proof).want(t, c.status, c.code) })
	}
	w.post("/workstation/enrol", "application/jwt", `{}`).want(t, http.StatusBadRequest, "media_type")
	w.post("/workstation/enrol", "application/json", `{"secret":"a","secret":"b"}`).want(t, http.StatusBadRequest, "enrolment")
	if stored, err := w.store.Workstation(t.Context(), "bay6"); err != nil || stored.Believed() {
		t.Fatalf("%+v %v", stored, err)
	}
	if n := len(w.events(ledger.WorkstationRefused)); n < 12 {
		t.Errorf("%d refusals on record", n)
	}
	w.now = w.now.Add(24 * time.Hour)
	w.enrol(token, a.JWK(), a.Say("enrol", nil)).want(t, http.StatusUnauthorized, "workstation_secret")
	revoked, token := w.open("bay7")
	stored, err := w.store.Workstation(t.Context(), "bay7")
	w.must(err)
	stored.Revoked = w.now
	w.save(stored)
	w.enrol(token, revoked.JWK(), revoked.Say("enrol", nil)).want(t, http.StatusUnauthorized, "workstation_secret")
}

// TestKeys: partners get the key of an agent that is believed, to keep for five minutes, and of no other.
func TestKeys(t *testing.T) {
	w := newWorld(t)
	get := func(id string) answer {
		return w.serve(httptest.NewRequestWithContext(t.Context(), http.MethodGet, issuer+"/workstation/keys/"+id, nil))
	}
	got := get("bay4")
	got.want(t, http.StatusOK, "")
	if want := `{"keys":[` + string(w.agents["bay4"].JWK()) + `]}`; got.text != want || got.header.Get("Cache-Control") != "max-age=300" {
		t.Errorf("%s, %s", got.text, got.header.Get("Cache-Control"))
	}
	w.open("bay6")
	stored, err := w.store.Workstation(t.Context(), "bay5")
	w.must(err)
	stored.Revoked = w.now
	w.save(stored)
	for _, id := range []string{"bay5", "bay6", "bay9", strings.Repeat("b", 500)} {
		get(id).want(t, http.StatusNotFound, "workstation_unknown")
	}
}
