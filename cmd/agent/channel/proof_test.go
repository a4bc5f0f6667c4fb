package channel

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unsafe"
)

func TestProof(t *testing.T) {
	h, hub, _ := enrolled(t)
	now := time.Unix(1_800_000_000, 0)
	hub.Now = func() time.Time { return now }
	h.answer = `{"sessions":[
		{"tracking":"1","card":"` + Fingerprint([]byte("card")) + `","until":1800003600,"participants":[{"protocol":"oidc","partner":"pas","sid":"s1","sub":"u1"},{"protocol":"saml2","partner":"epr","sid":"s2","sub":"u2"}]},
		{"tracking":"2","card":"","until":1800003600,"participants":[{"protocol":"oidc","partner":"epr","sid":"s3","sub":"u3"}]},
		{"tracking":"3","card":"","until":1799999999,"participants":[{"protocol":"oidc","partner":"old","sid":"s4","sub":"u4"}]}],"offline":1800}`
	in := func(string) bool { return true }
	if _, err := hub.Proof(Wanted{Audience: "pas"}, in); !errors.Is(err, ErrOffline) {
		t.Errorf("%v before the hub was heard", err)
	}
	if err := hub.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	now = now.Add(10 * time.Second)
	text, err := hub.Proof(Wanted{Audience: "pas", Nonce: "n"}, in)
	if err != nil {
		t.Fatal(err)
	}
	head, claims := verifyJWS(t, text, h.key)
	if head != `{"typ":"lanyard-proof+jwt","alg":"ES256","kid":"ws1"}` || claims["iss"] != "ws1" || claims["aud"] != "pas" || claims["sub"] != "u1" || claims["sid"] != "s1" ||
		claims["nonce"] != "n" || claims["iat"] != 1.80000001e9 || claims["exp"] != 1.80000004e9 || claims["seen"] != 1.8e9 || len(claims) != 8 {
		t.Errorf("%s %v", head, claims)
	}
	for _, c := range []struct {
		name string
		w    Wanted
		in   func(string) bool
		want error
	}{
		{"another partner", Wanted{Audience: "other"}, in, ErrNoSession},
		{"another sid", Wanted{Audience: "pas", Index: "s2"}, in, ErrNoSession},
		{"two sessions", Wanted{Audience: "epr"}, in, ErrAmbiguous},
		{"two sessions, one named", Wanted{Audience: "epr", Index: "s3"}, in, nil},
		{"card pulled", Wanted{Audience: "pas"}, func(string) bool { return false }, ErrCardGone},
		{"signed in without a card", Wanted{Audience: "epr", Index: "s3"}, func(string) bool { return false }, nil},
		{"session past its end", Wanted{Audience: "old"}, in, ErrNoSession},
	} {
		if _, err := hub.Proof(c.w, c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	try := func(at time.Time) error {
		now = at
		_, err := hub.Proof(Wanted{Audience: "pas"}, in)
		return err
	}
	heard := time.Unix(1_800_000_000, 0)
	if err := errors.Join(try(heard.Add(1800 * time.Second))); err != nil {
		t.Errorf("%v while the silence is short enough", err)
	}
	if err := try(heard.Add(1801 * time.Second)); !errors.Is(err, ErrOffline) {
		t.Errorf("%v after too long a silence", err)
	}
	if err := try(heard.Add(-time.Second)); !errors.Is(err, ErrOffline) {
		t.Errorf("%v with a clock that went back", err)
	}
	now = heard
	h.status = http.StatusServiceUnavailable
	if err := hub.Refresh(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if err := try(heard.Add(time.Minute)); err != nil {
		t.Errorf("%v while the hub is down", err)
	}
	h.status = http.StatusForbidden
	if err := hub.Refresh(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if err := try(heard.Add(time.Minute)); !errors.Is(err, ErrOffline) {
		t.Errorf("%v after the workstation was revoked", err)
	}
}

// asleep is now, for a computer that slept for some of the time before: the clock that only goes forward stood still.
func asleep(t *testing.T, now time.Time, d time.Duration) time.Time {
	t.Helper()
	then := now
	*(*int64)(unsafe.Add(unsafe.Pointer(&now), 8)) -= int64(d) // the monotonic reading; no function of the library sets it
	if now.Sub(then) != -d || !now.Round(0).Equal(then.Round(0)) {
		t.Fatal("time.Time is made otherwise than this test knows")
	}
	return now
}

// TestSecuritySleep: hours of sleep are hours of silence.
func TestSecuritySleep(t *testing.T) {
	h, hub, _ := enrolled(t)
	now := time.Now()
	hub.Now = func() time.Time { return now }
	h.answer = fmt.Sprintf(`{"sessions":[{"tracking":"1","card":"","until":%d,"participants":[{"protocol":"oidc","partner":"pas","sid":"s1","sub":"u1"}]}],"offline":1800}`, now.Add(12*time.Hour).Unix())
	if err := hub.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	in := func(string) bool { return true }
	heard := now
	for _, c := range []struct {
		name string
		now  time.Time
		want error
	}{
		{"awake", heard.Add(time.Minute), nil},
		{"slept for long", asleep(t, heard.Add(8*time.Hour), 8*time.Hour), ErrOffline},
		{"clock set back by as much as went by", asleep(t, heard.Add(time.Minute), -2*time.Hour), ErrOffline},
	} {
		now = c.now
		if _, err := hub.Proof(Wanted{Audience: "pas"}, in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	now = heard
	h.answer = strings.Replace(h.answer, "1800", "0", 1)
	if err := hub.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := hub.Proof(Wanted{Audience: "pas"}, in); !errors.Is(err, ErrOffline) {
		t.Errorf("%v: none may be made, however soon", err)
	}
}

// TestSecurityCardLeft: the sessions of a card that left are forgotten, also by an answer that was on its way.
func TestSecurityCardLeft(t *testing.T) {
	h, hub, _ := enrolled(t)
	h.answer = fmt.Sprintf(`{"sessions":[{"tracking":"1","card":%q,"until":%d,"participants":[{"protocol":"oidc","partner":"pas","sid":"s1","sub":"u1"}]}],"offline":1800}`,
		Fingerprint([]byte("card")), time.Now().Add(time.Hour).Unix())
	in := func(string) bool { return true }
	prove := func() error {
		_, err := hub.Proof(Wanted{Audience: "pas"}, in)
		return err
	}
	refresh := func() {
		if err := hub.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	refresh()
	hub.CardLeft([]byte("another"))
	if err := prove(); err != nil {
		t.Errorf("%v: another card left", err)
	}
	hub.CardLeft([]byte("card"))
	if err := prove(); !errors.Is(err, ErrNoSession) {
		t.Errorf("%v: the card is back, and nobody gave its PIN", err)
	}
	h.during = func() { hub.CardLeft([]byte("card")) }
	refresh()
	if err := prove(); !errors.Is(err, ErrNoSession) {
		t.Errorf("%v: the answer may be older than the removal", err)
	}
	h.during = nil
	refresh()
	if err := prove(); err != nil {
		t.Errorf("%v: the hub knows of the session", err)
	}
}
