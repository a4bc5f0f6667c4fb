package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// TestSecurityDecoupled is row 196 of the attack catalogue: user codes tried out, requests nobody expected, approvals by somebody else.
func TestSecurityDecoupled(t *testing.T) {
	t.Run("196/a browser that guesses", func(t *testing.T) {
		w := newDecoupledWorld(t)
		d := w.device("tv")
		b, before := w.browser(), w.lastSeq()
		for i := range triesBrowser + 3 {
			got := b.enter("BBBB-BBB" + userCodeLetters[i:i+1])
			if want := map[bool]int{true: 422, false: 429}[i < triesBrowser]; got.status != want {
				t.Fatalf("try %d: %d", i, got.status)
			}
		}
		if got := b.enter(d.UserCode); got.status != http.StatusTooManyRequests {
			t.Errorf("the right code after that: %d", got.status)
		}
		if n := w.count(ledger.Refused, before); n != triesBrowser+4 {
			t.Errorf("%d refusals on record", n)
		}
		w.advance(triesFor)
		if got := b.enter(w.device("tv").UserCode); !strings.Contains(got.body, "Is this your device?") {
			t.Errorf("ten minutes later: %d", got.status)
		}
	})
	t.Run("196/a peer that guesses with new browsers", func(t *testing.T) {
		w := newDecoupledWorld(t)
		last := 0
		for i := range triesPeer + 1 {
			code := "BBBB-B" + userCodeLetters[i%20:i%20+1] + userCodeLetters[i/20%20:i/20%20+1] + userCodeLetters[i/400:i/400+1]
			last = w.browser().enter(code).status
		}
		if last != http.StatusTooManyRequests {
			t.Errorf("try %d: %d", triesPeer+1, last)
		}
		other := w.browser()
		other.c.Transport = direct{w.router, "10.9.9.9:40000"}
		if got := other.enter(w.device("tv").UserCode); !strings.Contains(got.body, "Is this your device?") {
			t.Errorf("another peer: %d", got.status)
		}
	})
	t.Run("196/what is stored names no code", func(t *testing.T) {
		w := newDecoupledWorld(t)
		d := w.device("tv")
		code := readUserCode(d.UserCode)
		for _, key := range []string{code, d.UserCode, bridge.Key(code), bridge.Key(d.UserCode)} {
			if _, err := w.store.Get(context.Background(), kindUserCode, key, w.clock()); !errors.Is(err, bridge.ErrNotFound) {
				t.Errorf("found by %s: %v", key, err)
			}
		}
		if _, err := w.store.Get(context.Background(), kindDevicePublic, d.DeviceCode, w.clock()); !errors.Is(err, bridge.ErrNotFound) {
			t.Error("stored under the code itself")
		}
	})
	t.Run("196/a link does nothing", func(t *testing.T) {
		w := newDecoupledWorld(t)
		d := w.device("tv")
		b := w.browser()
		b.code("basic")
		u, err := url.Parse(d.Complete)
		must(t, err)
		page := b.get(u.RequestURI())
		if page.status != http.StatusOK || !strings.Contains(page.body, d.UserCode) || !strings.Contains(page.body, "If somebody sent you this code") {
			t.Errorf("%d %s", page.status, page.body)
		}
		if got := w.poll("tv", d.DeviceCode); got.code() != codePending {
			t.Errorf("%s", got.body)
		}
		hostile := b.get(devicePath + "?user_code=%3Cscript%3E")
		if strings.Contains(hostile.body, "&lt;script") || strings.Contains(hostile.body, "<script>") {
			t.Errorf("%s", hostile.body)
		}
	})
	t.Run("196/a form of another site", func(t *testing.T) {
		w := newDecoupledWorld(t)
		d, r := w.device("tv"), w.ciba("till")
		b := w.browser()
		list := b.get(approvalsPath)
		for path, f := range map[string]url.Values{
			devicePath: form("user_code", d.UserCode), approvalsPath: list.hidden("csrf", "forged", "answer", "approve"),
			approvePath: b.enter(d.UserCode).hidden("csrf", "", "answer", "approve"),
		} {
			if got := b.submit(path, f); got.status != http.StatusBadRequest {
				t.Errorf("%s: %d", path, got.status)
			}
		}
		if a, b := w.poll("tv", d.DeviceCode), w.poll("till", r.ID); a.code() != codePending || b.code() != codePending {
			t.Errorf("%s %s", a.body, b.body)
		}
	})
	t.Run("196/a computer left open approves nothing", func(t *testing.T) {
		w := newDecoupledWorld(t)
		r := w.ciba("till")
		b := w.browser()
		list := b.get(approvalsPath)
		b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		got := b.submit(approvalsPath, list.hidden("answer", "approve"))
		if got.to == nil || got.to.Path != "/signin" {
			t.Fatalf("leads to %v", got.to)
		}
		q := got.to.Query()
		forward := approvePath + "?" + url.Values{"tx": {q.Get("tx")}, "v": {w.hub.StepMAC(q.Get("tx"), bridge.StepIssue)}}.Encode()
		if skip := b.get(forward); skip.to == nil || skip.to.Path != "/signin" {
			t.Errorf("the step in between can be left out: %d %v", skip.status, skip.to)
		}
		if got := w.poll("till", r.ID); got.code() != codePending {
			t.Errorf("%s", got.body)
		}
	})
	t.Run("196/a proof that is two minutes old", func(t *testing.T) {
		w := newDecoupledWorld(t)
		d := w.device("tv")
		b := w.browser()
		sure := b.enter(d.UserCode)
		w.advance(approvalFresh + time.Second)
		again := b.submit(approvePath, sure.hidden("answer", "approve"))
		if !strings.Contains(again.body, "Is this your device?") || w.count(ledger.SignedIn, 0) != 2 {
			t.Fatalf("approved with an old proof: %s", again.body)
		}
		b.submit(approvePath, again.hidden("answer", "approve"))
		w.tokens(w.poll("tv", d.DeviceCode))
	})
	t.Run("196/somebody else approves", func(t *testing.T) {
		w := newDecoupledWorld(t)
		r := w.ciba("till")
		w.uid, w.role = clerk, "100000000009"
		b := w.browser()
		if list := b.get(approvalsPath); strings.Contains(list.body, "EPR till") {
			t.Error("somebody else sees it")
		}
		csrf := b.get(devicePath).hidden()
		for _, answer := range []string{"approve", "refuse"} {
			got := b.submit(approvalsPath, with(csrf, "request", bridge.Key(r.ID), "answer", answer))
			if got.status != http.StatusForbidden || w.reason() != "decoupled_other" {
				t.Errorf("%s: %d", answer, got.status)
			}
		}
		w.uid, w.role = nurse, roleOne
		mine := w.browser()
		list := mine.get(approvalsPath)
		w.uid, w.role = clerk, "100000000009" // takes over the computer for the proof
		mine.submit(approvalsPath, list.hidden("answer", "approve"))
		if got := w.poll("till", r.ID); got.code() != codePending {
			t.Errorf("%s", got.body)
		}
	})
	t.Run("196/a method that does not meet the class", func(t *testing.T) {
		w := newDecoupledWorld(t)
		r := w.ciba("till", "acr_values", "AAL3_FIDO2")
		w.browser().answer("approve") // with a card
		if got := w.poll("till", r.ID); got.code() != codePending {
			t.Errorf("%s", got.body)
		}
		w.method = bridge.MethodFIDO2
		w.browser().answer("approve")
		claims, _ := w.verified(w.tokens(w.poll("till", r.ID)).ID)
		if claims["acr"] != "AAL3_FIDO2" {
			t.Errorf("claims %v", claims)
		}
	})
	t.Run("196/codes of another client", func(t *testing.T) {
		w := newDecoupledWorld(t)
		d, r := w.device("kiosk"), w.ciba("till")
		b := w.browser()
		b.decide(d.UserCode, "approve")
		b.answer("approve")
		if got := w.poll("tv", d.DeviceCode); got.code() != errInvalidGrant {
			t.Errorf("%s", got.body)
		}
		if got := w.poll("desk", r.ID); got.code() != errInvalidGrant {
			t.Errorf("%s", got.body)
		}
		w.tokens(w.poll("kiosk", d.DeviceCode))
		w.tokens(w.poll("till", r.ID))
	})
	t.Run("196/transactions of another kind", func(t *testing.T) {
		w := newDecoupledWorld(t)
		d := w.device("tv")
		b := w.browser()
		sure := b.enter(d.UserCode).hidden()
		elsewhere := b.get(resumePath + "?" + url.Values{"tx": sure["tx"], "v": sure["v"]}.Encode())
		if elsewhere.status != http.StatusBadRequest || elsewhere.to != nil {
			t.Errorf("an approval answers as an authorization request: %d %v", elsewhere.status, elsewhere.to)
		}
		b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		q := b.authorize("basic", "prompt", "login").to.Query()
		here := b.get(approvePath + "?" + url.Values{"tx": {q.Get("tx")}, "v": {w.hub.StepMAC(q.Get("tx"), bridge.StepIssue)}}.Encode())
		if here.status != http.StatusBadRequest || w.reason() != "other_request" {
			t.Errorf("a sign-on approves: %d", here.status)
		}
	})
	t.Run("196/a flood of requests for one person", func(t *testing.T) {
		w := newDecoupledWorld(t)
		for range waitingOne {
			w.ciba("till")
		}
		ask := form("scope", "openid", "login_hint", nurse)
		if got := w.call(backAuthPath, "till", ask); got.status != http.StatusTooManyRequests {
			t.Errorf("one client: %d %s", got.status, got.body)
		}
		w.clients["other"] = w.clients["till"] // one client does not keep the others away; all together do
		w.change("other", func(p *trustPartner) { p.ID = "other" })
		for range waitingMax - waitingOne {
			w.ciba("other")
		}
		w.clients["third"] = w.clients["other"]
		w.change("third", func(p *trustPartner) { p.ID = "third" })
		if got := w.call(backAuthPath, "third", ask); got.status != http.StatusTooManyRequests {
			t.Errorf("all of them: %d %s", got.status, got.body)
		}
		w.ciba("till", "login_hint", clerk)
		w.browser().answer("refuse")
		w.ciba("till") // there is room again
	})
}
