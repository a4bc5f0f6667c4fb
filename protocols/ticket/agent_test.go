package ticket

import (
	"encoding/base64"
	"net/http"
	"net/netip"
	"net/url"

	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// TestGoldenDialogue pins every document of a working day, from the first challenge to the sign-out, as agents and servers see them.
func TestGoldenDialogue(t *testing.T) {
	w := newWorld(t)
	w.hub.Rand = &steady{}
	a := w.agent()
	a.signIn("555000000101")
	server := w.agent()
	server.peer, server.ticket = "192.0.2.7", a.ticket
	token := url.QueryEscape(a.ticket)
	for _, target := range []string{"/saml/RoleAssertion?token=" + token, "/identity/isTokenValid?tokenid=" + token, "/identity/attributes?subjectid=" + token} {
		server.send(http.MethodGet, target, "")
	}
	server.send(http.MethodPost, "/json/sessions?_action=validate&tokenId="+token, "")
	a.send(http.MethodGet, "/sessionmanager/session/update?token="+token, "")
	a.signOut(param("uid", a.uid))
	for _, target := range []string{"/saml/RoleAssertion?token=" + token, "/identity/isTokenValid?tokenid=" + token, "/identity/attributes?subjectid=" + token} {
		server.send(http.MethodGet, target, "")
	}
	a.signOut("")
	a.send(http.MethodGet, "/login/dtd", "")
	golden(t, "agent.txt", a.transcript.String())
	golden(t, "server.txt", server.transcript.String())
}

// TestGoldenRefusals pins what agents are told when they are refused.
func TestGoldenRefusals(t *testing.T) {
	w := newWorld(t)
	w.hub.Rand = &steady{}
	a := w.agent()
	a.send(http.MethodPost, "/login/authactivate", "not a document")
	a.activate()
	good := a.challenge
	a.challenge = base64.StdEncoding.EncodeToString([]byte("of nobody"))
	a.validate(a.validation())
	a.challenge, a.uid = good, "revoked"
	a.validate(a.validation())
	a.validate(a.validation()) // spent
	a.ticket, a.logout = "AQIC5wNOBODY", "/login/authlogout"
	a.selectRole("555000000101")
	a.signOut("")
	golden(t, "refused.txt", a.transcript.String())
}

// TestAgentSignsIn: what an agent is told, what is recorded, and who may ask about the ticket.
func TestAgentSignsIn(t *testing.T) {
	w := newWorld(t)
	a := w.agent()
	a.header["Analytics"] = []string{`{"OSVersion":"x","Mode":"Normal","ATR":null}`}
	a.signIn("")
	if len(a.ticket) > 255 || !strings.ContainsAny(a.ticket, "@#=") || a.logout != "https://hub.example/login/authlogout" || a.found("sso_max_session_time") != "600" || a.found("server_ip") != "10.0.0.5" {
		t.Errorf("%s", a.last.Body)
	}
	want := []fieldRole{
		{"555000000101", "RX1", `Example RX1, "Clinical":"Clinical Provision":"Nurse Access Role"`},
		{"555000000102", "RX2", `Example RX2, "Clinical":"Clinical Provision":"Nurse Access Role"`},
	}
	if len(a.roles) != 2 || a.roles[0] != want[0] || a.roles[1] != want[1] {
		t.Errorf("roles %+v", a.roles)
	}
	signed := w.events(ledger.SignedIn)
	if len(signed) != 1 || signed[0].Subject != a.uid || signed[0].Peer != a.peer || signed[0].Partner != "" || signed[0].Detail["revocation"] != "good" {
		t.Errorf("%+v", signed)
	}
	if rec := w.assertion(a.ticket, "192.0.2.7"); rec.Code != http.StatusForbidden || w.lastReason(ledger.TicketRefused) != "ticket_no_role" {
		t.Errorf("before a role was chosen: %d %s", rec.Code, w.lastReason(ledger.TicketRefused))
	}
	a.selectRole("555000000102")
	for peer, partner := range map[string]string{"192.0.2.7": "pathology", "198.51.100.9": "stores"} {
		rec := w.assertion(a.ticket, peer)
		blocks := strings.Count(rec.Body.String(), `AttributeName="nhsIdCode"`)
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "<saml:AttributeValue>555000000102</saml:AttributeValue>") || partner == "pathology" && blocks != 1 || partner == "stores" && blocks != 2 {
			t.Errorf("%s: %d %s", partner, rec.Code, rec.Body)
		}
	}
	told, err := w.store.Participants(t.Context(), signed[0].Tracking)
	if err != nil || len(told) != 2 {
		t.Errorf("participants %+v %v", told, err)
	}
	a.selectRole("555000000101") // another role, the same ticket
	if rec := w.assertion(a.ticket, "192.0.2.7"); !strings.Contains(rec.Body.String(), "<saml:AttributeValue>555000000101</saml:AttributeValue>") {
		t.Errorf("%s", rec.Body)
	}
	if rec := a.signOut(param("uid", a.uid)); rec.Body.String() != statusOK {
		t.Errorf("%s", rec.Body)
	}
	ended := w.events(ledger.SessionEnded)
	if len(ended) != 1 || ended[0].Reason != "user" || len(w.events(ledger.PartnerTold)) != 2 {
		t.Errorf("%+v", ended)
	}
}

// TestAgentVariants: agents differ in what does not matter.
func TestAgentVariants(t *testing.T) {
	raw := func(card []byte) string { return base64.StdEncoding.EncodeToString(card) }
	for name, change := range map[string]func(*fieldAgent){
		"DER straight under the encoding": func(a *fieldAgent) { a.wrap = raw },
		"base64 in lines, no header": func(a *fieldAgent) {
			a.wrap = func(card []byte) string {
				s := raw(card)
				return raw([]byte(s[:20] + "\r\n" + s[20:] + "\r\n"))
			}
		},
		"another program": func(a *fieldAgent) { a.userAgent = "" },
		"another device":  func(a *fieldAgent) { a.device = "x" },
	} {
		w := newWorld(t)
		a := w.agent()
		change(a)
		a.signIn("555000000101")
		if a.ticket == "" {
			t.Errorf("%s: %s", name, a.last.Body)
		}
	}
	w := newWorld(t)
	a := w.agent()
	a.activate()
	document := a.validation()
	lines := strings.Split(document, "\n") // the parameters the other way round, no DOCTYPE, no uid, S/MIME without the outer encoding
	head, body := lines[0], lines[3:len(lines)-1]
	for i, j := 0, len(body)-1; i < j; i, j = i+1, j-1 {
		body[i], body[j] = body[j], body[i]
	}
	document = head + "<gpOBJECT>" + strings.Join(body, "\n") + "</gpOBJECT>"
	document = strings.Replace(document, param("uid", a.uid)[8:], "", 1)
	inner, err := base64.StdEncoding.DecodeString(a.answer())
	w.must(err)
	document = strings.Replace(document, ` encoding="base64">`+a.answer(), ">"+string(inner), 1)
	if code := a.validate(document); code != http.StatusOK {
		t.Errorf("%d %s\n%s", code, a.last.Body, document)
	}
}

// TestOnlyRole: whoever has one role acts in it.
func TestOnlyRole(t *testing.T) {
	w := newWorld(t)
	w.oneRole()
	a := w.agent()
	a.signIn("")
	if rec := w.assertion(a.ticket, "192.0.2.7"); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "<saml:AttributeValue>555000000101</saml:AttributeValue>") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// TestSecurityAgents names the rows of the attack catalogue that the agents' protocol answers.
func TestSecurityAgents(t *testing.T) {
	type step struct {
		spoil func(a *fieldAgent, document string) string
		code  string
	}
	replace := func(from, to string) func(*fieldAgent, string) string {
		return func(a *fieldAgent, d string) string {
			if !strings.Contains(d, from) {
				a.w.t.Fatalf("no %s", from)
			}
			return strings.Replace(d, from, to, 1)
		}
	}
	other := func(w *world, change func(*fieldAgent)) *fieldAgent {
		b := w.agent()
		change(b)
		b.activate()
		return b
	}
	for name, s := range map[string]step{
		"233 challenge of the attacker": {func(a *fieldAgent, _ string) string {
			a.challenge = base64.StdEncoding.EncodeToString([]byte("what an attacker chose"))
			return a.validation()
		}, "challenge_forged"},
		"233 challenge changed": {func(a *fieldAgent, _ string) string {
			text, _ := base64.StdEncoding.DecodeString(a.challenge)
			a.challenge = base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(text), "hub.example", "hub.exampl3", 1)))
			return a.validation()
		}, "challenge_forged"},
		"233 challenge of another sign-in": {func(a *fieldAgent, _ string) string {
			b := other(a.w, func(b *fieldAgent) { b.logSession = "another1" })
			a.challenge, a.signature = b.challenge, b.signature
			return a.validation()
		}, "challenge_other"},
		"233 challenge of another device": {func(a *fieldAgent, _ string) string {
			b := other(a.w, func(b *fieldAgent) { b.device = "ffffffff,ClientIP=10.0.8.99" })
			a.challenge, a.signature = b.challenge, b.signature
			return a.validation()
		}, "challenge_other"},
		"233 challenge of another hub": {func(a *fieldAgent, _ string) string {
			b := newWorld(a.w.t)
			b.room.macKey = []byte("another key")
			agent := b.agent()
			agent.activate()
			a.challenge, a.signature = agent.challenge, agent.signature
			return a.validation()
		}, "challenge_forged"},
		"233 challenge after five minutes": {func(a *fieldAgent, d string) string { a.w.now = a.w.now.Add(challengeLife); return d }, "challenge_expired"},
		"233 signature of another challenge": {func(a *fieldAgent, d string) string {
			b := other(a.w, func(*fieldAgent) {})
			return strings.Replace(d, a.signature, b.signature, 1)
		}, "challenge_forged"},
		"233 no signature": {func(a *fieldAgent, d string) string { return strings.Replace(d, a.signature, "", 1) }, "challenge_forged"},
		"233 signed another challenge": {func(a *fieldAgent, _ string) string {
			a.wrap = func([]byte) string { return smime([]byte("0555021935107|another")) }
			return a.validation()
		}, "card_signature"},
		"233 no answer": {func(a *fieldAgent, d string) string { return strings.Replace(d, a.answer(), "", 1) }, "card_answer"},
		"233 answer that is no DER": {func(a *fieldAgent, _ string) string {
			a.wrap = func([]byte) string { return smime([]byte("hello")) }
			return a.validation()
		}, "card_answer"},
		"233 answer in another code": {func(a *fieldAgent, d string) string { return strings.Replace(d, a.answer(), "****", 1) }, "card_answer"},
		"233 signed MIME in parts": {func(a *fieldAgent, _ string) string {
			a.wrap = func([]byte) string {
				return base64.StdEncoding.EncodeToString([]byte("Content-Type: multipart/signed\nContent-Transfer-Encoding: 7bit\n\nx"))
			}
			return a.validation()
		}, "card_answer"},
		"233 revoked card": {func(a *fieldAgent, _ string) string { a.uid = "revoked"; return a.validation() }, "card_revoked"},
		"233 card of somebody else": {func(a *fieldAgent, d string) string {
			return strings.Replace(d, param("uid", a.uid), param("uid", "555021935108"), 1)
		}, "agent_uid"},
		"233 card of nobody here":  {func(a *fieldAgent, _ string) string { a.uid = "555021930000"; return a.validation() }, "credential_unknown"},
		"237 another service":      {replace("AUTHENTICATION", "ACTIVATION"), "agent_service"},
		"237 another method":       {replace(`"auth_method">3`, `"auth_method">2`), "agent_method"},
		"237 entity in the uid":    {replace(`"uid">555021935107`, `"uid">&xxe;`), "agent_document"},
		"237 DTD from elsewhere":   {replace("gpOBJECT.DTD", "http://127.0.0.1:1/x"), "agent_document"},
		"237 challenge twice":      {replace("</gpOBJECT>", param("challenge", "x")+"</gpOBJECT>"), "agent_document"},
		"237 no log session":       {replace(`"log_session_id">`, `"log_session">`), "agent_parameters"},
		"237 line in the device":   {replace("b02edd24,ClientIP", "b02edd24&#10;x,ClientIP"), "agent_parameters"},
		"237 log session too long": {replace(`"log_session_id">`, `"log_session_id">`+strings.Repeat("x", 64)), "agent_parameters"},
		"237 truncated":            {func(_ *fieldAgent, d string) string { return d[:len(d)-4] }, "agent_document"},
		"237 Analytics without end": {func(a *fieldAgent, d string) string {
			a.header["Analytics"] = []string{strings.Repeat("x", maxAnalytics+1)}
			return d
		}, "agent_analytics"},
		"237 from elsewhere": {func(a *fieldAgent, d string) string {
			a.w.room.agent.Networks = []netip.Prefix{netip.MustParsePrefix("10.0.9.0/24")}
			return d
		}, "agent_network"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.agent()
			a.activate()
			code := a.validate(s.spoil(a, a.validation()))
			refused := w.events(ledger.SignInRefused)
			if code < 400 || a.ticket != "" || strings.Contains(a.last.Body.String(), "OK") || !strings.Contains(a.last.Body.String(), "error_code") {
				t.Errorf("%d %s", code, a.last.Body)
			}
			if len(refused) != 1 || refused[0].Reason != s.code || len(w.events(ledger.SignedIn)) != 0 {
				t.Errorf("recorded %+v, want %s", refused, s.code)
			}
		})
	}
	t.Run("233 a challenge answered twice", func(t *testing.T) {
		for name, first := range map[string]func(*fieldAgent) string{
			"rightly": func(a *fieldAgent) string { return a.validation() },
			"wrongly": func(a *fieldAgent) string {
				return strings.Replace(a.validation(), a.answer(), smime([]byte("0x|y")), 1)
			},
		} {
			w := newWorld(t)
			a := w.agent()
			a.activate()
			a.validate(first(a))
			if code := a.validate(a.validation()); code != http.StatusForbidden || a.ticket != "" {
				t.Errorf("%s: %d %s", name, code, a.last.Body)
			}
			if got := w.lastReason(ledger.SignInRefused); got != "challenge_spent" {
				t.Errorf("%s: %s", name, got)
			}
		}
	})
}

// TestSecurityAgentTickets is row 237 for tickets of agents: each system by its own terms, nobody else, and not longer than the session.
func TestSecurityAgentTickets(t *testing.T) {
	for name, tc := range map[string]struct {
		peer string
		do   func(w *world, a *fieldAgent)
		code string
	}{
		"237 replayed to a stranger":      {"203.0.113.5", nil, "ticket_system_unknown"},
		"237 replayed to the workstation": {"10.0.8.17", nil, "ticket_system_unknown"},
		"237 two systems in one network":  {"198.18.1.7", nil, "ticket_system_ambiguous"},
		"237 forged":                      {"192.0.2.7", func(_ *world, a *fieldAgent) { a.ticket = forge(a.ticket) }, "ticket_unknown"},
		"237 truncated":                   {"192.0.2.7", func(_ *world, a *fieldAgent) { a.ticket = a.ticket[:20] }, "ticket_unknown"},
		"237 expired":                     {"192.0.2.7", func(w *world, _ *fieldAgent) { w.now = w.now.Add(10 * time.Hour) }, "ticket_unknown"},
		"237 signed out":                  {"192.0.2.7", func(_ *world, a *fieldAgent) { a.signOut("") }, "ticket_unknown"},
		"237 ended elsewhere": {"192.0.2.7", func(w *world, _ *fieldAgent) {
			_, err := w.hub.Logout(w.t.Context(), w.events(ledger.SignedIn)[0].Tracking, bridge.LogoutCause{Reason: bridge.EndedByAdmin})
			w.must(err)
		}, "ticket_unknown"},
		"237 suspended session": {"192.0.2.7", func(w *world, _ *fieldAgent) {
			s, err := w.store.Session(w.t.Context(), w.events(ledger.SignedIn)[0].Tracking)
			w.must(err)
			s.Suspended = w.now
			w.must(w.store.Commit(w.t.Context(), bridge.SaveSession{Session: s}))
		}, "session_suspended"},
		"237 suspended person": {"192.0.2.7", func(w *world, a *fieldAgent) {
			w.must(w.store.SavePersons(w.t.Context(), people.Person{UID: a.uid, Status: people.Suspended, Name: "x"}))
		}, "session_expired"},
		"237 role closed": {"192.0.2.7", func(w *world, a *fieldAgent) {
			w.must(w.store.SavePersons(w.t.Context(), people.Person{UID: a.uid, Status: people.Active, Name: "x", Identity: 3}))
		}, "role_not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.agent()
			a.signIn("555000000101")
			if tc.do != nil {
				tc.do(w, a)
			}
			rec := w.assertion(a.ticket, tc.peer)
			if rec.Code < 400 || strings.Contains(rec.Body.String(), "saml:Assertion") || strings.Contains(rec.Body.String(), "Success") {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
			if got := w.lastReason(ledger.TicketRefused); got != tc.code || len(w.events(ledger.TicketRead)) != 0 {
				t.Errorf("recorded %q, want %q", got, tc.code)
			}
			if got := w.get("/identity/isTokenValid?tokenid="+url.QueryEscape(a.ticket), tc.peer).Body.String(); got != "boolean=false\n" && name != "237 role closed" {
				t.Errorf("%q", got)
			}
		})
	}
	t.Run("237 what agents do with a ticket of a browser", func(t *testing.T) {
		w := newWorld(t)
		w.signIn()
		a := w.agent()
		a.ticket, a.logout = w.ticket(), "/login/authlogout"
		a.selectRole("555000000102")
		a.signOut("")
		a.send(http.MethodGet, "/sessionmanager/session/update?token="+url.QueryEscape(a.ticket), "")
		refused := w.events(ledger.TicketRefused)
		for _, e := range refused {
			if e.Reason != "ticket_not_agents" {
				t.Errorf("%+v", e)
			}
		}
		if len(refused) != 3 || len(w.events(ledger.SessionEnded)) != 0 || strings.Contains(a.transcript.String(), "OK") {
			t.Errorf("%s", a.transcript.String())
		}
	})
	t.Run("237 one system ends what is all systems'", func(t *testing.T) {
		w := newWorld(t)
		a := w.agent()
		a.signIn("555000000101")
		server := w.agent()
		server.peer = "192.0.2.7"
		if rec := server.send(http.MethodPost, "/ticket/destroy", "token="+url.QueryEscape(a.ticket)); rec.Code != http.StatusForbidden || w.lastReason(ledger.TicketRefused) != "ticket_agents" {
			t.Errorf("%d %s", rec.Code, w.lastReason(ledger.TicketRefused))
		}
	})
	t.Run("237 another's role, another's uid, doubled parameters", func(t *testing.T) {
		w := newWorld(t)
		a := w.agent()
		a.signIn("555000000101")
		for name, rec := range map[string]string{
			"role":    a.selectRole("555000000999").Body.String(),
			"uid":     a.signOut(param("uid", "555021935108")).Body.String(),
			"token":   a.send(http.MethodGet, "/saml/RoleSelectionGP.jsp?token=a&token=b&selectedRoleUid=555000000101", "").Body.String(),
			"none":    a.send(http.MethodGet, "/saml/RoleSelectionGP.jsp", "").Body.String(),
			"update":  a.send(http.MethodPost, "/sessionmanager/session/update", "not a document").Body.String(),
			"unknown": a.send(http.MethodPost, "/sessionmanager/session/update", a.document("UPDATE", param("sso_ticket", "x"))).Body.String(),
		} {
			if rec != statusError {
				t.Errorf("%s: %s", name, rec)
			}
		}
		if rec := a.send(http.MethodPost, "/sessionmanager/session/update", a.document("UPDATE", param("sso_ticket", a.ticket))); rec.Body.String() != statusOK {
			t.Errorf("%s", rec.Body)
		}
	})
}

// TestAgentHosts: agents are answered on their hosts alone where there are some, by the address that they called, and not at all without cards.
func TestAgentHosts(t *testing.T) {
	w := newWorld(t)
	w.room.agent.Hosts = []string{"gas.trust.example"}
	own := w.room.kit.Router(w.room.Routes())
	at := w.room.HostURL("gas.trust.example")
	w.handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Host == at.Host {
			w.room.kit.RouterAt(at, w.room.HostRoutes()).ServeHTTP(rw, r)
			return
		}
		own.ServeHTTP(rw, r)
	})
	a := w.agent()
	if code := a.activate(); code != http.StatusNotFound {
		t.Errorf("on the issuer's host: %d", code)
	}
	a.host = "gas.trust.example"
	a.signIn("555000000101")
	if a.logout != "https://gas.trust.example/login/authlogout" {
		t.Errorf("%s", a.logout)
	}
	server := w.agent()
	server.host, server.peer = "gas.trust.example", "192.0.2.7"
	if rec := server.send(http.MethodGet, "/saml/RoleAssertion?token="+url.QueryEscape(a.ticket), ""); rec.Code != http.StatusOK {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	w.room.agent.Cards = nil
	if routes := w.room.agentRoutes(); routes != nil {
		t.Errorf("%d routes without cards", len(routes))
	}
}

// TestEveryReasonHasANumber: what agents are told is of the Ticket API's four groups.
func TestEveryReasonHasANumber(t *testing.T) {
	for reason := bridge.Internal; reason <= bridge.Unavailable; reason++ {
		n := ticketError(reason)
		if group := n &^ 0xFF; group != 0x80100000 && group != 0x80200000 && group != 0x80400000 || n&0xFF == 0 {
			t.Errorf("%s: %#x", reason, n)
		}
	}
}
