package signin

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

// nothingCame fails if a proof was accepted or anybody was told anything.
func nothingCame(t *testing.T, w *world) {
	t.Helper()
	for _, kind := range []ledger.Kind{ledger.SignedIn, ledger.Issued, ledger.Enrolled} {
		if got := w.events(kind); len(got) != 0 {
			t.Errorf("%s: %+v", kind, got)
		}
	}
}

func refusedWith(t *testing.T, w *world, code string) {
	t.Helper()
	got := w.events(ledger.SignInRefused)
	if len(got) == 0 || got[len(got)-1].Reason != code {
		t.Errorf("refusals %+v, want the last to be %s", got, code)
	}
}

// cardHost goes from the sign-in page to a card host, without asking for its page yet.
func (b *browser) cardHost() string {
	b.t.Helper()
	b.get("/front/start?partner=board")
	b.once("POST", "/signin/card", b.form("/signin/card")).want(http.StatusSeeOther)
	return b.answer.Get("Location")
}

// TestSecurity holds the rows of the attack list that touch these pages.
func TestSecurity(t *testing.T) {
	t.Run("122", testImageDoesNotSignOut)
	t.Run("165", testHeaders)
	t.Run("166", testHeaders)
	t.Run("173", testLoginCSRF)
	t.Run("198", testNewSecretEachTime)
	t.Run("199", testCookieTossing)
	t.Run("200", testCookieAttributes)
	t.Run("201", testHosts)
	t.Run("203", testCertificateHeaders)
	t.Run("203 behind a proxy", testCardBehindProxy)
	t.Run("204", testForwardedCertificate)
	t.Run("205", testHandshakeAndHostAgree)
	t.Run("206", testOpenRedirect)
	t.Run("208", testCSRF)
	t.Run("209", testNothingIsKept)
	t.Run("210", testTwoTabs)
	t.Run("213", testCeremonyIsBound)
	t.Run("219", testCeremonyOfAnotherFlow)
	t.Run("224", testOnlyByInvitation)
	t.Run("226", testWeakerWay)
	t.Run("227", testBadCards)
	t.Run("233", testChallengeIsBound)
	t.Run("236", testNoCard)
}

func testImageDoesNotSignOut(t *testing.T) {
	w := newWorld(t)
	b := inBothApps(t, w)
	b.header.Set("Sec-Fetch-Site", "cross-site")
	b.get("/signout").want(http.StatusOK, "Sign out?")
	b.once("POST", "/signout", url.Values{}).want(http.StatusBadRequest)
	if got := w.events(ledger.SessionEnded); len(got) != 0 {
		t.Errorf("ended %+v", got)
	}
}

func testHeaders(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for _, path := range []string{"/", "/front/start?partner=board", "/signout", "/nowhere", "/error", "/signin?tx=x&v=y"} {
		b.get(path)
		h := b.answer
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "frame-ancestors 'none'") || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		for name, want := range map[string]string{"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
	}
	b.get("/front/start?partner=board")
	if policy := b.answer.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "form-action 'self' https://*.card.sso.example https://board.example https:") {
		t.Errorf("policy %q", policy)
	}
}

// An attacker lets their own sign-in be finished in the victim's browser.
func testLoginCSRF(t *testing.T) {
	w := newWorld(t)
	attacker, victim := w.browser().insert(asha), w.browser()
	form := attacker.get("/front/start?partner=board").form("/signin/card")
	page := attacker.url
	victim.get("/").get(page).want(http.StatusBadRequest, "started in another browser")
	victim.once("POST", "/signin/card", form).want(http.StatusBadRequest)
	victim.get("/signin")
	form.Set("csrf", victim.form("/signin/card").Get("csrf"))
	victim.once("POST", "/signin/card", form).want(http.StatusBadRequest)
	// The proof that the attacker's card host leaves is not the victim's to take.
	attacker.once("GET", attacker.cardHost(), nil).want(http.StatusSeeOther)
	victim.once("GET", attacker.answer.Get("Location"), nil).want(http.StatusBadRequest, "started in another browser")
	w.browser().once("GET", attacker.answer.Get("Location"), nil).want(http.StatusBadRequest)
	// Nor does it fit a sign-on of the victim's own.
	own := victim.get("/front/start?partner=board").form("/signin/card")
	proof := between(attacker.answer.Get("Location")+"&", "proof=", "&")
	victim.once("GET", "https://sso.example/signin/card/done?"+url.Values{"tx": {own.Get("tx")}, "v": {own.Get("v")}}.Encode()+"&proof="+proof, nil).want(http.StatusUnauthorized)
	refusedWith(t, w, "card_proof_other")
	nothingCame(t, w)
	if victim.cookie("__Host-lanyard-session") != "" {
		t.Error("the victim has a session")
	}
}

func testNewSecretEachTime(t *testing.T) {
	w := newWorld(t)
	b := w.browser().insert(asha)
	u, _ := url.Parse("https://sso.example/")
	b.jar.SetCookies(u, []*http.Cookie{{Name: "__Host-lanyard-session", Value: "chosen-by-an-attacker", Path: "/", Secure: true}})
	seen := map[string]bool{"chosen-by-an-attacker": true}
	fresh := func() {
		t.Helper()
		if c := b.cookie("__Host-lanyard-session"); c == "" || seen[c] {
			t.Errorf("session cookie %q is not new", c)
		} else {
			seen[c] = true
		}
	}
	b.get("/front/start?partner=board").submit("/signin/card")
	fresh()
	old := b.cookie("__Host-lanyard-session")
	b.submit("/role", "role", "555123456701").want(http.StatusOK, "app told")
	fresh()
	b.get("/front/start?partner=board&force=1").submit("/signin/card").want(http.StatusOK, "app told")
	fresh()
	if _, _, err := w.hub.Live(t.Context(), bridge.Browser{Session: old}); err == nil {
		t.Error("the session can still be used with an old secret")
	}
}

func testCookieTossing(t *testing.T) {
	w := newWorld(t)
	b := inBothApps(t, w)
	mine := b.cookie("__Host-lanyard-session")
	b.header.Set("Cookie", "__Host-lanyard-session="+mine) // and the jar sends it too
	b.get("/").want(http.StatusOK, "Nobody is signed in")
	tossed := w.browser()
	tossed.header.Set("Cookie", "lanyard-session="+mine+"; lanyard-browser=x") // without the prefix
	tossed.get("/").want(http.StatusOK, "Nobody is signed in")
}

func testCookieAttributes(t *testing.T) {
	w := newWorld(t)
	b := w.browser().insert(sam)
	b.get("/front/start?partner=board")
	b.once("POST", "/signin/card", b.form("/signin/card")).once("GET", b.answer.Get("Location"), nil)
	if len(b.answer.Values("Set-Cookie")) != 0 {
		t.Errorf("the card host sets %v", b.answer.Values("Set-Cookie"))
	}
	b.once("GET", b.answer.Get("Location"), nil).want(http.StatusSeeOther)
	cookies := b.answer.Values("Set-Cookie")
	if len(cookies) == 0 {
		t.Fatal("no cookies")
	}
	for _, c := range cookies {
		if strings.HasPrefix(c, "__Host-lanyard-state=") { // the one that a page of ours reads in frames of other sites
			if !strings.HasSuffix(c, "; Path=/; Secure; SameSite=None") || strings.Contains(c, sam) || strings.Contains(c, b.cookie("__Host-lanyard-session")) {
				t.Errorf("cookie %q", c)
			}
			continue
		}
		if !strings.HasPrefix(c, "__Host-lanyard-") || !strings.Contains(c, "Path=/") || !strings.Contains(c, "HttpOnly; Secure; SameSite=Lax") || strings.Contains(c, "Domain") || strings.Contains(c, sam) {
			t.Errorf("cookie %q", c)
		}
	}
}

func testHosts(t *testing.T) {
	w := newWorld(t)
	for _, host := range []string{"evil.example", "sso.example.evil.example", "sso.example:8443", "card.sso.example", "x.card.sso.example"} {
		b := w.browser()
		b.header.Set("Host", host)
		b.once("GET", "https://sso.example/signin", nil).want(http.StatusMisdirectedRequest)
	}
	b := w.browser()
	for _, name := range []string{"X-Forwarded-Host", "Forwarded", "X-Original-Host"} {
		b.header.Set(name, "evil.example")
	}
	b.insert(sam).get("/front/start?partner=board").lacks("evil").submit("/signin/card").want(http.StatusOK, "app told")
}

func testCertificateHeaders(t *testing.T) {
	w := newWorld(t)
	card := w.certificate(asha).Certificate[0]
	b := w.browser() // no card in the reader
	for _, name := range []string{"X-SSL-Client-Cert", "X-SSL-Client_Cert", "X_ssl_client_cert", "Client-Cert", "X-Client-Cert", "X-Arr-Clientcert", "Ssl-Client-Cert"} {
		b.header[name] = []string{url.QueryEscape(string(card))}
	}
	b.get("/front/start?partner=board").submit("/signin/card").want(http.StatusUnauthorized, "No smartcard was read")
	nothingCame(t, w)
	refusedWith(t, w, "card_missing")
}

// testForwardedCertificate: a certificate that a proxy only passes on proves no possession (RFC 9440 is not offered).
func testForwardedCertificate(t *testing.T) {
	w := newWorld(t)
	b := w.browser() // no card in the reader
	b.header.Set("Client-Cert", ":"+base64.StdEncoding.EncodeToString(w.certificate(asha).Certificate[0])+":")
	b.header.Set("X-Forwarded-Proto", "https")
	b.get("/front/start?partner=board").submit("/signin/card").want(http.StatusUnauthorized, "No smartcard was read")
	nothingCame(t, w)
	refusedWith(t, w, "card_missing")
}

func testHandshakeAndHostAgree(t *testing.T) {
	w := newWorld(t)
	b := w.browser().insert(asha)
	target := b.cardHost()
	host := between(target, "https://", "/")
	other := between(b.cardHost(), "https://", "/")
	try := func(name, sni, host, url string) {
		t.Helper()
		b.sni = sni
		b.header.Set("Host", host)
		if b.once("GET", url, nil); b.status != http.StatusMisdirectedRequest {
			t.Errorf("%s: %d", name, b.status)
		}
		b.header.Del("Host")
		b.sni = ""
	}
	try("handshake for the hub", "sso.example", host, target)
	try("handshake for another attempt", other, host, target)
	try("request for another attempt", "", other, target)
	try("port in the request", "", host+":8443", target)
	try("never made", "", "abcdefghijklmnopqrstuvwxyz.card.sso.example", "https://abcdefghijklmnopqrstuvwxyz.card.sso.example/card")
	try("other domain", "", host, "https://"+host[:26]+".card.evil.example/card")
	nothingCame(t, w)
	// A resumed session proves nothing; a plain connection neither.
	for name, state := range map[string]*tls.ConnectionState{
		"resumed": {ServerName: host, HandshakeComplete: true, DidResume: true}, "unfinished": {ServerName: host}, "plain": nil,
	} {
		if rec := direct(w, target, state); rec.Code != http.StatusMisdirectedRequest {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}
	// What agrees is answered, once, on a connection that is not kept.
	rec := direct(w, "https://"+other+"/", &tls.ConnectionState{ServerName: other, HandshakeComplete: true})
	if h := rec.Header(); h.Get("Connection") != "close" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", h)
	}
	b.once("GET", target, nil).want(http.StatusSeeOther)
	done := b.answer.Get("Location")
	b.once("GET", target, nil).want(http.StatusConflict, "Try again")
	w.wait(2 * time.Minute)
	b.once("GET", done, nil).want(http.StatusUnauthorized, "took too long", "Try again")
	refusedWith(t, w, "card_proof")
	b.once("POST", "https://"+other+"/card", url.Values{}).want(http.StatusMethodNotAllowed)
	b.once("GET", "https://"+other+"/", nil).want(http.StatusNotFound)
	w.wait(6 * time.Minute)
	b.once("GET", "https://"+other+"/card", nil).want(http.StatusMisdirectedRequest)
}

// direct calls the card hosts' handler with a handshake of the test's making.
func direct(w *world, target string, state *tls.ConnectionState) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.TLS = state
	rec := httptest.NewRecorder()
	w.pages.CardHandler().ServeHTTP(rec, r)
	return rec
}

// testCardBehindProxy: rows 203 and 204, where TLS ends at a proxy. A card host of its own for each attempt is kept; what counts is the
// word of a proxy that proved who it is, and neither its own certificate nor anybody's header.
func testCardBehindProxy(t *testing.T) {
	w := newWorld(t)
	w.pages.CardSource = web.FromProxy
	field := func(name string) string {
		return ":" + base64.StdEncoding.EncodeToString(w.certificate(name).Certificate[0]) + ":"
	}
	own := &tls.ConnectionState{ServerName: "hub.internal", HandshakeComplete: true, PeerCertificates: []*x509.Certificate{leaf(t, w.certificate(sam))}}
	for name, c := range map[string]struct {
		header http.Header
		proven bool
		status int
		says   string
	}{
		"the proxy's word":             {http.Header{"Client-Cert": {field(asha)}}, true, http.StatusSeeOther, ""},
		"nothing shown":                {http.Header{}, true, http.StatusUnauthorized, "No smartcard was read"},
		"a revoked card":               {http.Header{"Client-Cert": {field("revoked")}}, true, http.StatusUnauthorized, "cancelled"},
		"an expired card":              {http.Header{"Client-Cert": {field("expired")}}, true, http.StatusUnauthorized, "It expired on 3 Nov 2026"},
		"header of anybody":            {http.Header{"Client-Cert": {field(asha)}}, false, http.StatusUnauthorized, "No smartcard was read"},
		"with an underscore":           {http.Header{"Client_cert": {field(asha)}}, true, http.StatusBadRequest, "client_cert_header"},
		"with an underscore beside it": {http.Header{"Client-Cert": {field(asha)}, "Client_cert": {field(sam)}}, true, http.StatusBadRequest, "client_cert_header"},
		"twice":                        {http.Header{"Client-Cert": {field(asha), field(asha)}}, true, http.StatusBadRequest, "client_cert_header"},
		"not a certificate":            {http.Header{"Client-Cert": {":AAAA:"}}, true, http.StatusBadRequest, "client_cert_header"},
	} {
		b := w.browser()
		target := b.cardHost()
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.TLS, r.Header = own, c.header
		r = r.WithContext(web.WithHop(r.Context(), web.Hop{Proxy: c.proven}))
		rec := httptest.NewRecorder()
		w.pages.CardHandler().ServeHTTP(rec, r)
		if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.says) {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
		if rec.Code == http.StatusSeeOther {
			b.once("GET", rec.Header().Get("Location"), nil).want(http.StatusSeeOther)
		}
	}
	other := between(w.browser().cardHost(), "https://", "/")
	for name, host := range map[string]string{"another domain": other[:26] + ".card.evil.example", "another port": other + ":8443", "never made": "abcdefghijklmnopqrstuvwxyz.card.sso.example", "none": ""} {
		r := httptest.NewRequest(http.MethodGet, "https://"+other+"/card", nil)
		r.TLS, r.Host, r.Header = own, host, http.Header{"Client-Cert": {field(asha)}}
		r = r.WithContext(web.WithHop(r.Context(), web.Hop{Proxy: true}))
		rec := httptest.NewRecorder()
		if w.pages.CardHandler().ServeHTTP(rec, r); rec.Code != http.StatusMisdirectedRequest {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}
}

func leaf(t *testing.T, c tls.Certificate) *x509.Certificate {
	t.Helper()
	parsed, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func testOpenRedirect(t *testing.T) {
	w := newWorld(t)
	b := w.browser().insert(sam)
	for _, evil := range []string{"//evil.example", `/\evil.example`, "https:evil.example", "https://evil.example", "%2F%2Fevil.example"} {
		q := url.QueryEscape(evil)
		names := "next=" + q + "&resume=" + q + "&continue=" + q + "&return=" + q
		for _, path := range []string{"/signin?", "/?", "/signout?", "/role?", "/signout/result?logout=x&", "/error?rp=" + q + "&"} {
			b.once("GET", "https://sso.example"+path+names, nil)
			if to := b.answer.Get("Location"); strings.Contains(to, "evil") || strings.Contains(b.body, "href=\"//evil") {
				t.Errorf("%s%s leads to %q", path, names, to)
			}
		}
	}
	b.get("/enrol/x/../../..//evil.example").lacks("href=\"//evil")
}

func testCSRF(t *testing.T) {
	w := newWorld(t)
	b := inBothApps(t, w)
	token := b.form("/signout").Get("csrf")
	others := w.browser().get("/")
	for _, path := range []string{"/signin/key/begin", "/signin/key/finish", "/signin/card", "/signin/cancel", "/role", "/role/change", "/switch", "/signout", "/enrol/x/key/begin", "/enrol/x/key/finish", "/enrol/x/card"} {
		for name, set := range map[string]func() string{
			"no token":     func() string { return "" },
			"wrong token":  func() string { return "AAAAAAAAAAAAAAAAAAAAAA" },
			"cross-site":   func() string { b.header.Set("Sec-Fetch-Site", "cross-site"); return token },
			"sibling site": func() string { b.header.Set("Sec-Fetch-Site", "same-site"); return token },
			"other origin": func() string { b.header.Set("Origin", "https://evil.example"); return token },
			"card origin":  func() string { b.header.Set("Origin", "https://x.card.sso.example"); return token },
		} {
			b.header = http.Header{}
			b.once("POST", path, url.Values{"csrf": {set()}})
			if b.status != http.StatusBadRequest || !strings.Contains(b.body, "out of date") {
				t.Errorf("%s with %s: %d", path, name, b.status)
			}
		}
		if others.once("POST", path, url.Values{"csrf": {token}}); others.status != http.StatusBadRequest {
			t.Errorf("%s with the token of another browser: %d", path, others.status)
		}
	}
	b.header = http.Header{"Origin": {"null"}, "Sec-Fetch-Site": {"same-origin"}} // as browsers send it from a page without referrer
	b.follow("POST", "/signout", url.Values{"csrf": {token}}).want(http.StatusOK, "You are signed out everywhere")
}

func testNothingIsKept(t *testing.T) {
	w := newWorld(t)
	b := inBothApps(t, w)
	if b.answer.Get("Cache-Control") != "no-store" {
		t.Error("the first page may be cached")
	}
	b.once("POST", "/signout", b.form("/signout")).want(http.StatusSeeOther)
	if got := b.answer.Get("Clear-Site-Data"); got != `"cache"` {
		t.Errorf("Clear-Site-Data %q", got)
	}
	b.get("/").want(http.StatusOK, "Nobody is signed in").lacks("Asha")
}

func testTwoTabs(t *testing.T) {
	w := newWorld(t)
	b := w.browser().insert(asha)
	one := b.get("/front/start?partner=board").url
	cardForm := b.form("/signin/card")
	two := b.get("/front/start?partner=strong").url
	b.get(one).submit("/signin/card").want(http.StatusOK, "Choose your role")
	roles, roleForm := b.url, b.form("/role")
	b.get(two).want(http.StatusOK, "app told: uid="+asha+" role=") // the second tab goes on by the session of the first
	b.get(roles).submit("/role", "role", "555123456701").want(http.StatusOK, "role=555123456701")
	for _, done := range []string{one, two, roles} {
		b.get(done).want(http.StatusBadRequest, "no longer open", "start again")
	}
	roleForm.Set("role", "555123456702")
	b.follow("POST", "https://sso.example/role", roleForm).want(http.StatusBadRequest)
	b.follow("POST", "https://sso.example/signin/card", cardForm).want(http.StatusBadRequest)
	if got := w.events(ledger.Issued); len(got) != 2 {
		t.Errorf("issued %+v", got)
	}
}

// keyTry begins a ceremony and returns the form that would finish it.
func (b *browser) keyTry(uid string) url.Values {
	b.t.Helper()
	form := b.form("/signin/key/finish")
	b.once("POST", "/signin/key/begin", form).want(http.StatusOK)
	form.Set("ceremony", between(b.body, `"ceremony":"`, `"`))
	form.Set("credential", `{"Challenge":"`+between(b.body, `"challenge":"`, `"`)+`","UID":"`+uid+`"}`)
	return form
}

func testCeremonyIsBound(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	finish := "https://sso.example/signin/key/finish"
	old := b.get("/front/start?partner=board").keyTry(sam)
	w.wait(6 * time.Minute)
	b.follow("POST", finish, old).want(http.StatusUnauthorized, "took too long", "Try again")
	refusedWith(t, w, "key_ceremony")
	bad := b.get("/front/start?partner=board").keyTry(sam)
	bad.Set("credential", `{"Challenge":"made up","UID":"`+sam+`"}`)
	b.follow("POST", finish, bad).want(http.StatusUnauthorized)
	refusedWith(t, w, "key_challenge")
	bad.Set("credential", `{"Challenge":"challenge2","UID":"`+sam+`"}`) // spent by the failed try
	b.follow("POST", finish, bad).want(http.StatusUnauthorized)
	refusedWith(t, w, "key_ceremony")
	none := b.get("/front/start?partner=board").form("/signin/key/finish")
	b.follow("POST", finish, none).want(http.StatusUnauthorized, "JavaScript")
	refusedWith(t, w, "key_missing")
	nothingCame(t, w)
}

func testCeremonyOfAnotherFlow(t *testing.T) {
	w := newWorld(t)
	a, b := w.browser(), w.browser()
	finish := "https://sso.example/signin/key/finish"
	first := a.get("/front/start?partner=board").keyTry(sam)
	second := a.get("/front/start?partner=board").form("/signin/key/finish")
	second.Set("ceremony", first.Get("ceremony"))
	second.Set("credential", first.Get("credential"))
	a.follow("POST", finish, second).want(http.StatusUnauthorized)
	refusedWith(t, w, "key_ceremony_other")
	third := b.get("/front/start?partner=board").form("/signin/key/finish")
	third.Set("ceremony", first.Get("ceremony"))
	third.Set("credential", first.Get("credential"))
	b.follow("POST", finish, third).want(http.StatusUnauthorized)
	refusedWith(t, w, "key_ceremony_other")
	// A ceremony of an enrolment does not sign anybody in.
	token, err := NewEnrolment(t.Context(), w.hub, sam, "cli", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	a.get("/enrol/" + token)
	a.once("POST", "/enrol/"+token+"/key/begin", a.form("/enrol/"+token+"/key/finish")).want(http.StatusOK)
	second.Set("ceremony", between(a.body, `"ceremony":"`, `"`))
	a.follow("POST", finish, second).want(http.StatusUnauthorized)
	refusedWith(t, w, "key_ceremony_other")
	nothingCame(t, w)
}

func testWeakerWay(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.get("/front/start?partner=strong").want(http.StatusOK, "needs a stronger way")
	form := b.form("/signin/card") // the same hidden fields
	for _, path := range []string{"/signin/key/begin", "/signin/key/finish"} {
		b.once("POST", "https://sso.example"+path, form).want(http.StatusForbidden, "Medicines Cabinet needs a stronger way")
	}
	refusedWith(t, w, "assurance_too_low")
	nothingCame(t, w)
}

func testBadCards(t *testing.T) {
	for card, want := range map[string][]string{
		"expired":   {"Your smartcard has expired", "It expired on 3 Nov 2026", "ra@queen.example", "card_expired"},
		"revoked":   {"Your smartcard has been cancelled", "ra@queen.example", "card_revoked"},
		"untrusted": {"This card is not accepted here", "another certificate", "card_issuer"},
		"unknown":   {"This card is not registered here", "ra@queen.example", "card_unknown"},
		"uncertain": {"could not be checked just now", "not your fault", "crl_stale"},
		"no person": {"You could not be signed in", "not registered to anyone", "credential_unknown"},
	} {
		t.Run(card, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser().insert(card)
			b.get("/front/start?partner=board").submit("/signin/card").want(http.StatusUnauthorized, want...)
			refusedWith(t, w, want[len(want)-1])
			nothingCame(t, w)
			ref := between(b.body, `<meta name="reference" content="`, `"`)
			if got := w.events(ledger.SignInRefused); got[0].Ref != ref || got[0].Partner != "board" {
				t.Errorf("the page prints %s, the record has %+v", ref, got[0])
			}
			b.insert(sam).click("Try again").submit("/signin/card").want(http.StatusOK, "app told: uid="+sam)
		})
	}
}

func testNoCard(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	first := b.cardHost()
	b.get(first).want(http.StatusUnauthorized, "No smartcard was read", `href="https://sso.example/static/lanyard-`)
	if policy := b.answer.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src https://sso.example;") {
		t.Errorf("policy %q", policy)
	}
	refusedWith(t, w, "card_missing")
	b.click("Try again")
	if b.once("POST", "/signin/card", b.form("/signin/card")); b.answer.Get("Location") == first {
		t.Error("the same host name again")
	}
	nothingCame(t, w)
}

// testOnlyByInvitation: being signed in, however well, registers nothing; a link registers for its own person, whoever is signed in; and
// that person is told.
func testOnlyByInvitation(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.get("/front/start?partner=board").signInWithKey(asha)
	b.get("/")
	session := b.form("/signout")
	for _, path := range []string{"/enrol/x/key/begin", "/enrol/x/key/finish", "/enrol/x/card"} {
		b.once("POST", path, session).want(http.StatusNotFound, "This link no longer works")
	}
	token, err := NewEnrolment(t.Context(), w.hub, sam, "cli", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b.get("/enrol/"+token).want(http.StatusOK, "If this is not you, close this page")
	form := b.form("/enrol/" + token + "/key/finish")
	b.once("POST", "/enrol/"+token+"/key/begin", form).want(http.StatusOK)
	form.Set("ceremony", between(b.body, `"ceremony":"`, `"`))
	form.Set("credential", `{"Challenge":"challenge`+strconv.Itoa(w.keys.n)+`","UID":"handle-1"}`)
	b.follow("POST", "/enrol/"+token+"/key/finish", form).want(http.StatusOK, "You are set up", "Example Key 5", "It signs you in at level 2.")
	a, err := w.store.Authenticator(t.Context(), people.FIDO2, "handle-1")
	if err != nil || a.UID != sam || a.Label != "Example Key 5" {
		t.Errorf("registered %+v, %v", a, err)
	}
	if got := w.events(ledger.Enrolled); len(got) != 1 || got[0].Subject != sam || got[0].Detail["by"] != "cli" || got[0].Detail["aaguid"] != "0102" {
		t.Errorf("events %+v", got)
	}
	const told = "A security key was registered to you on "
	b.get("/").want(http.StatusOK, "Dr Asha Patel").lacks(told)
	owner := w.browser()
	owner.get("/front/start?partner=board").signInWithKey(sam)
	owner.get("/").want(http.StatusOK, told, "Example Key 5", "tell your Registration Authority")
	if err := w.store.AddAuthenticator(t.Context(), people.Authenticator{ID: "unlabelled", UID: sam, Kind: people.Smartcard, Handle: "aa:unlabelled", Added: w.now}); err != nil {
		t.Fatal(err)
	}
	owner.get("/").want(http.StatusOK, "A smartcard was registered to you on ").lacks("<strong></strong>")
	w.wait(8 * 24 * time.Hour)
	later := w.browser()
	later.get("/front/start?partner=board").signInWithKey(sam)
	later.get("/").want(http.StatusOK, "Your apps").lacks(told)
}
