package demo

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// pathology is the sample legacy system. It knows no signature: it is given a ticket, asks the hub what the
// ticket stands for, and asks again at every page.
type pathology struct {
	*app
	hub    string // issuer
	client *http.Client
}

func newPathology(a *app, hub string, client *http.Client) *pathology {
	p := &pathology{app: a, hub: hub, client: client}
	a.mux.HandleFunc("GET /{$}", p.home)
	a.mux.HandleFunc("GET /login", p.login)
	a.mux.HandleFunc("POST /ticket", p.take)
	a.mux.HandleFunc("GET /logout", p.logout)
	return p
}

// login sends the browser to the hub for a ticket.
func (p *pathology) login(w http.ResponseWriter, r *http.Request) {
	p.ladder.begin("Pathology, legacy ticket: sign in")
	q := url.Values{"partner": {p.ID}, "return": {p.URL + "ticket"}, "state": {p.desk.begin(w, r, attempt{})}}
	p.ladder.add(message{From: p.Short, To: atHub, Title: "Ticket wanted", How: "through the browser", Body: listed(q, "state")})
	http.Redirect(w, r, p.hub+"/ticket/start?"+q.Encode(), http.StatusSeeOther)
}

// take receives the ticket through the browser and asks the hub about it.
func (p *pathology) take(w http.ResponseWriter, r *http.Request) {
	ticket, state := r.PostFormValue("token"), r.PostFormValue("state")
	if _, ok := p.desk.find(state); !ok {
		p.refuse(w, "Sign-in not finished", errNotBegun)
		return
	}
	p.ladder.add(message{From: atHub, To: p.Short, Title: "Ticket", How: "through the browser by form", Body: hidden(ticket)})
	v, err := p.ask(r, ticket, "Role assertion")
	if err == nil && !p.desk.park(state, v) {
		err = errNotBegun
	}
	if err != nil {
		p.refuse(w, "The ticket was not accepted", err)
		return
	}
	http.Redirect(w, r, "/arrive?state="+url.QueryEscape(state), http.StatusSeeOther)
}

var errTicket = errors.New("the hub does not know the ticket, or it was destroyed")

// ask fetches the role assertion, server to server, and reads it as the field's parsers do.
func (p *pathology) ask(r *http.Request, ticket, why string) (visit, error) {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, p.hub+"/saml/RoleAssertion?token="+url.QueryEscape(ticket), nil)
	if err != nil {
		return visit{}, fmt.Errorf("demo: %w", err)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return visit{}, fmt.Errorf("the hub does not answer: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 256<<10))
	if err != nil {
		return visit{}, fmt.Errorf("the hub's answer breaks off: %w", err)
	}
	doc := string(data)
	if !strings.Contains(doc, `<samlp:StatusCode Value="samlp:Success"/>`) {
		p.ladder.add(message{From: atHub, To: p.Short, Title: "No role assertion", How: "server to server", Body: prettyXML(data), Ticks: []tick{failed("%v", errTicket)}})
		return visit{}, errTicket
	}
	shown := prettyXML([]byte(strings.ReplaceAll(doc, html.EscapeString(ticket), hidden(ticket))))
	v := readRoleAssertion(doc)
	v.token, v.How = ticket, "by legacy ticket; role assertion fetched server to server, not signed"
	v.Ticks = []tick{checked("The hub knows the ticket, for this system and from this machine"), checked("ssbSessionRoleUid names one of the role blocks"), checked("The ticket is asked about again at every page")}
	if v.Role == "" {
		v.Ticks[1] = failed("ssbSessionRoleUid names none of the role blocks")
	}
	v.Received = []document{{"The ticket", hidden(ticket) + fmt.Sprintf(", %d characters", len(ticket))}, {"The role assertion, SAML 1.1", shown}}
	p.ladder.add(message{From: atHub, To: p.Short, Title: why, How: "server to server, SAML 1.1", Body: shown, Ticks: v.Ticks[:2]})
	return v, nil
}

// readRoleAssertion matches literal prefixes, as parsers of that age do: each nhsIdCode begins a role block,
// and the session's role is the block whose uniqueIdentifier is ssbSessionRoleUid.
func readRoleAssertion(doc string) visit {
	var v visit
	var session string
	type block struct{ id, role, org string }
	var blocks []block
	for _, part := range strings.Split(doc, `<saml:Attribute AttributeName="`)[1:] {
		name, rest, _ := strings.Cut(part, `"`)
		content := html.UnescapeString(between(rest, "<saml:AttributeValue>", "</saml:AttributeValue>"))
		switch name {
		case "cn":
			v.Name = content
		case "uid":
			v.UID = content
		case "ssbSessionRoleUid":
			session = content
		case "nhsIdCode":
			blocks = append(blocks, block{})
		}
		if len(blocks) == 0 {
			continue
		}
		last := &blocks[len(blocks)-1]
		switch name {
		case "o":
			last.org = content
		case "uniqueIdentifier":
			last.id = content
		case "nhsJobRole":
			last.role = lastQuoted(content)
		}
	}
	for _, b := range blocks {
		if b.id == session {
			v.Role, v.Org = b.role, b.org
		}
	}
	return v
}

// home asks the hub about the ticket again, every time: a ticket that was destroyed ends the session here.
func (p *pathology) home(w http.ResponseWriter, r *http.Request) {
	view := appView{Notice: signedOutNotice(r)}
	if v, ok := p.desk.visitor(r); ok {
		fresh, err := p.ask(r, v.token, "Role assertion, asked for again at a page")
		switch {
		case err == nil:
			fresh.Since = v.Since
			view.Visit = &fresh
		default:
			p.desk.leave(w, r)
			view.Notice = "You were signed out: the hub says that your ticket was destroyed."
		}
	}
	p.show(w, http.StatusOK, view)
}

// logout destroys the ticket. A system of that age cannot ask for more: the hub's own page ends the rest.
func (p *pathology) logout(w http.ResponseWriter, r *http.Request) {
	v, ok := p.desk.leave(w, r)
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	p.ladder.begin("Pathology, legacy ticket: sign out")
	form := url.Values{"token": {v.token}}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, p.hub+"/ticket/destroy", strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		var resp *http.Response
		if resp, err = p.client.Do(req); err == nil {
			err = resp.Body.Close()
			p.ladder.add(message{From: p.Short, To: atHub, Title: "Ticket destroyed", How: "server to server", Body: hidden(v.token), Ticks: []tick{{resp.StatusCode == http.StatusNoContent, resp.Status}}})
		}
	}
	if err != nil {
		p.log.Warn("ticket not destroyed", "error", err.Error())
	}
	http.Redirect(w, r, p.hub+"/signout", http.StatusSeeOther)
}
