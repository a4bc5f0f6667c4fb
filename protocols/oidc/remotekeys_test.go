package oidc

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/trust"
	own "github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/web"
)

const keysAt = "https://epr.example/jwks"

// remote is a client whose keys are fetched, with one key at a time.
type remote struct {
	*registrations
	client told
	key    *rsa.PrivateKey
	kid    string
}

func newRemote(t *testing.T) *remote {
	t.Helper()
	w := newRegistrations(t, false, permits)
	r := &remote{registrations: w}
	r.rotate("k1")
	r.client = w.client(`,"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"` + keysAt + `"`)
	return r
}

var spareKeys = sync.OnceValue(func() []*rsa.PrivateKey {
	out := make([]*rsa.PrivateKey, 3)
	for i := range out {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		out[i] = key
	}
	return out
})

// rotate publishes another key in place of the last one.
func (r *remote) rotate(kid string) {
	r.kid, r.key = kid, spareKeys()[int(kid[1]-'1')]
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: r.key.Public(), KeyID: kid, Use: "sig"}}})
	must(r.t, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.documents[keysAt] = string(set)
}

// redeem exchanges a fresh code with an assertion by the key of now.
func (r *remote) redeem() reply {
	r.t.Helper()
	return r.tryAssertion(r.client.ID, r.signed())
}

func (r *remote) signed() string {
	now := r.clock()
	return r.signAs(jose.RS256, r.key, map[string]any{
		"iss": r.client.ID, "sub": r.client.ID, "aud": issuer, "jti": r.hub.NewID(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}, (&jose.SignerOptions{}).WithHeader("kid", r.kid))
}

// TestKeysAreFetched: once, at first use, and again when they are no longer fresh or a kid is not among them.
func TestKeysAreFetched(t *testing.T) {
	r := newRemote(t)
	if got := r.fetches(); got != "" {
		t.Errorf("fetched before they were needed: %s", got)
	}
	for range 3 {
		r.tokens(r.redeem())
	}
	if got := r.fetches(); got != keysAt+" guarded" {
		t.Errorf("fetched %q", got)
	}
	r.rotate("k2")
	r.assertionDenied(t, "a new key within the pause", r.client.ID, r.signed(), "assertion_kid")
	if got := r.fetches(); got != "" {
		t.Errorf("fetched within the pause: %s", got)
	}
	r.advance(keysPause)
	r.tokens(r.redeem()) // seen at once
	r.rotate("k1")
	r.advance(keysPause)
	r.tokens(r.redeem())
	r.fetches()
	r.advance(keysFresh)
	r.tokens(r.redeem())
	if got := r.fetches(); got != keysAt+" guarded" {
		t.Errorf("not fetched anew: %q", got)
	}
}

// TestLastGoodKeys serve while no others can be had, for a day. A failure is not tried again at once.
func TestLastGoodKeys(t *testing.T) {
	for name, fault := range map[string]func(*remote){
		"not found":     func(r *remote) { delete(r.documents, keysAt) },
		"no answer":     func(r *remote) { r.fail = errors.New("timeout") },
		"not a key set": func(r *remote) { r.documents[keysAt] = `{"keys":"none"}` },
		"no keys":       func(r *remote) { r.documents[keysAt] = `{"keys":[]}` },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRemote(t)
			r.tokens(r.redeem())
			r.fetches()
			r.mu.Lock()
			fault(r)
			r.mu.Unlock()
			r.advance(keysFresh)
			for range 3 {
				r.tokens(r.redeem())
			}
			if got := r.fetches(); got != keysAt+" guarded" {
				t.Errorf("fetched %q", got)
			}
			r.advance(keysGood - keysFresh)
			r.assertionDenied(t, "after a day", r.client.ID, r.signed(), "assertion_keys")
			r.fetches()
			r.assertionDenied(t, "at once", r.client.ID, r.signed(), "assertion_keys")
			if got := r.fetches(); got != "" {
				t.Errorf("tried again at once: %s", got)
			}
		})
	}
}

// TestFreshness is what the answer says, within bounds.
func TestFreshness(t *testing.T) {
	for said, want := range map[time.Duration]time.Duration{0: keysFresh, time.Second: keysLeast, time.Hour: time.Hour, 99 * 24 * time.Hour: keysMost} {
		r := newRemote(t)
		r.fresh = said
		set, fetched, err := r.p.remoteSet(t.Context(), r.cached().remote, time.Time{})
		if err != nil || len(set.Keys()) != 1 || r.cached().remote.until.Sub(fetched) != want {
			t.Errorf("%s: fresh for %s, want %s: %v", said, r.cached().remote.until.Sub(fetched), want, err)
		}
	}
}

func (r *remote) cached() *client {
	c, err := r.p.partner(r.client.ID)
	must(r.t, err)
	return c
}

// TestKeysOutliveOtherTerms: a change of the terms fetches nothing anew, another address or another stage does.
func TestKeysOutliveOtherTerms(t *testing.T) {
	r := newRemote(t)
	r.tokens(r.redeem())
	r.stage(r.client.ID, func(d *trust.Document) { d.Name = "Other" })
	r.fetches()
	r.tokens(r.redeem())
	if got := r.fetches(); got != "" {
		t.Errorf("fetched %s", got)
	}
	r.stage(r.client.ID, func(d *trust.Document) { d.Stage = trust.Live })
	r.tokens(r.redeem())
	if got := r.fetches(); got != keysAt+" open" {
		t.Errorf("of a live client fetched %q", got)
	}
}

// TestOneFetchAtATime: many requests wait for one fetch; too many are refused at once; nobody waits who can do without.
func TestOneFetchAtATime(t *testing.T) {
	r := newRemote(t)
	c, done := r.cached(), make(chan error, 100)
	synctest.Test(t, func(t *testing.T) {
		r.hold = make(chan struct{})
		ask := func() {
			err := r.p.withKeys(t.Context(), c, whichever)
			done <- err
		}
		for range keysWaiting {
			go ask()
		}
		synctest.Wait()
		if len(r.fetched) != 1 || len(done) != 0 {
			t.Fatalf("%d fetches, %d answered", len(r.fetched), len(done))
		}
		go ask()
		synctest.Wait()
		if err := <-done; !errors.Is(err, errKeysBusy) {
			t.Fatalf("one too many: %v", err)
		}
		close(r.hold)
		for range keysWaiting {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		r.advance(keysFresh)
		r.hold = make(chan struct{})
		go ask()
		synctest.Wait()
		if err := r.p.withKeys(t.Context(), c, whichever); err != nil || len(done) != 0 {
			t.Fatalf("waits although there is a good set: %v", err)
		}
		close(r.hold)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

// TestSlowKeys: nobody waits longer than the time of one attempt, and who leaves does not spoil it for others.
func TestSlowKeys(t *testing.T) {
	r := newRemote(t)
	c := r.cached()
	synctest.Test(t, func(t *testing.T) {
		r.hold = make(chan struct{})
		begun := time.Now()
		if err := r.p.withKeys(t.Context(), c, whichever); !errors.Is(err, errNoKeys) || time.Since(begun) != keysTimeout {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
		r.advance(keysPause)
		close(r.hold)
		r.hold = nil
		gone, leave := contextThatLeaves(t)
		leave()
		if err := r.p.withKeys(gone, c, whichever); err != nil {
			t.Errorf("%v", err)
		}
	})
}

// TestAuthAlgorithm: the one a client registered with, and no other.
func TestAuthAlgorithm(t *testing.T) {
	r := newRemote(t)
	r.client = r.registrations.client(`,"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_signing_alg":"PS256","jwks_uri":"` + keysAt + `"`)
	r.assertionDenied(t, "RS256 where PS256 is registered", r.client.ID, r.signed(), "assertion_alg")
	if got := r.ask(http.MethodGet, r.client.path(), r.client.Token, ""); !strings.Contains(got.body, `"token_endpoint_auth_signing_alg":"PS256"`) {
		t.Errorf("%s", got.body)
	}
}

// TestCertificateFromAddress: a certificate that a client registered at an address is known there, and so is the next one.
func TestCertificateFromAddress(t *testing.T) {
	w, _, own := mutualWorld(t, web.FromConnection)
	published := own
	w.p.fetcher = FetcherFunc(func(context.Context, string, bool) ([]byte, time.Duration, error) {
		return certified(w, published, true), 0, nil
	})
	w.change("jwt2", func(p *trust.Partner) { p.OIDC.JWKS, p.OIDC.JWKSURI = nil, keysAt })
	redeem := func(shown *holder) reply {
		return w.showing(tokenPath, "jwt2", codeForm(w.browser().code("jwt2")), shown)
	}
	w.tokens(redeem(own))
	next := w.issue(nil, nil)
	if got := redeem(next); got.status != 401 {
		t.Errorf("a certificate that is not published: %d %s", got.status, got.body)
	}
	published = next
	w.advance(keysPause)
	w.tokens(redeem(next))
	if got := redeem(own); got.status != 401 {
		t.Errorf("the one of before: %d %s", got.status, got.body)
	}
}

// whichever takes the keys that a client has, whatever they are.
func whichever(own.KeySet) bool { return true }
