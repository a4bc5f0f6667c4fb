package fido_test

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// numbered is a desk where people may type their staff number.
func numbered(t testing.TB, secret byte) *desk {
	t.Helper()
	d := newDesk(t)
	keys, err := fido.New(fido.Options{
		RPID: rpID, RPName: "Lanyard", Origins: []string{origin}, Authenticators: d.shelf, Clock: func() time.Time { return d.now }, Random: &drip{},
		Numbers: true, Secret: []byte(strings.Repeat(string(secret), 32)),
	})
	if err != nil {
		t.Fatal(err)
	}
	d.keys = keys
	return d
}

type listed struct {
	Type, ID   string
	Transports []string
}

// listedFor is the list that a browser gets for a staff number.
func (d *desk) listedFor(uid string) []listed {
	d.t.Helper()
	options, _, err := d.keys.BeginSignIn(d.t.Context(), uid)
	if err != nil {
		d.t.Fatal(err)
	}
	var o struct {
		PublicKey struct {
			Allow []listed `json:"allowCredentials"`
		}
	}
	if err := json.Unmarshal(options, &o); err != nil {
		d.t.Fatal(err)
	}
	return o.PublicKey.Allow
}

// testEnumeration: a staff number gets a list whoever it is of, the same one every time, of the same looks.
func testEnumeration(t *testing.T) {
	d := numbered(t, 'a')
	k := softKey(t, 1)
	k.Transports = []string{"usb", "nfc"}
	a := d.enrol(k, d.person)
	if got := d.listedFor(d.person.UID); len(got) != 1 || got[0].ID != a.Handle || !reflect.DeepEqual(got[0].Transports, []string{"usb", "nfc"}) {
		t.Errorf("a registered person: %+v", got)
	}
	seen := map[string]bool{a.Handle: true}
	counts, lengths := map[int]int{}, map[int]int{}
	for n := range 200 {
		uid := "5550000" + strings.Repeat("0", n%5) + string(rune('a'+n%26)) + strings.Repeat("1", n/26)
		first := d.listedFor(uid)
		if again := d.listedFor(uid); len(first) == 0 || !reflect.DeepEqual(first, again) {
			t.Fatalf("%s: %+v, then %+v", uid, first, again)
		}
		counts[len(first)]++
		for _, c := range first {
			raw, err := base64.RawURLEncoding.DecodeString(c.ID)
			if err != nil || c.Type != "public-key" || len(c.Transports) == 0 || seen[c.ID] {
				t.Fatalf("%s: %+v", uid, c)
			}
			seen[c.ID] = true
			lengths[len(raw)]++
		}
	}
	if len(counts) != 2 || len(lengths) < 3 {
		t.Errorf("all look alike, real ones do not: counts %v, lengths %v", counts, lengths)
	}
	if other := numbered(t, 'b'); reflect.DeepEqual(d.listedFor("1"), other.listedFor("1")) {
		t.Error("the made-up list can be made up by anybody")
	}
	if a, b := d.listedFor("12"), d.listedFor("21"); reflect.DeepEqual(a, b) {
		t.Error("one list for two numbers")
	}
	for i, transports := range [][]string{{"internal"}, {"hybrid", "internal"}} { // a phone finds its own credential, and a made-up list has none
		before := d.listedFor(d.person.UID)
		phone := softKey(t, byte(10+i))
		phone.Transports = transports
		d.enrol(phone, d.person)
		if got := d.listedFor(d.person.UID); !reflect.DeepEqual(got, before) {
			t.Errorf("a list that tells that somebody has a phone registered: %+v", got)
		}
	}
	d.shelf.all[0].Revoked = start
	if got := d.listedFor(d.person.UID); len(got) == 0 || got[0].ID == a.Handle {
		t.Errorf("a revoked key is listed, or nothing: %+v", got)
	}
	off := newDeskOn(t, d.shelf)
	if got := off.listedFor(d.person.UID); got != nil {
		t.Errorf("nobody asked for numbers: %+v", got)
	}
	if _, err := fido.New(fido.Options{RPID: rpID, RPName: "x", Origins: []string{origin}, Authenticators: &shelf{}, Clock: time.Now, Random: &drip{}, Numbers: true, Secret: make([]byte, 31)}); err == nil {
		t.Error("a secret that is too short")
	}
}

// testNamed: a key that needs the number signs in by it, as its owner and for that ceremony alone.
func testNamed(t *testing.T) {
	other := people.Person{UID: "555000000002", Name: "Nurse Bea Cole"}
	d := numbered(t, 'a')
	a, b := softKey(t, 1), softKey(t, 2)
	a.Forgetful, b.Forgetful = true, true
	d.enrol(a, d.person)
	d.enrol(b, other)
	begin := func(uid string) (options, state []byte) {
		options, state, err := d.keys.BeginSignIn(t.Context(), uid)
		if err != nil {
			t.Fatal(err)
		}
		return options, state
	}
	options, state := begin(d.person.UID)
	response, err := a.Get(options)
	if err != nil {
		t.Fatal(err)
	}
	if proof, err := d.keys.FinishSignIn(t.Context(), state, response, d.now); err != nil || proof.UID != d.person.UID || proof.Assurance != 3 {
		t.Errorf("named: %+v, %v", proof, err)
	}
	if _, err := b.Get(options); err == nil {
		t.Error("somebody else's key found itself in the list")
	}
	// The answer of B in the ceremony of A, with the challenge of A: all that is wrong is whose key it is.
	theirs, _ := begin(other.UID)
	options, state = begin(d.person.UID)
	response, err = b.Get(withChallenge(t, theirs, options))
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.keys.FinishSignIn(t.Context(), state, response, d.now)
	refused(t, err, bridge.AuthenticationFailed, "key_user")
	// A key that was enrolled after the list was made is not on it.
	options, state = begin(d.person.UID)
	late := softKey(t, 3)
	d.enrol(late, d.person)
	late.Forgetful = true
	response, err = late.Get(withChallenge(t, func() []byte { o, _ := begin(d.person.UID); return o }(), options))
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.keys.FinishSignIn(t.Context(), state, response, d.now)
	refused(t, err, bridge.AuthenticationFailed, "key_user")
	// Without a number the owner must be in the answer.
	options, state = begin("")
	a.Forgetful = false
	if response, err = a.Get(options); err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(response, &answer); err != nil {
		t.Fatal(err)
	}
	delete(answer["response"].(map[string]any), "userHandle")
	if response, err = json.Marshal(answer); err != nil {
		t.Fatal(err)
	}
	_, err = d.keys.FinishSignIn(t.Context(), state, response, d.now)
	refused(t, err, bridge.AuthenticationFailed, "key_user")
}

// withChallenge is options with the challenge of others.
func withChallenge(t *testing.T, options, others []byte) []byte {
	t.Helper()
	read := func(b []byte) map[string]any {
		var o map[string]any
		if err := json.Unmarshal(b, &o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	mixed := read(options)
	mixed["publicKey"].(map[string]any)["challenge"] = read(others)["publicKey"].(map[string]any)["challenge"]
	b, err := json.Marshal(mixed)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
