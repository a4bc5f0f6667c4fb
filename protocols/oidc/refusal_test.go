package oidc

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

func TestEveryReasonHasItsAnswer(t *testing.T) {
	for r := bridge.Internal; r <= bridge.Unavailable; r++ {
		refusal := bridge.Refuse(r, "detail")
		token, status := tokenError(refusal)
		resource, resourceStatus := resourceError(refusal)
		for where, got := range map[string]string{"redirect": redirectError(refusal), "token": token, "resource": resource} {
			if got == "" || (got == errServer) != (r == bridge.Internal) {
				t.Errorf("%s at %s: %q", r, where, got)
			}
		}
		if status < 400 || resourceStatus < 400 || (status >= 500) != (r == bridge.Internal || r == bridge.Unavailable) {
			t.Errorf("%s: statuses %d and %d", r, status, resourceStatus)
		}
		if (token == errInvalidClient) != (status == http.StatusUnauthorized) {
			t.Errorf("%s: %s with status %d", r, token, status)
		}
	}
}

func TestDescriptionsHoldOnlyWhatTheStandardAllows(t *testing.T) {
	got := describe("a \"b\" \\ c\r\nd\x00é")
	if strings.ContainsAny(got, "\"\\\r\n\x00") || strings.ContainsFunc(got, func(r rune) bool { return r > 0x7e }) {
		t.Errorf("%q", got)
	}
}

// TestStoreThatFails: when nothing can be recorded, nothing is answered but that.
func TestStoreThatFails(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	set := w.tokens(w.redeem("basic", b.code("basic")))
	code := b.code("basic")
	other := w.browser()
	w.hub.Journal = brokenJournal{}
	if got := other.authorize("basic"); got.query("error") != "temporarily_unavailable" || got.query("code") != "" {
		t.Errorf("authorize: %d %v", got.status, got.to)
	}
	if got := w.redeem("basic", code); got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "access_token") {
		t.Errorf("token: %d %s", got.status, got.body)
	}
	if got := w.refresh("basic", set.Refresh); got.status != http.StatusServiceUnavailable {
		t.Errorf("refresh: %d %s", got.status, got.body)
	}
	w.hub.Journal = w.store
	w.tokens(w.redeem("basic", code)) // the failure spent nothing
	w.tokens(w.refresh("basic", set.Refresh))
}

// TestCancelled: a person who gives up goes back to the app, which is told so.
func TestCancelled(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	got := b.authorize("basic")
	id := got.query("tx")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, issuer+got.to.RequestURI(), nil)
	must(t, err)
	for _, c := range b.c.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	tx, err := w.hub.Transaction(t.Context(), w.kit.Browser(r), id, bridge.StepAuthenticate, got.query("v"))
	must(t, err)
	must(t, w.hub.Cancel(t.Context(), tx))
	after := w.lastSeq()
	resume := w.kit.StepURL(bridge.Next{Step: bridge.StepIssue, Transaction: tx})
	w.back(t, "cancelled", b.get(resume), after, "access_denied", "cancelled")
}

// TestStatusesOfTransport: too large, the wrong media type and a store that rests have statuses of their own.
func TestStatusesOfTransport(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{tokenPath, revokePath, introspectPath, userinfoPath} {
		large := httptest.NewRequest(http.MethodPost, issuer+path, io.NopCloser(strings.NewReader("a="+strings.Repeat("b", 70<<10))))
		large.ContentLength = -1 // chunked: nobody says how long it is
		large.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if got := w.send(large); got.status != http.StatusRequestEntityTooLarge || w.reason() != "too_large" {
			t.Errorf("%s: large body: %d, recorded as %s", path, got.status, w.reason())
		}
		text := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader("token=x"))
		text.Header.Set("Content-Type", "text/plain")
		if got := w.send(text); got.status != http.StatusUnsupportedMediaType {
			t.Errorf("%s: text: %d", path, got.status)
		}
	}
	w.hub.Journal = brokenJournal{}
	for _, path := range []string{tokenPath, userinfoPath} {
		if got := w.form(path, nil); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d, Retry-After %q", path, got.status, got.header.Get("Retry-After"))
		}
	}
}
