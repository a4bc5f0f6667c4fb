package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/adapters/fido/softkey"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust/people"
)

const twoPeople = `people:
- { uid: 555021935107, name: Carol Specimen, identity: 3 }
- { uid: 555021935200, name: Dev Specimen, identity: 3 }
`

const origin = "http://hub.localhost:8421"

// Models of the keys that stand in the store.
const (
	badModel  = "b10e0000-0000-0000-0000-000000000001"
	goodModel = "94ee0000-0000-0000-0000-000000000002"
)

// attestation replaces the ways to sign in of the configuration.
func (h rehearsed) attestation(settings string) {
	h.t.Helper()
	path := filepath.Join(h.dir, "lanyard.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		h.t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "authenticators:") {
			lines[i] = "authenticators: { fido2: { attestation: { " + settings + " } } }"
		}
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// ceremonies are those of the hub of this configuration.
func (h rehearsed) ceremonies(store hub.Store) *fido.Keys {
	h.t.Helper()
	keys, err := fido.New(fido.Options{
		RPID: "hub.localhost", RPName: "Test", Origins: []string{origin}, Authenticators: store, Clock: time.Now, Random: rand.Reader,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return keys
}

// holdKey puts a key of a model in the store, and a session that was signed in with it.
func (h rehearsed) holdKey(store hub.Store, uid, model string, seed byte) (people.Authenticator, *softkey.Key) {
	h.t.Helper()
	keys := h.ceremonies(store)
	key, err := softkey.New(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), "hub.localhost", origin)
	if err != nil {
		h.t.Fatal(err)
	}
	if key.AAGUID, err = fido.ParseAAGUID(model); err != nil {
		h.t.Fatal(err)
	}
	person, err := store.Person(h.t.Context(), uid)
	if err != nil {
		h.t.Fatal(err)
	}
	options, state, err := keys.BeginEnrolment(h.t.Context(), person)
	if err != nil {
		h.t.Fatal(err)
	}
	response, err := key.Create(options)
	if err != nil {
		h.t.Fatal(err)
	}
	made, err := keys.FinishEnrolment(h.t.Context(), person, state, response, time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	a := made.Authenticator
	a.ID, a.Label = "key-"+string('0'+rune(seed)), "Ward key"
	now := time.Now()
	session := bridge.Session{ID: "s" + a.ID, Key: "k" + a.ID, UID: uid, Method: bridge.MethodFIDO2, Assurance: 3, Authenticator: a.ID, AuthnAt: now, Started: now, Seen: now}
	if err := store.Commit(h.t.Context(), bridge.AddAuthenticator{Authenticator: a}, bridge.SaveSession{Session: session}); err != nil {
		h.t.Fatal(err)
	}
	return a, key
}

// use signs in with a key at a counter, and returns the code of the refusal.
func (h rehearsed) use(store hub.Store, key *softkey.Key, counter uint32) string {
	h.t.Helper()
	keys := h.ceremonies(store)
	options, state, err := keys.BeginSignIn(h.t.Context(), "")
	if err != nil {
		h.t.Fatal(err)
	}
	key.Counter, key.Step = counter, 0
	response, err := key.Get(options)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err = keys.FinishSignIn(h.t.Context(), state, response, time.Now()); err != nil {
		return bridge.AsRefusal(err).AuditCode()
	}
	return ""
}

// TestPeopleKeys: a model turns out to be bad; who holds it is listed, and their sessions end.
func TestPeopleKeys(t *testing.T) {
	h := newRehearsed(t)
	h.with("", map[string]string{"people.yaml": twoPeople})
	h.must("people", "import", filepath.Join(h.dir, "people.yaml"))
	c, _ := config.Load(filepath.Join(h.dir, "lanyard.yaml"), nil, config.Options{Lab: true})
	store, err := hub.OpenStore(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	h.holdKey(store, "555021935107", badModel, 1)
	h.holdKey(store, "555021935200", goodModel, 2)
	revoked, _ := h.holdKey(store, "555021935200", badModel, 3)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	h.must("people", "revoke", "555021935200", revoked.Handle)

	if out := h.must("people", "keys"); strings.Count(out, "\n") != 2 || !strings.Contains(out, "Carol Specimen  Ward key  "+badModel+"  AAL3 (model_not_asked)  never used") {
		t.Errorf("all of them:\n%s", out)
	}
	if out := h.must("people", "keys", "--withdrawn"); out != "" {
		t.Errorf("none is withdrawn:\n%s", out)
	}
	h.attestation("deny: [" + badModel + "]")
	var rows []struct {
		UID, Handle string
		Key         struct {
			AAGUID, WithdrawnBy string
			Assurance           int
		}
	}
	if err := json.Unmarshal([]byte(h.must("people", "keys", "--withdrawn", "--json")), &rows); err != nil || len(rows) != 1 ||
		rows[0].UID != "555021935107" || rows[0].Handle == "" || rows[0].Key.AAGUID != badModel || rows[0].Key.WithdrawnBy != "denied" {
		t.Errorf("withdrawn: %+v, %v", rows, err)
	}
	if out := h.must("people", "show", "555021935107"); !strings.Contains(out, "    "+badModel+"  refused (denied)\n") {
		t.Errorf("shown:\n%s", out)
	}
	if out := h.must("people", "show", "555021935200", "--json"); !strings.Contains(out, `"AAGUID":"`+goodModel+`"`) || !strings.Contains(out, `"Assurance":3`) {
		t.Errorf("shown: %s", out)
	}
	if out := h.must("people", "keys", "--model", goodModel); strings.Count(out, "\n") != 1 || !strings.Contains(out, "Dev Specimen") {
		t.Errorf("of one model:\n%s", out)
	}
	if out := h.must("people", "keys", "--withdrawn", "--end-sessions"); !strings.Contains(out, "1 session ended") {
		t.Errorf("ended:\n%s", out)
	}
	if out := h.must("session", "list"); strings.Contains(out, "skey-1") || !strings.Contains(out, "skey-2") {
		t.Errorf("sessions left:\n%s", out)
	}
}

// TestPeopleKeysSuspected: a key may have a copy. It is listed, its sessions end, and it is cleared or revoked; each is recorded.
func TestPeopleKeysSuspected(t *testing.T) {
	h := newRehearsed(t)
	h.with("", map[string]string{"people.yaml": twoPeople})
	h.must("people", "import", filepath.Join(h.dir, "people.yaml"))
	c, _ := config.Load(filepath.Join(h.dir, "lanyard.yaml"), nil, config.Options{Lab: true})
	store, err := hub.OpenStore(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	carols, key := h.holdKey(store, "555021935107", goodModel, 1)
	devs, _ := h.holdKey(store, "555021935200", goodModel, 2)
	if h.use(store, key, 7) != "" || h.use(store, key, 7) != "key_clone" || h.use(store, key, 8) != "key_suspected" {
		t.Fatal("a key with one counter twice is not suspected")
	}
	if out := h.must("people", "keys", "--suspected"); strings.Count(out, "\n") != 1 || !strings.Contains(out, "Carol Specimen") || !strings.Contains(out, "refused (possible_clone)") {
		t.Errorf("suspected:\n%s", out)
	}
	if out := h.must("people", "keys", "--below", "1", "--json"); !strings.Contains(out, `"PossibleClone":true,"Locked":true`) || strings.Contains(out, "Dev") {
		t.Errorf("below 1: %s", out)
	}
	if out := h.must("people", "keys", "--suspected", "--end-sessions"); !strings.Contains(out, "1 session ended") {
		t.Errorf("ended:\n%s", out)
	}
	if out := h.must("people", "clear", "555021935107", carols.Handle); !strings.Contains(out, "is accepted again") {
		t.Errorf("cleared: %s", out)
	}
	if out := h.must("people", "clear", "555021935107", carols.ID); !strings.Contains(out, "was not suspected") {
		t.Errorf("cleared twice: %s", out)
	}
	if h.must("people", "keys", "--suspected") != "" || h.use(store, key, 3) != "" || h.use(store, key, 3) != "key_clone" {
		t.Error("a cleared key does not count from its next use")
	}
	if out := h.must("audit", "query", "--kind", "authenticator_cleared", "--json"); strings.Count(out, "\n") != 1 || !strings.Contains(out, `"authenticator":"`+carols.ID+`"`) {
		t.Errorf("recorded: %s", out)
	}
	h.must("people", "revoke", "555021935107", carols.Handle)
	for want, args := range map[string][]string{
		"that is for good": {"people", "clear", "555021935107", carols.Handle},
		"no card or key":   {"people", "clear", "555021935107", devs.Handle},
		"registered":       {"people", "clear", "555000000000", devs.Handle},
	} {
		if _, err := h.run(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
	if out := h.must("audit", "query", "--kind", "authenticator_revoked", "--json"); strings.Count(out, "\n") != 1 {
		t.Errorf("recorded: %s", out)
	}
}

// TestPeopleKeysOfTomorrow: what a stricter policy would change is known before it is in force.
func TestPeopleKeysOfTomorrow(t *testing.T) {
	h := newRehearsed(t)
	for want, args := range map[string][]string{
		"whose sessions end must be said": {"people", "keys", "--end-sessions"},
		"is not an AAGUID":                {"people", "keys", "--model", "x"},
	} {
		if _, err := h.run(args...); err == nil || exitCode(err) != exitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
	if err := os.WriteFile(filepath.Join(h.dir, "roots.pem"), []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.attestation("mode: certified, metadata: blob.jwt, metadata_roots: roots.pem")
	if _, err := h.run("people", "keys"); err == nil || exitCode(err) != exitConfig {
		t.Errorf("roots that are none: %v", err)
	}
}
