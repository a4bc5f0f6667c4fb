package fido_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/adapters/fido/softkey"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

const (
	rpID   = "hub.example"
	origin = "https://hub.example"
)

var start = time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)

// shelf is a store of authenticators.
type shelf struct {
	mu   sync.Mutex
	all  []people.Authenticator
	read func() // called after each look for a key, if not nil
}

func (s *shelf) Authenticator(_ context.Context, kind people.Kind, handle string) (people.Authenticator, error) {
	if s.read != nil {
		defer s.read()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.all {
		if a.Kind == kind && a.Handle == handle {
			return a, nil
		}
	}
	return people.Authenticator{}, people.ErrNotFound
}

func (s *shelf) AuthenticatorsOf(_ context.Context, uid string) ([]people.Authenticator, error) {
	var out []people.Authenticator
	for _, a := range s.all {
		if a.UID == uid {
			out = append(out, a)
		}
	}
	return out, nil
}

func (s *shelf) AddAuthenticator(_ context.Context, a people.Authenticator) error {
	s.all = append(s.all, a)
	return nil
}

func (s *shelf) UpdateAuthenticator(_ context.Context, a people.Authenticator, was []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.all {
		if s.all[i].ID == a.ID {
			if !bytes.Equal(s.all[i].Record, was) {
				return people.ErrConflict
			}
			s.all[i] = a
			return nil
		}
	}
	return people.ErrNotFound
}

// drip is a random source that never repeats and never surprises.
type drip struct{ n byte }

func (d *drip) Read(p []byte) (int, error) {
	for i := range p {
		d.n = d.n*13 + 7
		p[i] = d.n ^ byte(i)
	}
	d.n++
	return len(p), nil
}

type desk struct {
	t      testing.TB
	keys   *fido.Keys
	shelf  *shelf
	person people.Person
	now    time.Time
}

func newDesk(t testing.TB) *desk { return newDeskWith(t, fido.Policy{}, nil) }

// newDeskOn is a desk with the keys of another.
func newDeskOn(t testing.TB, s *shelf) *desk {
	d := newDesk(t)
	d.shelf.all = s.all
	return d
}

func newDeskWith(t testing.TB, policy fido.Policy, metadata *fido.MetadataFile) *desk {
	t.Helper()
	d := &desk{t: t, shelf: &shelf{}, person: people.Person{UID: "555000000001", Name: "Dr Asha Patel"}, now: start}
	keys, err := fido.New(fido.Options{
		RPID: rpID, RPName: "Lanyard", Origins: []string{origin}, Authenticators: d.shelf,
		Clock: func() time.Time { return d.now }, Random: &drip{},
		Policy: policy, Metadata: metadata,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.keys = keys
	return d
}

func softKey(t testing.TB, seed byte) *softkey.Key {
	t.Helper()
	k, err := softkey.New(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), rpID, origin)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// enrol enrols a key for a person and stores the authenticator.
func (d *desk) enrol(k *softkey.Key, p people.Person) people.Authenticator {
	d.t.Helper()
	a, err := d.tryEnrol(k, p)
	if err != nil {
		d.t.Fatal(err)
	}
	a.ID = "auth-" + p.UID + a.Handle
	d.shelf.all = append(d.shelf.all, a)
	return a
}

func (d *desk) tryEnrol(k *softkey.Key, p people.Person) (people.Authenticator, error) {
	d.t.Helper()
	options, state, err := d.keys.BeginEnrolment(d.t.Context(), p)
	if err != nil {
		d.t.Fatal(err)
	}
	response, err := k.Create(options)
	if err != nil {
		d.t.Fatal(err)
	}
	made, err := d.keys.FinishEnrolment(d.t.Context(), p, state, response, d.now)
	return made.Authenticator, err
}

// signIn runs a whole ceremony.
func (d *desk) signIn(k *softkey.Key) (bridge.Proof, error) {
	d.t.Helper()
	state, response := d.answer(k)
	return d.keys.FinishSignIn(d.t.Context(), state, response, d.now)
}

func (d *desk) answer(k *softkey.Key) (state, response []byte) {
	d.t.Helper()
	options, state, err := d.keys.BeginSignIn(d.t.Context(), "")
	if err != nil {
		d.t.Fatal(err)
	}
	if response, err = k.Get(options); err != nil {
		d.t.Fatal(err)
	}
	return state, response
}

// refused asserts reason and code, and that nothing of the cause is shown.
func refused(t testing.TB, err error, reason bridge.Reason, code string) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted, want %s", code)
	}
	r := bridge.AsRefusal(err)
	if r.Reason != reason || r.AuditCode() != code {
		t.Errorf("refused with %s %s (%v), want %s %s", r.Reason, r.AuditCode(), err, reason, code)
	}
	if strings.Contains(r.Detail, "webauthn") || strings.Contains(r.Detail, "origin") {
		t.Errorf("detail tells too much: %q", r.Detail)
	}
}

func TestSignIn(t *testing.T) {
	d, k := newDesk(t), softKey(t, 1)
	a := d.enrol(k, d.person)
	if a.Kind != people.FIDO2 || a.UID != d.person.UID || a.Handle == "" || !a.Added.Equal(start) {
		t.Errorf("authenticator %+v", a)
	}
	if bytes.Contains(k.Credentials()[0].User, []byte(d.person.UID)) || len(k.Credentials()[0].User) != 32 {
		t.Errorf("user handle %x", k.Credentials()[0].User)
	}
	for range 2 {
		d.now = d.now.Add(time.Minute)
		proof, err := d.signIn(k)
		if err != nil {
			t.Fatal(err)
		}
		if proof.UID != d.person.UID || proof.Method != bridge.MethodFIDO2 || proof.Assurance != 3 || proof.AuthenticatorID != a.ID || !proof.At.Equal(d.now) {
			t.Errorf("proof %+v", proof)
		}
		if used := d.shelf.all[0].Used; !used.Equal(d.now) {
			t.Errorf("used %s", used)
		}
	}
	var record struct {
		Authenticator struct {
			SignCount uint32 `json:"signCount"`
		} `json:"authenticator"`
	}
	if err := json.Unmarshal(d.shelf.all[0].Record, &record); err != nil || record.Authenticator.SignCount != 2 {
		t.Errorf("counter %+v %v", record, err)
	}
}

func TestOptions(t *testing.T) {
	d := newDesk(t)
	d.enrol(softKey(t, 1), d.person)
	options, _, err := d.keys.BeginEnrolment(t.Context(), d.person)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		PublicKey struct {
			Attestation string
			Hints       []string
			Timeout     int
			Challenge   string
			Exclude     []struct{ ID string }                          `json:"excludeCredentials"`
			Params      []struct{ Alg int }                            `json:"pubKeyCredParams"`
			Selection   struct{ ResidentKey, UserVerification string } `json:"authenticatorSelection"`
		}
	}
	if err := json.Unmarshal(options, &c); err != nil {
		t.Fatal(err)
	}
	p := c.PublicKey
	if p.Selection.ResidentKey != "required" || p.Selection.UserVerification != "required" || !slices.Equal(p.Hints, []string{"security-key"}) ||
		p.Timeout != 300000 || len(p.Challenge) != 43 || len(p.Exclude) != 1 || p.Exclude[0].ID != d.shelf.all[0].Handle || len(p.Params) != 2 {
		t.Errorf("creation options %s", options)
	}
	if bytes.Contains(options, []byte(d.person.UID)) {
		t.Errorf("options name the uid: %s", options)
	}
	options, _, err = d.keys.BeginSignIn(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if s := string(options); !strings.Contains(s, `"userVerification":"required"`) || !strings.Contains(s, `"hints":["security-key"]`) || strings.Contains(s, "allowCredentials") {
		t.Errorf("request options %s", s)
	}
}

func TestNewRefusesBadOptions(t *testing.T) {
	good := fido.Options{RPID: rpID, RPName: "Lanyard", Origins: []string{origin}, Authenticators: &shelf{}, Clock: time.Now, Random: &drip{}}
	for name, change := range map[string]func(*fido.Options){
		"no store":      func(o *fido.Options) { o.Authenticators = nil },
		"no clock":      func(o *fido.Options) { o.Clock = nil },
		"no randomness": func(o *fido.Options) { o.Random = nil },
		"no origin":     func(o *fido.Options) { o.Origins = nil },
		"a URL":         func(o *fido.Options) { o.Origins = []string{origin + "/"} },
		"no scheme":     func(o *fido.Options) { o.Origins = []string{rpID} },
		"rp id is URL":  func(o *fido.Options) { o.RPID = origin },
		"mode":          func(o *fido.Options) { o.Policy.Mode = "always" },
		"no model":      func(o *fido.Options) { o.Policy.Mode = fido.ModeListed },
		"no level":      func(o *fido.Options) { o.Policy.Mode = fido.ModeCertified },
		"idle models":   func(o *fido.Options) { o.Policy.Models = []fido.Model{{AAGUID: fido.AAGUID{1}, Assurance: 3}} },
		"zero model": func(o *fido.Options) {
			o.Policy = fido.Policy{Mode: fido.ModeListed, Models: []fido.Model{{Assurance: 3}}}
		},
		"no assurance": func(o *fido.Options) {
			o.Policy = fido.Policy{Mode: fido.ModeListed, Models: []fido.Model{{AAGUID: fido.AAGUID{1}}}}
		},
	} {
		o := good
		change(&o)
		if _, err := fido.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// creationUser reads the user handle out of creation options.
func creationUser(t testing.TB, options []byte) []byte {
	t.Helper()
	var c struct {
		PublicKey struct{ User struct{ ID string } }
	}
	if err := json.Unmarshal(options, &c); err != nil {
		t.Fatal(err)
	}
	id, err := base64.RawURLEncoding.DecodeString(c.PublicKey.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
