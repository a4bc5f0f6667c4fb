package agent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

const hub = "https://sso.example"

// world is a reader with two workstations, bay4 and bay5, and a clock that the test moves.
type world struct {
	t      testing.TB
	now    time.Time
	store  *memory.Store
	reader *Reader
	keys   map[string]*ecdsa.PrivateKey
	n      int
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC), keys: map[string]*ecdsa.PrivateKey{}}
	clock := func() time.Time { return w.now }
	w.store = memory.NewAt(clock)
	w.reader = &Reader{Hub: &bridge.Hub{Artifacts: w.store, Clock: clock, Secret: []byte("secret")}, Workstations: w.store, Issuer: hub}
	for _, id := range []string{"bay4", "bay5"} {
		w.add(trust.Workstation{ID: id, Name: id, Key: w.newKey(id)})
	}
	return w
}

// newKey makes a key for a workstation and returns its public half as it is stored. It is always the same, so that the processes of
// a fuzz run agree.
func (w *world) newKey(id string) []byte {
	w.t.Helper()
	sum := sha256.Sum256([]byte(id))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), sum[:])
	if err != nil {
		w.t.Fatal(err)
	}
	w.keys[id] = key
	return publicKey(w.t, key.Public())
}

func publicKey(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (w *world) add(s trust.Workstation) {
	w.t.Helper()
	if _, err := w.store.SaveWorkstation(w.t.Context(), s, 0); err != nil {
		w.t.Fatal(err)
	}
}

type object map[string]any

// claims are those of a good message, with changes: nil takes one away.
func (w *world) claims(id, act string, changes object) object {
	w.n++
	c := object{
		"iss": id, "aud": hub, "iat": w.now.Unix(), "exp": w.now.Add(30 * time.Second).Unix(), "act": act,
		"jti": base64.RawURLEncoding.EncodeToString([]byte{15: byte(w.n)}),
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func header(id string) object { return object{"typ": Type, "alg": "ES256", "kid": id} }

// message is a good one of a workstation, with changes.
func (w *world) message(id, act string, changes object) string {
	return w.sign(w.keys[id], header(id), w.claims(id, act, changes))
}

func part(t testing.TB, v any) string {
	t.Helper()
	raw, ok := v.(string)
	if !ok {
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		raw = string(out)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(raw))
}

// sign signs any header and claims, given as objects or as the text that they shall be.
func (w *world) sign(key *ecdsa.PrivateKey, header, claims any) string {
	w.t.Helper()
	input := part(w.t, header) + "." + part(w.t, claims)
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		w.t.Fatal(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func refusedWith(t testing.TB, err error, reason bridge.Reason, code string) {
	t.Helper()
	if err == nil {
		t.Error("accepted")
		return
	}
	if r := bridge.AsRefusal(err); r.Reason != reason || r.AuditCode() != code {
		t.Errorf("%v %s (%v), want %v %s", r.Reason, r.AuditCode(), err, reason, code)
	}
}
