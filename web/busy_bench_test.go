package web

import (
	"net/http/httptest"
	"testing"
	"time"
)

// BenchmarkTurnAway is what it costs to say no: under load nothing else may cost as little.
func BenchmarkTurnAway(b *testing.B) {
	k, _ := newKit(b)
	k.Gate = NewGate(GateLimits{Work: 1, Waiting: 1}, time.Now)
	k.Gate.limits.Waiting = 0
	k.Gate.work = 1
	h := k.Router(routes(k))
	r := httptest.NewRequest("GET", "https://sso.example/hello", nil)
	r.Header.Set("Cookie", "__Host-lanyard-session=abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}
