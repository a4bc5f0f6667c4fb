package channel

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func enrolled(t *testing.T) (*fakeHub, *Hub, string) {
	t.Helper()
	h, dir := newHub(t), filepath.Join(t.TempDir(), "state")
	i, err := Enrol(t.Context(), h.Client(), h.URL, "ws1.secret", dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return h, &Hub{Identity: i, Client: h.Client(), Now: time.Now, User: "session-1"}, dir
}

func TestEnrol(t *testing.T) {
	h, hub, dir := enrolled(t)
	i, err := LoadIdentity(dir)
	if err != nil || i.ID != "ws1" || i.Name != "Bay 4" || !i.Shared || i.Removal != "lock" || i.Issuer != h.URL || !i.Key.Equal(hub.Identity.Key) {
		t.Errorf("%+v, %v", i, err)
	}
	for _, name := range []string{keyFile, identityFile} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.key.*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, identityFile)); strings.Contains(string(text), "Key") {
		t.Error("the key is in the wrong file")
	}
}

func TestEnrolFails(t *testing.T) {
	h := newHub(t)
	for _, secret := range []string{"", "ws1", ".secret", "ws1.", strings.Repeat("x", 600) + ".y"} {
		if _, err := Enrol(t.Context(), h.Client(), h.URL, secret, t.TempDir(), time.Now()); !errors.Is(err, ErrSecret) {
			t.Errorf("%.20q: %v", secret, err)
		}
	}
	h.status = http.StatusForbidden
	dir := t.TempDir()
	_, err := Enrol(t.Context(), h.Client(), h.URL, "ws1.secret", dir, time.Now())
	if r, ok := errors.AsType[Refusal](err); !ok || r.Code != "workstation_revoked" || !errors.Is(err, ErrRefused) {
		t.Errorf("%v", err)
	}
	if _, err := LoadIdentity(dir); !errors.Is(err, ErrNotEnrolled) {
		t.Errorf("%v after a refusal", err)
	}
}

func TestLoadIdentity(t *testing.T) {
	damage := map[string]func(dir string) error{
		"key open to others": func(dir string) error { return os.Chmod(filepath.Join(dir, keyFile), 0o640) },
		"no key":             func(dir string) error { return os.Remove(filepath.Join(dir, keyFile)) },
		"key is not PEM":     func(dir string) error { return os.WriteFile(filepath.Join(dir, keyFile), []byte("x"), 0o600) },
		"identity damaged":   func(dir string) error { return os.WriteFile(filepath.Join(dir, identityFile), []byte("{"), 0o600) },
	}
	for name, f := range damage {
		t.Run(name, func(t *testing.T) {
			_, _, dir := enrolled(t)
			if err := f(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := LoadIdentity(dir); err == nil || errors.Is(err, ErrNotEnrolled) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestSend(t *testing.T) {
	h, hub, _ := enrolled(t)
	h.answer = `{"act":"lock","ended":1,"suspended":2,"left":3}`
	at := time.Unix(1_700_000_000, 0)
	v, err := hub.Send(t.Context(), Event{Event: "removed", Reader: "Reader A", Certificate: []byte{0xfb, 0xff}, At: at})
	if err != nil || v != (Verdict{"lock", 1, 2, 3}) {
		t.Errorf("%+v, %v", v, err)
	}
	c := h.claims[0]
	if c["event"] != "removed" || c["reader"] != "Reader A" || c["user"] != "session-1" || c["certificate"] != "+/8=" || c["at"] != 1.7e9 {
		t.Errorf("%v", c)
	}
	if _, err := hub.Send(t.Context(), Event{Event: "started"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"certificate", "at"} {
		if _, there := h.claims[1][name]; there {
			t.Errorf("%s without one", name)
		}
	}
}

func TestAnswers(t *testing.T) {
	h, hub, _ := enrolled(t)
	for _, c := range []struct {
		status int
		answer string
		want   error
	}{
		{400, "", ErrRefused}, {401, "", ErrRefused}, {403, "", ErrRefused}, {429, "", ErrSilent}, {503, "", ErrSilent}, {302, "", ErrSilent},
		{0, "not JSON", ErrSilent}, {0, strings.Repeat(" ", maxAnswer+1), ErrSilent},
	} {
		h.status, h.answer = c.status, c.answer
		if _, err := hub.Send(t.Context(), Event{Event: "started"}); !errors.Is(err, c.want) {
			t.Errorf("%d %.10q: %v, want %v", c.status, c.answer, err, c.want)
		}
	}
	if got := code([]byte(`{"error":"<script>"}`)); got != "unknown" {
		t.Errorf("repeats %q", got)
	}
	h.Close()
	if _, err := hub.Send(t.Context(), Event{Event: "started"}); !errors.Is(err, ErrSilent) {
		t.Errorf("%v from a hub that is gone", err)
	}
}

func TestPresence(t *testing.T) {
	h, hub, _ := enrolled(t)
	text, err := hub.Identity.Presence("nonce", "https://sso.trust.example", "session-1", []byte{1}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if c := h.read(t, text); c["act"] != "presence" || c["nonce"] != "nonce" || c["user"] != "session-1" || c["certificate"] != "AQ==" || c["origin"] != "https://sso.trust.example" {
		t.Errorf("%v", c)
	}
}
