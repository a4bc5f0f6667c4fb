package oidc

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

const objectsAt = "https://epr.example/requests/1.jwt"

// shelf is where a client keeps its request objects.
type shelf struct {
	*world
	mu      sync.Mutex
	object  string
	fresh   time.Duration
	fail    error
	fetched []string
}

// newShelf has a client that registered addresses.
func newShelf(t *testing.T, uris ...string) *shelf {
	t.Helper()
	s := &shelf{world: newWorld(t)}
	s.p.fetcher = FetcherFunc(func(_ context.Context, target string, guarded bool) ([]byte, time.Duration, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if guarded {
			target += " guarded"
		}
		s.fetched = append(s.fetched, target)
		return []byte(s.object), s.fresh, s.fail
	})
	s.change("jwt", func(p *trust.Partner) { p.OIDC.Request.URIs = uris })
	s.object = s.world.object("jwt", nil)
	return s
}

// why a request is refused; empty: it is understood.
func (s *shelf) why(pairs ...string) string {
	s.t.Helper()
	_, _, why := s.p.understand(s.t.Context(), request("jwt", pairs...))
	if why == nil {
		return ""
	}
	return why.AuditCode()
}

// TestRequestByReference: only what is registered is fetched, letter by letter, and what lies there is judged as if it had come along.
func TestRequestByReference(t *testing.T) {
	s := newShelf(t, objectsAt)
	if why := s.why("request_uri", objectsAt); why != "" || len(s.fetched) != 1 || s.fetched[0] != objectsAt {
		t.Fatalf("%q, fetched %v", why, s.fetched)
	}
	for name, uri := range map[string]string{
		"another":          "https://evil.example/1.jwt",
		"inside":           "http://10.0.0.1/",
		"longer":           objectsAt + "?x=1",
		"shorter":          strings.TrimSuffix(objectsAt, "t"),
		"with a fragment":  objectsAt + "#" + strings.Repeat("A", 43),
		"with its port":    strings.Replace(objectsAt, ".example", ".example:443", 1),
		"in capitals":      strings.Replace(objectsAt, "epr", "EPR", 1),
		"percent encoding": strings.Replace(objectsAt, "jwt", "%6Awt", 1),
		"with a space":     objectsAt + " ",
	} {
		if why := s.why("request_uri", uri); why != codeRequestURI || len(s.fetched) != 1 {
			t.Errorf("%s: %q, fetched %v", name, why, s.fetched)
		}
	}
	if why := s.why("request_uri", objectsAt, "request", s.object); why != "request_twice" || len(s.fetched) != 1 {
		t.Errorf("beside an object: %q, fetched %v", why, s.fetched)
	}
	if _, _, why := s.p.understand(t.Context(), request("basic", "request_uri", objectsAt)); why == nil || why.AuditCode() != codeRequestURI || len(s.fetched) != 1 {
		t.Errorf("another client: %v, fetched %v", why, s.fetched)
	}
	s.advance(time.Minute) // it is not kept any more
	got := s.call(pushPath, "jwt", url.Values{"request_uri": {objectsAt}, "scope": {"openid"}, "response_type": {"code"}, "redirect_uri": {callback}})
	if got.status != 400 || len(s.fetched) != 1 {
		t.Errorf("pushed: %d %s", got.status, got.body)
	}
	s.p.par = true
	if why := s.why("request_uri", objectsAt); why != codeRequestURI || len(s.fetched) != 1 {
		t.Errorf("where everybody has to push: %q, fetched %v", why, s.fetched)
	}
}

// TestRequestByReferenceIsJudged: what lies at the address, with what comes of it.
func TestRequestByReferenceIsJudged(t *testing.T) {
	good := newShelf(t).object
	for name, c := range map[string]struct {
		object string
		fail   error
		want   string
	}{
		"good, and a line end": {good + "\n", nil, ""},
		"nothing":              {"", nil, codeBadObject},
		"HTML":                 {"<html>", nil, codeBadObject},
		"of another client":    {"other", nil, codeBadObject},
		"without signature":    {good[:strings.LastIndexByte(good, '.')+1], nil, codeBadObject},
		"tampered":             {good[:len(good)-8] + "AAAAAAAA", nil, codeBadObject},
		"too long":             {strings.Repeat("a", maxObject+1), nil, codeBadObject},
		"not there":            {good, errors.New("404"), codeBadRequestURI},
	} {
		s := newShelf(t, objectsAt)
		s.fail = c.fail
		switch s.object = c.object; c.object {
		case "other":
			s.object = s.world.object("jwt", claiming("iss", "basic"))
		case good, good + "\n":
			s.object = s.world.object("jwt", nil) + "\n"
		}
		if why := s.why("request_uri", objectsAt); why != c.want {
			t.Errorf("%s: %q, want %q", name, why, c.want)
		}
	}
}

// TestRequestByReferenceIsKeptBriefly: neither a good object nor a failure is fetched for every request, and neither is kept for long.
func TestRequestByReferenceIsKeptBriefly(t *testing.T) {
	s := newShelf(t, objectsAt)
	step := func(what string, wait time.Duration, why string, fetched int) {
		t.Helper()
		s.advance(wait)
		if got := s.why("request_uri", objectsAt); got != why || len(s.fetched) != fetched {
			t.Errorf("%s: %q, fetched %d times", what, got, len(s.fetched))
		}
	}
	step("first", 0, "", 1)
	step("at once", 9*time.Second, "", 1)
	s.fail = errors.New("down")
	step("later", time.Second, codeBadRequestURI, 2)
	s.fail, s.fresh = nil, time.Hour
	step("still down", 9*time.Second, codeBadRequestURI, 2)
	step("up again", time.Second, "", 3)
	step("for five minutes", 4*time.Minute, "", 3)
	s.object = s.world.object("jwt", claiming("max_age", -1))
	step("and no longer", 2*time.Minute, "max_age", 4)
}

// TestRequestByReferenceFragment: a fragment is part of the name and of nothing else; another one is another object, though it lies at the same
// address.
func TestRequestByReferenceFragment(t *testing.T) {
	s := newShelf(t, objectsAt+"#1", objectsAt+"#2")
	for i, uri := range []string{objectsAt + "#1", objectsAt + "#2"} {
		if why := s.why("request_uri", uri); why != "" || len(s.fetched) != i+1 || s.fetched[i] != objectsAt {
			t.Errorf("%s: %q, fetched %v", uri, why, s.fetched)
		}
	}
	if why := s.why("request_uri", objectsAt); why != codeRequestURI {
		t.Errorf("without it: %q", why)
	}
}

func (s *shelf) clientOf(id string) *client {
	s.t.Helper()
	c, err := s.p.partner(id)
	must(s.t, err)
	return c
}

// TestRequestByReferenceHasPlaces: slow addresses keep no more waiting than there are places, and those of strangers have places of their own.
func TestRequestByReferenceHasPlaces(t *testing.T) {
	s := newShelf(t, objectsAt)
	for range cap(s.p.waiting) {
		s.p.waiting.enter()
	}
	_, _, why := s.p.understand(t.Context(), request("jwt", "request_uri", objectsAt))
	if why == nil || why.Reason != bridge.Unavailable || len(s.fetched) != 0 {
		t.Errorf("%v, fetched %v", why, s.fetched)
	}
	s.clientOf("jwt").stranger = true
	if why := s.why("request_uri", objectsAt); why != "" || len(s.fetched) != 1 || s.fetched[0] != objectsAt+" guarded" {
		t.Errorf("a stranger: %q, fetched %v", why, s.fetched)
	}
}

// TestRequestByReferenceIsPublished: discovery says what works, at each face.
func TestRequestByReferenceIsPublished(t *testing.T) {
	s := newShelf(t)
	says := func(want bool) {
		t.Helper()
		if m := s.p.describe(); m.RequestURI != want || !m.RequestURIRegister {
			t.Errorf("%v %v, want %v", m.RequestURI, m.RequestURIRegister, want)
		}
	}
	says(true)
	s.p.par = true
	says(false)
	s.p.par, s.p.fetcher = false, nil
	says(false)
}
