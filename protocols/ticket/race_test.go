package ticket

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// TestOneAnswerWins is row 233: of answers to one challenge that arrive together, one begins a session.
func TestOneAnswerWins(t *testing.T) {
	w := newWorld(t)
	a := w.agent()
	a.activate()
	document := a.validation()
	var won sync.Map
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login/authvalidate", strings.NewReader(document))
			r.Host, r.RemoteAddr = "hub.example", a.peer+":4000"
			rec := httptest.NewRecorder()
			if w.handler.ServeHTTP(rec, r); rec.Code == http.StatusOK {
				won.Store(i, true)
			}
		})
	}
	all.Wait()
	n := 0
	won.Range(func(any, any) bool { n++; return true })
	if n != 1 || len(w.events(ledger.SignedIn)) != 1 || len(w.events(ledger.SignInRefused)) != 7 {
		t.Errorf("%d answers won", n)
	}
}

// TestSpentAtEveryNode is row 233: a node whose clock is ahead clears up what is out of date, and the one beside it, whose clock is
// not, still knows that the challenge was answered.
func TestSpentAtEveryNode(t *testing.T) {
	w := newWorld(t)
	a := w.agent()
	a.activate()
	document := a.validation()
	if code := a.validate(document); code != http.StatusOK {
		t.Fatalf("%d %s", code, a.last.Body)
	}
	if _, err := w.store.Purge(t.Context(), w.now.Add(challengeLife+30*time.Second)); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(challengeLife - time.Second)
	if code := a.validate(document); code == http.StatusOK || w.lastReason(ledger.SignInRefused) != "challenge_spent" {
		t.Errorf("%d %s", code, w.lastReason(ledger.SignInRefused))
	}
}

// systems are the partners of a test.
type systems []trust.Partner

func (s systems) Partners() ([]trust.Partner, error) { return s, nil }

// TestSystemByCertificate is row 237: systems in one network are told apart by their certificates, and one with a certificate is nobody without it.
func TestSystemByCertificate(t *testing.T) {
	w := newWorld(t)
	one, two := &x509.Certificate{Raw: []byte("one")}, &x509.Certificate{Raw: []byte("two")}
	system := func(id string, c *x509.Certificate) trust.Partner {
		sum := sha256.Sum256(c.Raw)
		return trust.Partner{ID: id, Protocol: trust.Ticket, Stage: trust.Live, Ticket: &trust.TicketTerms{CertificateHash: sum[:]}}
	}
	other := system("other", two)
	other.Protocol = trust.OIDC
	draft := system("draft", two)
	draft.Stage = trust.Draft
	w.room.systems = systems{system("one", one), system("two", two), other, draft}
	for name, tc := range map[string]struct {
		shown *tls.ConnectionState
		want  string
	}{
		"first":            {&tls.ConnectionState{PeerCertificates: []*x509.Certificate{one}}, "one"},
		"second":           {&tls.ConnectionState{PeerCertificates: []*x509.Certificate{two}}, "two"},
		"second as issuer": {&tls.ConnectionState{PeerCertificates: []*x509.Certificate{one, two}}, "one"},
		"a third":          {&tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Raw: []byte("three")}}}, ""},
		"none":             {&tls.ConnectionState{}, ""},
		"no TLS":           {nil, ""},
	} {
		r := httptest.NewRequestWithContext(bridge.WithPeer(t.Context(), "192.0.2.7"), http.MethodGet, "/", nil)
		r.TLS = tc.shown
		got, err := w.room.caller(r)
		if got.ID != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%s: %q %v", name, got.ID, err)
		}
	}
}

// TestParticipantsAreTold: whoever had an agent's ticket read is told of the sign-out, by whatever way it came, once.
func TestParticipantsAreTold(t *testing.T) {
	for name, end := range map[string]func(w *world, a, server *fieldAgent) *httptest.ResponseRecorder{
		"the agent": func(_ *world, a, _ *fieldAgent) *httptest.ResponseRecorder { return a.signOut("") },
		"a system, as text": func(_ *world, a, s *fieldAgent) *httptest.ResponseRecorder {
			return s.send(http.MethodPost, "/identity/logout", "subjectid="+url.QueryEscape(a.ticket))
		},
		"a system, by address": func(_ *world, a, s *fieldAgent) *httptest.ResponseRecorder {
			return s.send(http.MethodGet, "/identity/logout?subjectid="+url.QueryEscape(a.ticket), "")
		},
		"a system, as JSON": func(_ *world, a, s *fieldAgent) *httptest.ResponseRecorder {
			s.header["Iplanetdirectorypro"] = []string{a.ticket}
			return s.send(http.MethodPost, "/json/sessions/?_action=logout", "{}")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a, server := w.agent(), w.agent()
			server.peer = "192.0.2.7"
			a.signIn("555000000101")
			for _, peer := range []string{"192.0.2.7", "198.51.100.9"} {
				if rec := w.assertion(a.ticket, peer); rec.Code != http.StatusOK {
					t.Fatalf("%d %s", rec.Code, rec.Body)
				}
			}
			if rec := end(w, a, server); rec.Code != http.StatusOK {
				t.Fatalf("%d %s", rec.Code, rec.Body)
			}
			told := map[string]string{}
			for _, e := range w.events(ledger.PartnerTold) {
				told[e.Partner] = e.Reason
			}
			if len(told) != 2 || told["pathology"] != "ended" || told["stores"] != "cannot" || len(w.events(ledger.SessionEnded)) != 1 {
				t.Errorf("%v", told)
			}
			if rec := end(w, a, server); rec.Code < 400 || len(w.events(ledger.SessionEnded)) != 1 {
				t.Errorf("twice: %d", rec.Code)
			}
		})
	}
}
