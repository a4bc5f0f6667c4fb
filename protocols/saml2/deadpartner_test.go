package saml2

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/trust"
)

// wire posts as the program's own client does: bounded, and redirected nowhere.
type wire struct{ http.Client }

func (c *wire) Post(ctx context.Context, target, contentType string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", contentType)
	res, err := c.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 256<<10))
	return res.StatusCode, answer, err
}

// drip sends a byte now and then until the other side has enough.
func drip(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // the server looks for the other side's end of it only then
	w.Header().Set("Content-Type", soapMedia)
	for r.Context().Err() == nil {
		_, _ = w.Write([]byte(" "))
		_ = http.NewResponseController(w).Flush()
		time.Sleep(20 * time.Millisecond)
	}
}

func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func say(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", soapMedia)
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// TestOneDeadPartnerBlocksNobody: SOAP partners that misbehave in every way there is, all in one session with two that answer.
// The session ends first, the good ones are told and counted, and all of it is bounded.
func TestOneDeadPartnerBlocksNobody(t *testing.T) {
	var elsewhere atomic.Int32
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer trap.Close()
	hostile := map[string]http.HandlerFunc{
		"hangs":           hang,
		"drips":           drip,
		"resets":          reset,
		"500":             say(500, "no"),
		"503":             say(503, "no"),
		"200 and nothing": say(200, ""),
		"html":            say(200, "<html><body>Welcome</body></html>"),
		"huge":            say(200, strings.Repeat("x", 1<<20)),
		"a bomb":          say(200, `<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><a>&b;</a>`),
		"a fault":         say(500, `<soap:Envelope xmlns:soap="`+soapSpace+`"><soap:Body><soap:Fault><faultcode>soap:Server</faultcode></soap:Fault></soap:Body></soap:Envelope>`),
		"redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, trap.URL, http.StatusTemporaryRedirect)
		},
		"redirects by GET": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, trap.URL, http.StatusFound) },
		"unsigned":         nil, "wrong key": nil, "another request": nil, "no success": nil,
	}
	w := newWorld(t)
	mu := sync.Mutex{} // the sample partner's answers are made with the test's own helpers
	answered := func(issuer, code string, signed string, change func(string) string) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			key := signing(keys().other)
			k := &key
			switch signed {
			case "foreign":
				key = signing(keys().sp)
			case "no":
				k = nil
			}
			_, _ = rw.Write([]byte(change(string(w.soapAnswer(body, issuer, code, k)))))
		}
	}
	same := func(s string) string { return s }
	id := func(name string) string { return "https://" + strings.ReplaceAll(name, " ", "-") + ".example/sp" }
	hostile["unsigned"] = answered(id("unsigned"), "Success", "no", same)
	hostile["wrong key"] = answered(id("wrong key"), "Success", "foreign", same)
	hostile["no success"] = answered(id("no success"), "Responder", "", same)
	hostile["another request"] = answered(id("another request"), "Success", "no", func(s string) string { return strings.Replace(s, `InResponseTo="_`, `InResponseTo="_x`, 1) })
	hostile["good"] = answered(id("good"), "Success", "", same)
	hostile["good too"] = answered(id("good too"), "Success", "", same)
	hostile["knows nobody"] = answered(id("knows nobody"), "Requester/UnknownPrincipal", "", same)
	good := map[string]bool{"good": true, "good too": true, "knows nobody": true}

	b := w.browser()
	got := w.signOn(b, w.authn())
	s, err := w.store.SessionByKey(t.Context(), bridge.Key(b.jar["__Host-lanyard-session"]))
	if err != nil {
		t.Fatal(err)
	}
	add := func(name, location string) {
		p := samplePartner()
		p.ID, p.Name, p.SAML.Entity.ID = id(name), name, id(name)
		p.SAML.Entity.SP.SLO = []metadata.Endpoint{{Binding: metadata.BindingSOAP, Location: location}}
		p.SAML.Entity.SP.SigningKeys = append(hubKeys()[:0], keys().other.Public())
		w.partners[p.ID] = p
		told := bridge.Participant{Session: s.ID, Partner: p.ID, Protocol: trust.SAML2, Index: "i-" + name, Subject: got.nameID(), Format: string(trust.SubjectUID), Since: w.now}
		if err := w.store.Commit(t.Context(), bridge.AddParticipant{Participant: told}); err != nil {
			t.Fatal(err)
		}
	}
	for name, handler := range hostile {
		srv := httptest.NewServer(handler)
		defer srv.Close()
		add(name, srv.URL)
	}
	untrusted := httptest.NewTLSServer(say(200, ""))
	defer untrusted.Close()
	add("tls by a stranger", untrusted.URL)
	add("nobody there", "http://127.0.0.1:1/")

	w.p.Poster = &wire{http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	w.hub.Limits.PerPartner, w.hub.Limits.Logout = 500*time.Millisecond, time.Second
	w.hub.Parallel = atOnce
	begun := time.Now()
	doc := envelopedBy(t, w.logoutXML("_1", spID, "", got.nameID(), got.index()), signing(keys().sp))
	if got := w.soapCodes(doc); got != "Success/PartialLogout" {
		t.Errorf("the asking partner is answered %s", got)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("took %v with a limit of one second", took)
	}
	if w.sessionLives(b) || elsewhere.Load() != 0 {
		t.Errorf("session lives: %v; %d went where nobody is registered", w.sessionLives(b), elsewhere.Load())
	}
	report, err := w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{})
	if err != nil || len(report.Deliveries) != len(hostile)+3 {
		t.Fatalf("%v, %d deliveries", err, len(report.Deliveries))
	}
	for _, d := range report.Deliveries {
		name := w.partners[d.Participant.Partner].Name
		want := bridge.DeliveryNoReply
		if good[name] || d.Participant.Partner == spID {
			want = bridge.DeliveryEnded
		}
		if name == "no success" { // the one that answers in due form, and says no
			want = bridge.DeliveryRefused
		}
		if d.State != want || (want == bridge.DeliveryEnded) != d.Next.IsZero() {
			t.Errorf("%s: %s, next %v", name, d.State, fmt.Sprint(d.Next))
		}
	}
}

// TestManySessionsTakeAsLongAsOne: a request that names many sessions, in each of which a partner hangs, is answered in the time of
// one.
func TestManySessionsTakeAsLongAsOne(t *testing.T) {
	w := newWorld(t)
	srv := httptest.NewServer(http.HandlerFunc(hang))
	defer srv.Close()
	w.withOther(metadata.Endpoint{Binding: metadata.BindingSOAP, Location: srv.URL})
	var indexes []string
	name := ""
	for range 10 {
		b := w.browser()
		got := w.signOn(b, w.authn())
		w.signOn(b, w.authnOther())
		indexes, name = append(indexes, got.index()), got.nameID()
	}
	w.p.Poster = &wire{}
	w.hub.Limits.PerPartner, w.hub.Limits.Logout = 300*time.Millisecond, 300*time.Millisecond
	w.hub.Parallel = atOnce
	begun := time.Now()
	if got := w.soapCodes(envelopedBy(t, w.logoutXML("_1", spID, "", name, indexes...), signing(keys().sp))); got != "Success/PartialLogout" {
		t.Error(got)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("took %v, ten times as long as one", took)
	}
	if left, err := w.store.Living(t.Context(), bridge.SessionQuery{Limit: 100}); err != nil || len(left) != 0 {
		t.Errorf("%v, %d sessions live", err, len(left))
	}
}

func atOnce(n int, do func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}
