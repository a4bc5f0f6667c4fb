package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// conformance speaks to a running suite.
type conformance struct {
	t       *testing.T
	at      string
	hub     *hub
	client  *http.Client
	scripts bool // the pages need a browser that runs them

	decisions chan string // what the person is to do with a request that waits: allow, deny
}

func startSuite(t *testing.T, at string, h *hub) *conformance {
	t.Helper()
	s := &conformance{t: t, at: at, hub: h, client: &http.Client{Timeout: time.Minute}, decisions: make(chan string, 1)}
	s.startFront()
	return s
}

// of is the same in a subtest.
func (s *conformance) of(t *testing.T) *conformance {
	t.Helper()
	c := *s
	c.t = t
	return &c
}

// call asks the suite's own interface. Only a status from want is no failure.
func (s *conformance) call(method, path string, query url.Values, body any, out any, want ...int) {
	s.t.Helper()
	var data []byte
	switch b := body.(type) {
	case nil:
	case string:
		data = []byte(b)
	default:
		var err error
		if data, err = json.Marshal(b); err != nil {
			s.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.at+"/api/"+path+"?"+query.Encode(), bytes.NewReader(data))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-Proto", "https")
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if !slices.Contains(want, resp.StatusCode) {
		s.t.Fatalf("%s %s: %d %.500s", method, path, resp.StatusCode, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			s.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
}

// module is one test of a plan.
type module struct {
	Test    string            `json:"testModule"`
	Variant map[string]string `json:"variant"`
}

// name tells apart those that a plan has once for each response type.
func (m module) name() string {
	if kind := m.Variant["response_type"]; kind != "" && kind != "code" {
		return m.Test + "_" + strings.ReplaceAll(kind, " ", "+")
	}
	return m.Test
}

// begin makes a plan of a configuration.
func (s *conformance) begin(plan string, variant map[string]string, config map[string]any) (string, []module) {
	s.t.Helper()
	query := url.Values{"planName": {plan}}
	if variant != nil {
		text, err := json.Marshal(variant)
		if err != nil {
			s.t.Fatal(err)
		}
		query.Set("variant", string(text))
	}
	var out struct {
		ID      string   `json:"id"`
		Modules []module `json:"modules"`
	}
	s.call(http.MethodPost, "plan", query, config, &out, http.StatusCreated)
	return out.ID, out.Modules
}

// run runs a module to its end, with a browser of its own.
func (s *conformance) run(plan string, m module) verdict {
	s.t.Helper()
	began := time.Now()
	variant, err := json.Marshal(m.Variant)
	if err != nil {
		s.t.Fatal(err)
	}
	var test struct {
		ID string `json:"id"`
	}
	s.call(http.MethodPost, "runner", url.Values{"test": {m.Test}, "plan": {plan}, "variant": {string(variant)}}, nil, &test, http.StatusCreated)
	b := s.person()
	b.behave(m.Test)
	info := s.attend(test.ID, b)
	v := verdict{module: m.name(), status: info.Status, result: info.Result, took: time.Since(began)}
	v.failed, v.warnings = s.log(test.ID, m.name())
	if pages := b.seen(); len(pages) > 0 {
		keep(s.t, m.name()+".html", []byte(strings.Join(pages, "\n\n<!-- next page -->\n\n")))
	}
	return v
}

// person is who sits at the browser.
type person interface {
	behave(module string)
	visit(method, address string)
	decide(action string) // about a request that waits
	rotating() bool       // an administrator adds a signing key when the module is ready for it
	seen() []string       // pages of the hub
}

// person has a new browser.
func (s *conformance) person() person {
	s.t.Helper()
	if s.scripts {
		return s.newChromium()
	}
	b := &suiteBrowser{surfer: s.hub.newSurfer(doctor), role: doctorRole2}
	b.t = s.t
	return b
}

type testInfo struct{ Status, Result string }

// attend does what the suite asks of a person until the module is over.
func (s *conformance) attend(id string, b person) testInfo {
	s.t.Helper()
	rotated, visited := false, time.Now()
	var info testInfo
	for deadline := time.Now().Add(100 * time.Second); time.Now().Before(deadline); time.Sleep(150 * time.Millisecond) {
		s.call(http.MethodGet, "info/"+id, nil, nil, &info, http.StatusOK)
		select {
		case action := <-s.decisions:
			b.decide(action)
		default:
		}
		switch info.Status {
		case "FINISHED", "INTERRUPTED":
			return info
		case "CONFIGURED":
			if b.rotating() && !rotated {
				rotated = true
				s.rotate()
				s.call(http.MethodPost, "runner/"+id, nil, nil, nil, http.StatusOK)
			}
		case "WAITING":
			switch {
			case s.visit(id, b):
				visited = time.Now()
			case time.Since(visited) > 3*time.Second: // it may still have an answer in hand, and want no picture then
				s.show(id)
			}
		}
	}
	s.t.Errorf("still %s", info.Status)
	s.call(http.MethodDelete, "runner/"+id, nil, nil, nil, http.StatusOK, http.StatusNotFound)
	return info
}

// rotate gives the hub a signing key more, as an administrator would, and waits until the running hub publishes it.
func (s *conformance) rotate() {
	s.t.Helper()
	id := strings.TrimSpace(s.hub.run("keys", "add", "--kind", "rsa3072"))
	client := components.Client(s.t, s.hub.ca)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if _, keys := components.Get(s.t, client, s.hub.issuer+"/oidc/jwks"); strings.Contains(keys, id) {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("key %s is not published", id)
		}
	}
}

// visit opens the addresses that the module wants opened. It reports whether there were any.
func (s *conformance) visit(id string, b person) bool {
	s.t.Helper()
	var running struct {
		Browser struct {
			URLs []struct{ URL, Method string } `json:"urlsWithMethod"`
		}
	}
	s.call(http.MethodGet, "runner/"+id, nil, nil, &running, http.StatusOK, http.StatusNotFound)
	for _, u := range running.Browser.URLs {
		s.call(http.MethodPost, "runner/browser/"+id+"/visit", url.Values{"url": {u.URL}}, nil, nil, http.StatusNoContent, http.StatusNotFound)
		b.visit(u.Method, u.URL)
	}
	return len(running.Browser.URLs) > 0
}

// pixel is a picture: a person has to look at the page itself, which is kept.
const pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

type logEntry struct {
	Src, Msg, Result, Upload string
	Requirements             []string
	Http                     string
}

// show hands in the pictures that the module waits for.
func (s *conformance) show(id string) {
	s.t.Helper()
	for _, e := range s.entries(id) {
		if e.Upload != "" {
			s.call(http.MethodPost, "log/"+id+"/images/"+e.Upload, nil, pixel, nil, http.StatusOK)
		}
	}
}

func (s *conformance) entries(id string) []logEntry {
	s.t.Helper()
	var out []logEntry
	s.call(http.MethodGet, "log/"+id, nil, nil, &out, http.StatusOK)
	return out
}

// log keeps what a module wrote, and returns what it found.
func (s *conformance) log(id, name string) (failed, warnings []string) {
	s.t.Helper()
	var raw json.RawMessage
	s.call(http.MethodGet, "log/"+id, nil, nil, &raw, http.StatusOK)
	keep(s.t, name+".json", raw)
	for _, e := range s.entries(id) {
		text := fmt.Sprintf("%s %s: %s %v", e.Result, e.Src, e.Msg, e.Requirements)
		switch e.Result {
		case "FAILURE":
			failed = append(failed, text)
		case "WARNING":
			warnings = append(warnings, text)
		}
	}
	return failed, warnings
}
