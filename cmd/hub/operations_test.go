package hub

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// deaf is a store that does not answer.
type deaf struct{ Store }

func (deaf) Revision(context.Context) (int64, error) { return 0, errors.New("gone") }

func TestOperations(t *testing.T) {
	h := &Hub{metrics: newMetrics(), store: memory.New()}
	h.metrics.info("1.2.3", func() float64 { return 7 })
	h.metrics.Request("hello", http.StatusNotFound, 0.2)
	h.metrics.Request("hello", http.StatusNotFound, 0.2)
	ask := func(path string) (int, string) {
		rec := httptest.NewRecorder()
		h.operations().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		return rec.Code, rec.Body.String()
	}
	for _, step := range []struct {
		before     func()
		path, want string
		status     int
	}{
		{func() {}, "/livez", "ok\n", 200},
		{func() {}, "/readyz", "ok\n", 200},
		{func() { h.store = deaf{h.store} }, "/readyz", "store\n", 503},
		{func() { h.draining.Store(true) }, "/readyz", "draining\n", 503},
		{func() {}, "/livez", "ok\n", 200},
	} {
		step.before()
		if status, body := ask(step.path); status != step.status || body != step.want {
			t.Errorf("%s: %d %q, want %d %q", step.path, status, body, step.status, step.want)
		}
	}
	_, all := ask("/metrics")
	for _, want := range []string{
		`lanyard_http_request_duration_seconds_count{code="404",route="hello"} 2`, `lanyard_http_request_duration_seconds_bucket{code="404",route="hello",le="0.25"} 2`,
		`lanyard_build_info{version="1.2.3"} 1`, "lanyard_trace_dropped_total 7", "lanyard_registry_revision 0", "go_goroutines ",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

// TestFence: what the demonstration made is refused wherever it is, unless this is a lab.
func TestFence(t *testing.T) {
	named := func(name string) *x509.Certificate { return &x509.Certificate{Subject: pkix.Name{CommonName: name}} }
	good, bad := named("sso.example"), named(NotForTrust)
	for name, c := range map[string]struct {
		certs []*x509.Certificate
		lab   bool
		ok    bool
	}{
		"good": {[]*x509.Certificate{good}, false, true}, "of the demo": {[]*x509.Certificate{bad}, false, false}, "second of two": {[]*x509.Certificate{good, bad}, false, false},
		"in a lab": {[]*x509.Certificate{bad}, true, true}, "none": {nil, false, true},
	} {
		h := &Hub{options: Options{Lab: c.lab}}
		var keys []keyring.Key
		for _, cert := range c.certs {
			keys = append(keys, keyring.Key{Certificate: cert})
		}
		for what, err := range map[string]error{"certificates": h.fence("x", c.certs), "keys": h.fenceKeys(keys)} {
			if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrDemo) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
}

func TestCardHosts(t *testing.T) {
	h := &Hub{}
	h.options.Config.Listeners.Card.HostPattern = "*.Card.sso.example"
	for name, want := range map[string]bool{
		"a.card.sso.example": true, "A.CARD.SSO.EXAMPLE": true, "card.sso.example": false, ".card.sso.example": false, "a.b.card.sso.example": false,
		"acard.sso.example": false, "a.card.sso.example.": false, "": false, "a": false, "sso.example": false,
	} {
		if got := h.isCardHost(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

// TestNobodyWaits: where no client may ask for an approval, the first page does not look for any: there is not even a provider here.
func TestNobodyWaits(t *testing.T) {
	h := &Hub{registry: trust.NewRegistry(nil, trust.Compiler{}, false, time.Now)}
	if n, path, err := h.waiting(t.Context(), "555021935101"); n != 0 || path != "" || err != nil {
		t.Errorf("%d %q %v", n, path, err)
	}
}
