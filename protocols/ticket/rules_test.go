package ticket

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// TestCallerIsTheSystem lists what a caller must show: each of network and certificate that is registered.
func TestCallerIsTheSystem(t *testing.T) {
	leaf, issuer := &x509.Certificate{Raw: []byte("leaf")}, &x509.Certificate{Raw: []byte("issuer")}
	hash := sha256.Sum256(leaf.Raw)
	networks := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/64")}
	shown := func(cs ...*x509.Certificate) *tls.ConnectionState { return &tls.ConnectionState{PeerCertificates: cs} }
	for name, tc := range map[string]struct {
		partner trust.TicketTerms
		peer    string
		tls     *tls.ConnectionState
		code    string
	}{
		"neither is registered":       {trust.TicketTerms{}, "203.0.113.5", nil, ""},
		"network":                     {trust.TicketTerms{Networks: networks}, "192.0.2.255", nil, ""},
		"second network":              {trust.TicketTerms{Networks: networks}, "2001:db8::7", nil, ""},
		"network, mapped":             {trust.TicketTerms{Networks: networks}, "::ffff:192.0.2.1", nil, ""},
		"beside the network":          {trust.TicketTerms{Networks: networks}, "192.0.3.0", nil, "ticket_network"},
		"no address":                  {trust.TicketTerms{Networks: networks}, "", nil, "ticket_network"},
		"certificate":                 {trust.TicketTerms{CertificateHash: hash[:]}, "203.0.113.5", shown(leaf, issuer), ""},
		"no TLS":                      {trust.TicketTerms{CertificateHash: hash[:]}, "203.0.113.5", nil, "ticket_certificate"},
		"no certificate":              {trust.TicketTerms{CertificateHash: hash[:]}, "203.0.113.5", shown(), "ticket_certificate"},
		"another certificate":         {trust.TicketTerms{CertificateHash: hash[:]}, "203.0.113.5", shown(issuer), "ticket_certificate"},
		"certificate not of the leaf": {trust.TicketTerms{CertificateHash: hash[:]}, "203.0.113.5", shown(issuer, leaf), "ticket_certificate"},
		"both":                        {trust.TicketTerms{Networks: networks, CertificateHash: hash[:]}, "192.0.2.7", shown(leaf), ""},
		"network alone of both":       {trust.TicketTerms{Networks: networks, CertificateHash: hash[:]}, "192.0.2.7", nil, "ticket_certificate"},
		"certificate alone of both":   {trust.TicketTerms{Networks: networks, CertificateHash: hash[:]}, "203.0.113.5", shown(leaf), "ticket_network"},
	} {
		t.Run("237 "+name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(bridge.WithPeer(t.Context(), tc.peer), http.MethodGet, "/", nil)
			r.TLS = tc.tls
			err := bound(r, trust.Partner{Ticket: &tc.partner})
			if tc.code == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || bridge.AsRefusal(err).Reason != bridge.BadClient || bridge.AsRefusal(err).AuditCode() != tc.code {
				t.Errorf("error = %v, want %s", err, tc.code)
			}
		})
	}
}

func TestTicketExpires(t *testing.T) {
	w := newWorld(t)
	for name, tc := range map[string]struct{ life, ends, want time.Duration }{
		"hub's own":            {0, 12 * time.Hour, 10 * time.Hour},
		"terms":                {time.Hour, 12 * time.Hour, time.Hour},
		"session ends earlier": {time.Hour, time.Minute, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			iss := bridge.Issuance{At: w.now, SessionEnds: w.now.Add(tc.ends)}
			got := w.room.expires(iss, trust.Partner{Ticket: &trust.TicketTerms{Life: tc.life}})
			if !got.Equal(w.now.Add(tc.want)) {
				t.Errorf("expires after %v, want %v", got.Sub(w.now), tc.want)
			}
		})
	}
}

func TestTokenLength(t *testing.T) {
	for n, ok := range map[int]bool{0: false, 1: true, 255: true, 256: false} {
		if _, err := tokenParam("token=" + strings.Repeat("A", n)); (err == nil) != ok {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestStartParameters(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	for name, tc := range map[string]struct {
		query string
		code  int
		event string // partner and reason that are recorded
	}{
		"longest state":             {"partner=pathology&state=" + strings.Repeat("s", 1024), 200, ""},
		"too long a state":          {"partner=pathology&state=" + strings.Repeat("s", 1025), 400, "pathology bad_request"},
		"which of two addresses":    {"partner=stores", 400, "stores bad_reply_address"},
		"address of two registered": {"partner=stores&return=" + url.QueryEscape("https://stores.example/a"), 303, ""},
		"nobody":                    {"partner=nobody", 400, " unknown_partner"},
		"not a query":               {"partner=%zz", 400, " bad_request"},
	} {
		t.Run(name, func(t *testing.T) {
			before := w.events(ledger.Refused)
			rec := w.get("/ticket/start?"+tc.query, "203.0.113.5")
			if rec.Code != tc.code {
				t.Errorf("status %d, want %d", rec.Code, tc.code)
			}
			if rec.Code < 400 && !strings.Contains(rec.Header().Get("Cache-Control"), "no-store") {
				t.Errorf("Cache-Control %q", rec.Header().Get("Cache-Control"))
			}
			got := w.events(ledger.Refused)[len(before):]
			if tc.event == "" && len(got) != 0 || tc.event != "" && (len(got) != 1 || got[0].Partner+" "+got[0].Reason != tc.event) {
				t.Errorf("events %+v, want %q", got, tc.event)
			}
		})
	}
	req, _, err := w.room.request("partner=pathology")
	if err != nil || req.ReturnTo != "https://path.example" || !req.RoleNeeded || req.Protocol != trust.Ticket {
		t.Errorf("request %+v, %v", req, err)
	}
}

func (w *world) events(kind ledger.Kind) []ledger.Event {
	w.t.Helper()
	es, err := w.store.Events(w.t.Context(), ledger.Query{Kind: kind, Limit: 1000})
	w.must(err)
	return es
}

// Somebody who is not signed in is led through the sign-in and comes back with the state, or with nothing.
func TestSignOnByWayOfTheSignIn(t *testing.T) {
	for name, query := range map[string]string{"with state": "&state=abc", "without": ""} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			rec := w.get("/ticket/start?partner=pathology"+query, "203.0.113.5")
			to, err := url.Parse(rec.Header().Get("Location"))
			w.must(err)
			if rec.Code != http.StatusSeeOther || to.Path == "" || len(w.events(ledger.Issued)) != 0 {
				t.Fatalf("%d to %q", rec.Code, to)
			}
			var b bridge.Browser
			for _, c := range w.browser {
				if strings.HasSuffix(c.Name, "browser") {
					b.Binding = c.Value
				}
			}
			id := to.Query().Get("tx")
			tx, err := w.hub.Transaction(t.Context(), b, id, bridge.StepAuthenticate, w.hub.StepMAC(id, bridge.StepAuthenticate))
			w.must(err)
			b.Session, err = w.hub.Authenticate(t.Context(), b, tx, bridge.Proof{UID: "555021935107", Method: bridge.MethodSmartcard, Assurance: 3, At: w.now})
			w.must(err)
			w.browser = append(w.browser, &http.Cookie{Name: "__Host-lanyard-session", Value: b.Session})
			resume := resumePath + "?tx=" + url.QueryEscape(id) + "&v=" + url.QueryEscape(w.hub.StepMAC(id, bridge.StepIssue))
			asked := w.get(resume, "203.0.113.5") // two roles are open
			if asked.Code != http.StatusSeeOther || len(w.events(ledger.Issued)) != 0 {
				t.Fatalf("before a role was chosen: %d %s", asked.Code, asked.Body)
			}
			b.Session, err = w.hub.ChooseRole(t.Context(), b, tx, "555000000101")
			w.must(err)
			w.browser = []*http.Cookie{{Name: "__Host-lanyard-browser", Value: b.Binding}, {Name: "__Host-lanyard-session", Value: b.Session}}
			page := w.get(resume, "203.0.113.5")
			if page.Code != http.StatusOK || tokenField.FindString(page.Body.String()) == "" {
				t.Fatalf("no ticket: %d %s", page.Code, page.Body)
			}
			if got := strings.Contains(page.Body.String(), `name="state"`); got != (query != "") {
				t.Errorf("a state in the answer: %v", got)
			}
			if es := w.events(ledger.Issued); len(es) != 1 || es[0].Ref != tx.Ref || es[0].Partner != "pathology" {
				t.Errorf("issued %+v", es)
			}
			if again := w.get(resume, "203.0.113.5"); again.Code < 400 {
				t.Errorf("the same sign-on a second time: %d", again.Code)
			}
		})
	}
}

func TestPropagationSaysWhetherTheSystemAsksAgain(t *testing.T) {
	w := newWorld(t)
	for _, rechecks := range []bool{true, false} {
		got, _ := w.room.Propagate(t.Context(), bridge.Delivery{}, trust.Partner{Ticket: &trust.TicketTerms{Rechecks: rechecks}})
		if (got == bridge.DeliveryEnded) != rechecks || !rechecks && got != bridge.DeliveryNone {
			t.Errorf("rechecks %v: %s", rechecks, got)
		}
	}
	if got, _ := w.room.Propagate(t.Context(), bridge.Delivery{}, trust.Partner{}); got != bridge.DeliveryNone {
		t.Errorf("without terms: %s", got)
	}
}

// What is read is recorded, and an answer, good or bad, is kept by nobody on its way.
func TestAnswersAreWholeAndUncached(t *testing.T) {
	w := newWorld(t)
	session := w.signIn()
	token := w.ticket()
	good, bad := w.assertion(token, "192.0.2.7"), w.assertion("nobody's", "192.0.2.7")
	for name, rec := range map[string]*httptest.ResponseRecorder{"good": good, "bad": bad} {
		if rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("Content-Length") == "" {
			t.Errorf("%s: headers %v", name, rec.Header())
		}
		var root string
		for d := xml.NewDecoder(rec.Body); ; {
			tok, err := d.Token()
			if err == io.EOF {
				break
			}
			w.must(err)
			if e, ok := tok.(xml.StartElement); ok && root == "" {
				root = e.Name.Local
			}
		}
		if root != "Response" {
			t.Errorf("%s: root %q", name, root)
		}
	}
	es := w.events(ledger.TicketRead)
	if len(es) != 1 || es[0].Tracking != session || es[0].Peer != "192.0.2.7" || es[0].Role != "555000000101" || es[0].Partner != "pathology" {
		t.Errorf("events %+v", es)
	}
	refused := w.get("/saml/RoleAssertion?token=nobody", "192.0.2.7").Body.String()
	for _, part := range []string{"<samlp:Response ", `Value="samlp:Requester"`, "</samlp:Response>"} {
		if !strings.Contains(refused, part) {
			t.Errorf("a refusal without %s: %s", part, refused)
		}
	}
}

func TestDestroyIsRecordedWhole(t *testing.T) {
	w := newWorld(t)
	session := w.signIn()
	token := w.ticket()
	issued := w.events(ledger.Issued)[0]
	ctx := bridge.WithRef(bridge.WithPeer(t.Context(), "192.0.2.7"), "7K4M-2Q9X")
	w.now = w.now.Add(time.Minute)
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	h, _, err := w.room.presented(r, token)
	w.must(err)
	w.must(spend(ctx, w.hub, h, ""))
	e := w.events(ledger.TicketDestroyed)[0]
	if !e.Time.Equal(w.now) || e.Ref != "7K4M-2Q9X" || e.Tracking != session || e.Subject != "555021935107" || e.Role != "555000000101" ||
		e.Partner != "pathology" || e.Peer != "192.0.2.7" || e.Detail["issued_ref"] != issued.Ref || issued.Ref == "" {
		t.Errorf("event %+v", e)
	}
	if err := spend(ctx, w.hub, h, ""); bridge.AsRefusal(err).Reason != bridge.BadGrant { // two at the same time
		t.Errorf("destroyed twice: %v", err)
	}
	h.token = "nobody's"
	if err := spend(ctx, w.hub, h, ""); bridge.AsRefusal(err).Reason != bridge.BadGrant {
		t.Errorf("a ticket that never was: %v", err)
	}
}
