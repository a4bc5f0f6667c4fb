package ticket

import (
	"flag"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

var update = flag.Bool("update", false, "rewrite golden files")

const partners = `
partner: pathology
name: Pathology
protocol: ticket
stage: live
require: { role: true }
release: [{ set: ssb }]
ticket: { return_urls: [https://path.example/in], networks: [192.0.2.0/24], rechecks: true }
---
partner: stores
protocol: ticket
stage: live
release: [{ set: ssb-all-roles }]
ticket: { return_urls: [https://stores.example/a, https://stores.example/b], networks: [198.51.100.0/24], deliver: query }
---
partner: closed
protocol: ticket
stage: suspended
ticket: { return_urls: [https://closed.example/in], networks: [192.0.2.0/24] }
---
partner: signing
protocol: ticket
stage: live
release: [{ set: ssb }]
ticket: { networks: [198.18.0.0/24], sign: true }
---
partner: twin-a
protocol: ticket
stage: live
release: [{ set: ssb }]
ticket: { networks: [198.18.1.0/24] }
---
partner: twin-b
protocol: ticket
stage: live
release: [{ set: ssb }]
ticket: { networks: [198.18.1.0/25] }
`

type world struct {
	t       testing.TB
	now     time.Time
	store   *memory.Store
	hub     *bridge.Hub
	room    *Provider
	handler http.Handler
	browser []*http.Cookie
	ring    keyring.Ring
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	w.store = memory.NewAt(clock)
	registry := w.registry(clock)
	w.hub = &bridge.Hub{
		Artifacts: w.store, Journal: w.store, Sessions: w.store, Participants: w.store, Deliveries: w.store, Directory: w.store, Partners: registry,
		Translator: translate.Translator{Salt: []byte("salt"), Scope: "rx1.example"}, Propagators: map[trust.Protocol]bridge.Propagator{},
		Clock: clock, Secret: []byte("secret"), Methods: []bridge.Offer{{Method: bridge.MethodSmartcard, Assurance: 3}}, Limits: bridge.DefaultLimits(),
		Parallel: func(n int, do func(int)) {
			for i := range n {
				do(i)
			}
		},
	}
	issuer, err := url.Parse("https://hub.example")
	if err != nil {
		t.Fatal(err)
	}
	kit := &web.Kit{Issuer: issuer, Hub: w.hub, Log: slog.New(slog.DiscardHandler), Secret: []byte("csrf")}
	if err := kit.Init(); err != nil {
		t.Fatal(err)
	}
	w.room = New(Options{
		Kit: kit, Hub: w.hub, Systems: registry, Life: 10 * time.Hour, Mode: "0", Log: slog.New(slog.DiscardHandler),
		Keys: func() keyring.Ring { return w.ring }, Algorithm: keyring.ES256, Agent: AgentOptions{Cards: fakeCards{}, Life: 10 * time.Hour},
	})
	w.hub.Propagators[trust.Ticket] = w.room
	w.handler = kit.Router(w.room.Routes())
	return w
}

func (w *world) registry(clock func() time.Time) *trust.Registry {
	w.t.Helper()
	ctx := w.t.Context()
	person := people.Person{
		UID: "555021935107", Status: people.Active, Name: "O'Neil & <Sons>", Identity: 3, Professional: map[string]string{"gmp_id": "G9"},
		Roles: []people.RoleProfile{
			profile("555000000101", "R8000", "RX1", people.Coded{Code: "B0360", Name: "View Detailed Health Records"}),
			profile("555000000102", "R8001", "RX2"),
		},
	}
	compiler, err := trust.NewCompiler()
	w.must(err)
	w.must(w.store.SavePersons(ctx, person))
	docs, err := trust.ReadDocuments(strings.NewReader(partners))
	w.must(err)
	for _, d := range docs {
		c, err := trust.Propose(ctx, w.store, compiler, d, nil, trust.CompileOptions{Now: w.now})
		w.must(err)
		w.must(c.Apply(ctx, w.store, w.now))
	}
	r := trust.NewRegistry(w.store, compiler, false, clock)
	w.must(r.Load(ctx))
	return r
}

func profile(id, code, org string, activities ...people.Coded) people.RoleProfile {
	return people.RoleProfile{
		ID: id, PersonOrgID: "555000000201", OrgCode: org, OrgName: "Example " + org, Code: "S8000:G8000:" + code,
		Name: `"Clinical":"Clinical Provision":"Nurse Access Role"`, Activities: activities,
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// get asks as the browser, from an address.
func (w *world) get(target, peer string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, target, nil)
	r.Host, r.RemoteAddr = "hub.example", peer+":4000"
	for _, c := range w.browser {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		w.browser = append(w.browser, c)
	}
	return rec
}

// signIn gives the browser a session in the first role.
func (w *world) signIn() string {
	w.t.Helper()
	ctx := w.t.Context()
	b := bridge.Browser{Binding: "binding"}
	next, err := w.hub.BeginLocal(ctx, b, bridge.Request{Resume: "/"})
	w.must(err)
	tx, err := w.hub.Transaction(ctx, b, next.Transaction.ID, bridge.StepAuthenticate, w.hub.StepMAC(next.Transaction.ID, bridge.StepAuthenticate))
	w.must(err)
	b.Session, err = w.hub.Authenticate(ctx, b, tx, bridge.Proof{UID: "555021935107", Method: bridge.MethodSmartcard, Assurance: 3, At: w.now})
	w.must(err)
	b.Session, err = w.hub.ChooseRole(ctx, b, tx, "555000000101")
	w.must(err)
	w.browser = []*http.Cookie{{Name: "__Host-lanyard-browser", Value: b.Binding}, {Name: "__Host-lanyard-session", Value: b.Session}}
	s, _, err := w.hub.Live(ctx, b)
	w.must(err)
	return s.ID
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)

// ticket gets one for pathology.
func (w *world) ticket() string {
	w.t.Helper()
	rec := w.get("/ticket/start?partner=pathology&state=abc", "203.0.113.5")
	m := tokenField.FindStringSubmatch(rec.Body.String())
	if rec.Code != http.StatusOK || m == nil {
		w.t.Fatalf("no ticket: %d %s", rec.Code, rec.Body)
	}
	return html.UnescapeString(m[1])
}

func (w *world) assertion(token, peer string) *httptest.ResponseRecorder {
	return w.get("/saml/RoleAssertion?token="+url.QueryEscape(token), peer)
}

func (w *world) lastReason(kind ledger.Kind) string {
	w.t.Helper()
	es, err := w.store.Events(w.t.Context(), ledger.Query{Kind: kind, Limit: 1000})
	w.must(err)
	if len(es) == 0 {
		return ""
	}
	return es[len(es)-1].Reason
}

func TestTicketShape(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	rec := w.get("/ticket/start?partner=pathology&state=abc", "203.0.113.5")
	if !strings.Contains(rec.Body.String(), `action="https://path.example/in"`) || !strings.Contains(rec.Body.String(), `value="abc"`) {
		t.Errorf("page:\n%s", rec.Body)
	}
	token := w.ticket()
	if len(token) >= 256 || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) || !strings.ContainsAny(token, "@#=") {
		t.Errorf("ticket %q", token)
	}
	if w.ticket() == token {
		t.Error("two tickets are the same")
	}
}

var ids = regexp.MustCompile(`AssertionID="a[a-z2-7]{26}"`)

// TestRoleAssertionGolden pins the document: its shape is the contract with twenty-year-old parsers.
func TestRoleAssertionGolden(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	token := w.ticket()
	rec := w.assertion(token, "192.0.2.7")
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "text/xml; charset=utf-8" {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	got := ids.ReplaceAllString(strings.ReplaceAll(rec.Body.String(), token, "TICKET"), `AssertionID="ID"`)
	const file = "testdata/role-assertion.xml"
	if *update {
		w.must(os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	w.must(err)
	if got != string(want) {
		t.Errorf("document differs from %s (-update rewrites it):\n%s", file, got)
	}
}

// TestFieldParserReadsIt reads the document as parsers of the field do: by literal prefixes, each nhsIdCode
// starting a block, the session's role found by ssbSessionRoleUid.
func TestFieldParserReadsIt(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	rec := w.get("/ticket/start?partner=stores&return="+url.QueryEscape("https://stores.example/b"), "203.0.113.5")
	to, err := url.Parse(rec.Header().Get("Location"))
	w.must(err)
	if rec.Code != http.StatusSeeOther || to.Host != "stores.example" || to.Path != "/b" {
		t.Fatalf("%d %v", rec.Code, to)
	}
	doc := w.assertion(to.Query().Get("token"), "198.51.100.9").Body.String()
	got := parseAsTheFieldDoes(doc)
	if got.person["uid"] != "555021935107" || got.person["cn"] != "O'Neil & <Sons>" || got.person["ssbMode"] != "0" || got.person["ssbSessionRoleUid"] != "555000000101" {
		t.Errorf("person block %v", got.person)
	}
	if len(got.roles) != 2 || got.roles[0]["uniqueIdentifier"] != "555000000101" || got.roles[1]["nhsJobRoleCode"] != "S8000:G8000:R8001" || got.session["nhsIdCode"] != "RX1" {
		t.Errorf("role blocks %v, session %v", got.roles, got.session)
	}
}

// TestSecurity names the rows of the attack catalogue that this room answers.
func TestSecurity(t *testing.T) {
	t.Run("237", func(t *testing.T) {
		for name, tc := range map[string]struct {
			token func(w *world, good string) string
			peer  string
			code  string
		}{
			"forged":       {func(_ *world, s string) string { return forge(s) }, "192.0.2.7", "ticket_unknown"},
			"truncated":    {func(_ *world, s string) string { return s[:20] }, "192.0.2.7", "ticket_unknown"},
			"empty":        {func(*world, string) string { return "" }, "192.0.2.7", "ticket_malformed"},
			"too long":     {func(_ *world, s string) string { return s + strings.Repeat("A", 256) }, "192.0.2.7", "ticket_malformed"},
			"other system": {func(_ *world, s string) string { return s }, "198.51.100.9", "ticket_network"},
			"expired": {func(w *world, s string) string {
				w.now = w.now.Add(10 * time.Hour)
				return s
			}, "192.0.2.7", "ticket_unknown"},
			"role closed": {func(w *world, s string) string {
				w.must(w.store.SavePersons(w.t.Context(), people.Person{UID: "555021935107", Status: people.Active, Name: "x", Identity: 3}))
				return s
			}, "192.0.2.7", "role_not_allowed"},
		} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t)
				w.signIn()
				token := tc.token(w, w.ticket())
				if got := w.get("/identity/isTokenValid?tokenid="+url.QueryEscape(token), tc.peer).Body.String(); got != "boolean=false\n" {
					t.Errorf("asked whether it is good: %q", got)
				}
				rec := w.assertion(token, tc.peer)
				if rec.Code < 400 || strings.Contains(rec.Body.String(), "saml:Assertion") || strings.Contains(rec.Body.String(), "Success") {
					t.Errorf("%d %s", rec.Code, rec.Body)
				}
				if got := w.lastReason(ledger.TicketRefused); got != tc.code {
					t.Errorf("audit reason %q, want %q", got, tc.code)
				}
				if got := w.lastReason(ledger.TicketRead); got != "" {
					t.Errorf("read was recorded: %q", got)
				}
			})
		}
	})
	t.Run("237 doubled token", func(t *testing.T) {
		w := newWorld(t)
		w.signIn()
		q := url.QueryEscape(w.ticket())
		if rec := w.get("/saml/RoleAssertion?token="+q+"&token="+q, "192.0.2.7"); rec.Code != http.StatusBadRequest {
			t.Errorf("%d", rec.Code)
		}
	})
	t.Run("237 dies with the session", func(t *testing.T) {
		w := newWorld(t)
		session := w.signIn()
		token := w.ticket()
		report, err := w.hub.Logout(t.Context(), session, bridge.LogoutCause{Reason: "user"})
		w.must(err)
		if len(report.Deliveries) != 1 || report.Deliveries[0].State != bridge.DeliveryEnded {
			t.Errorf("deliveries %+v", report.Deliveries)
		}
		if rec := w.assertion(token, "192.0.2.7"); rec.Code != http.StatusForbidden {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
	})
	t.Run("97", func(t *testing.T) { // the return address is compared as an exact string
		for _, evil := range []string{
			"https://path.example/in/", "https://path.example/in?x=1", "https://PATH.example/in", "https://path.example@evil.example/in",
			"https://path.example:444/in", "https://path.example./in", "http://path.example/in", "https://evil.example/in", "//path.example/in",
		} {
			w := newWorld(t)
			w.signIn()
			rec := w.get("/ticket/start?partner=pathology&return="+url.QueryEscape(evil), "203.0.113.5")
			if rec.Code != http.StatusBadRequest || strings.Contains(rec.Body.String(), `name="token"`) || rec.Header().Get("Location") != "" {
				t.Errorf("%s: %d", evil, rec.Code)
			}
			if got := w.lastReason(ledger.Refused); got != "bad_reply_address" {
				t.Errorf("%s: reason %q", evil, got)
			}
		}
	})
	t.Run("152", func(t *testing.T) { // a parameter twice
		w := newWorld(t)
		w.signIn()
		if rec := w.get("/ticket/start?partner=pathology&partner=stores", "203.0.113.5"); rec.Code != http.StatusBadRequest || w.lastReason(ledger.Refused) != "dup_param" {
			t.Errorf("%d %s", rec.Code, w.lastReason(ledger.Refused))
		}
	})
	t.Run("146", func(t *testing.T) { // a suspended partner
		w := newWorld(t)
		w.signIn()
		if rec := w.get("/ticket/start?partner=closed", "203.0.113.5"); rec.Code != http.StatusForbidden || w.lastReason(ledger.Refused) != "partner_suspended" {
			t.Errorf("%d %s", rec.Code, w.lastReason(ledger.Refused))
		}
	})
}

func TestDestroy(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	token := w.ticket()
	post := func(peer string) int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/ticket/destroy", strings.NewReader(url.Values{"token": {token}}.Encode()))
		r.Host, r.RemoteAddr = "hub.example", peer+":4000"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		return rec.Code
	}
	if code := post("198.51.100.9"); code != http.StatusForbidden {
		t.Errorf("another system destroyed it: %d", code)
	}
	if code := post("192.0.2.7"); code != http.StatusNoContent {
		t.Errorf("destroy: %d", code)
	}
	if rec := w.assertion(token, "192.0.2.7"); rec.Code != http.StatusForbidden {
		t.Errorf("read after destroy: %d", rec.Code)
	}
	if code := post("192.0.2.7"); code != http.StatusForbidden {
		t.Errorf("destroyed twice: %d", code)
	}
	es, err := w.store.Events(t.Context(), ledger.Query{Kind: ledger.TicketDestroyed})
	w.must(err)
	if len(es) != 1 || es[0].Partner != "pathology" || es[0].Subject == "" || es[0].Tracking == "" {
		t.Errorf("events %+v", es)
	}
}

// A HEAD must not spend or issue what only a GET of a person may.
func TestHeadIssuesNothing(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodHead, "/ticket/start?partner=pathology", nil)
	r.Host = "hub.example"
	for _, c := range w.browser {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	es, err := w.store.Events(t.Context(), ledger.Query{Kind: ledger.Issued})
	w.must(err)
	if rec.Code != http.StatusMethodNotAllowed || len(es) != 0 {
		t.Errorf("%d, %d issued", rec.Code, len(es))
	}
}

func FuzzStart(f *testing.F) {
	f.Add("partner=pathology&return=https%3A%2F%2Fpath.example%2Fin&state=x")
	f.Add("partner=%zz")
	f.Add("partner=pathology;return=x")
	f.Fuzz(func(t *testing.T, query string) {
		w := newWorld(t)
		req, partner, err := w.room.request(query)
		if err != nil {
			return
		}
		var state resumeState
		if partner.ID != req.Partner || !strings.Contains(string(req.State), "https://") {
			t.Errorf("accepted %q as %+v %+v", query, req, state)
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add("token=AQIC")
	f.Add("token=a&token=b")
	f.Fuzz(func(t *testing.T, query string) {
		token, err := tokenParam(query)
		if err == nil && (token == "" || len(token) > ticketMax) {
			t.Errorf("accepted %q", token)
		}
	})
}

// forge changes one letter of a ticket.
func forge(s string) string {
	letter := "x"
	if s[10] == 'x' {
		letter = "y"
	}
	return s[:10] + letter + s[11:]
}
