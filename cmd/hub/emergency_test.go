package hub

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web/signin"
)

// TestEmergencyAlertPost: a reference and a time, with the token, and nothing of anybody; what is not 2xx is an error.
func TestEmergencyAlertPost(t *testing.T) {
	status := http.StatusNoContent
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, r.Method+" "+r.Header.Get("Authorization")+" "+string(body))
		w.WriteHeader(status)
	}))
	defer server.Close()
	p, err := emergencyPolicy(config.Emergency{
		Enabled: true, Life: time.Minute, Who: "roles.size()>0", Reasons: []string{"life=A life"}, Alert: config.EmergencyAlert{URL: server.URL + "/alerts", Token: "hush"},
	}, translate.Translator{}, true)
	if err != nil {
		t.Fatal(err)
	}
	opened := time.Date(2026, 11, 25, 10, 2, 11, 0, time.UTC)
	if err := p.Alert.Alert(t.Context(), "m4t", opened); err != nil {
		t.Fatal(err)
	}
	if len(bodies) != 1 || bodies[0] != `POST Bearer hush {"alert":"m4t","event":"emergency_opened","time":"2026-11-25T10:02:11Z"}` {
		t.Errorf("posted %q", bodies)
	}
	status = http.StatusBadGateway
	if err := p.Alert.Alert(t.Context(), "m4t", opened); !errors.Is(err, errAlertStatus) || strings.Contains(err.Error(), "hush") {
		t.Errorf("error %v", err)
	}
}

func TestEmergencyPolicy(t *testing.T) {
	good := config.Emergency{Enabled: true, Life: time.Minute, Who: "roles.size()>0", Reasons: []string{"life=A life", "care=Care = now"}, Class: "urn:example:e"}
	p, err := emergencyPolicy(good, translate.Translator{}, false)
	if err != nil || len(p.Reasons) != 2 || p.Reasons[1] != (bridge.EmergencyReason{Code: "care", Text: "Care = now"}) || p.Alert != nil || p.Who(bridge.Facts{}) {
		t.Errorf("%+v, %v", p, err)
	}
	for name, change := range map[string]func(*config.Emergency){
		"a condition that is none":  func(c *config.Emergency) { c.Who = "nobody.uid == ''" },
		"an alert without TLS":      func(c *config.Emergency) { c.Alert.URL = "http://alerts.example/" },
		"an alert on this computer": func(c *config.Emergency) { c.Alert.URL = "https://alerts.localhost/" },
	} {
		c := good
		change(&c)
		if _, err := emergencyPolicy(c, translate.Translator{}, false); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if off, err := emergencyPolicy(config.Emergency{Who: "wrong("}, translate.Translator{}, false); off != nil || err != nil || emergencyNames(config.Emergency{Class: "c"}) != nil {
		t.Errorf("switched off: %v, %v", off, err)
	}
	for class, ok := range map[string]bool{"urn:example:e": true, trust.ClassUnspecified: false, "https://refeds.org/profile/mfa": false, "urn:oasis:names:tc:SAML:2.0:ac:classes:Password": false} {
		_, err := SAMLDefaults(config.Config{SAML: config.SAML{Sign: "rsa-sha256"}, Emergency: config.Emergency{Enabled: true, Class: class}})
		if (err == nil) != ok {
			t.Errorf("class %s: %v", class, err)
		}
	}
}

// TestStatusOfKeys puts the rungs of what is known of models into words.
func TestStatusOfKeys(t *testing.T) {
	for _, tc := range []struct {
		standing bridge.Standing
		keep     bool
		rung     signin.Rung
		says     string
	}{
		{bridge.StandingFresh, false, signin.Working, ""}, {"", false, signin.Working, ""}, {bridge.StandingOff, false, signin.Working, ""},
		{bridge.StandingStale, false, signin.Reduced, "out of date"}, {bridge.StandingUnknown, true, signin.Reduced, "out of date."}, {bridge.StandingUnknown, false, signin.Reduced, "smartcard"},
	} {
		if p := keyPart(signin.Part{Rung: signin.Working}, tc.standing, tc.keep); p.Rung != tc.rung || !strings.Contains(p.Text, tc.says) || tc.keep && strings.Contains(p.Text, "smartcard") {
			t.Errorf("%q, keep %v: %+v", tc.standing, tc.keep, p)
		}
	}
}

// TestStatusBoard: the store's silence is told, a look serves for two seconds, and a machine reads it.
func TestStatusBoard(t *testing.T) {
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	h := &Hub{store: memory.New(), core: &bridge.Hub{Methods: []bridge.Offer{{Method: bridge.MethodFIDO2}}}, options: Options{Clock: func() time.Time { return now }}}
	looks := 0
	h.wireStatus()
	h.board.add(func(context.Context, time.Time) []signin.Part { looks++; return nil })
	first := h.status(t.Context())
	if len(first.Parts) != 2 || first.Parts[0].Rung != signin.Working || first.Notice() != "" {
		t.Errorf("%+v", first)
	}
	h.store = deaf{h.store}
	if again := h.status(t.Context()); again.Parts[0].Rung != signin.Working || looks != 1 {
		t.Errorf("looked again at once: %+v, %d", again, looks)
	}
	now = now.Add(2 * time.Second)
	down := h.status(t.Context())
	text, err := json.Marshal(down)
	if err != nil || down.Parts[0].Rung != signin.Down || looks != 2 || !strings.Contains(string(text), `"state":"down"`) || !strings.Contains(down.Notice(), "not working") {
		t.Errorf("%s, %v", text, err)
	}
}

// patient answers for the store as long as its caller does not go away.
type patient struct{ Store }

func (patient) Revision(ctx context.Context) (int64, error) { return 1, ctx.Err() }

// TestStatusBoardOutlivesItsCaller: who asks and goes away makes nothing look broken to those who come next.
func TestStatusBoardOutlivesItsCaller(t *testing.T) {
	h := &Hub{store: patient{memory.New()}, core: &bridge.Hub{}, options: Options{Clock: time.Now}}
	h.wireStatus()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if s := h.status(gone); s.Notice() != "" {
		t.Errorf("it says %q", s.Notice())
	}
	if s := h.status(t.Context()); s.Notice() != "" {
		t.Errorf("it says %q to the next", s.Notice())
	}
}
