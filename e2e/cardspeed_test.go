package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestCardSignInServerTime adds up what the hub takes for all requests of a sign-on by Smartcard, from the app's link to the ticket. The
// budget is 50 ms; the bound is one that a busy machine keeps.
func TestCardSignInServerTime(t *testing.T) {
	h := startHub(t, "")
	l := h.pathology()
	const rounds = 20
	signOn := func() {
		s := h.newSurfer(nurse)
		s.open(h.issuer + "/ticket/start?partner=pathology")
		s.signInByCard("")
		s.autopost()
		s.see("ticket received")
		l.last(t)
	}
	signOn() // what is read and compiled once
	before, requests := h.served()
	for range rounds {
		signOn()
	}
	after, all := h.served()
	each := (after - before) / rounds
	t.Logf("%.1f ms in %d requests", each*1000, (all-requests)/rounds)
	if each <= 0 || each > 0.5 {
		t.Errorf("a card sign-on takes %.0f ms of the hub", each*1000)
	}
}

// served is how long the hub has answered requests in all, in seconds, and how many.
func (h *hub) served() (seconds float64, requests int) {
	h.t.Helper()
	_, body := components.Get(h.t, http.DefaultClient, "http://"+h.metrics+"/metrics")
	for line := range strings.SplitSeq(body, "\n") {
		name, value, ok := strings.Cut(line, "} ")
		n, err := strconv.ParseFloat(value, 64)
		switch {
		case !ok || err != nil:
		case strings.HasPrefix(name, "lanyard_http_request_duration_seconds_sum{"):
			seconds += n
		case strings.HasPrefix(name, "lanyard_http_request_duration_seconds_count{"):
			requests += int(n)
		}
	}
	return seconds, requests
}
