package ticket

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Servers of the field may ask about a ticket in the manner of the product that the national broker was built on: by text answers
// below /identity, in later versions by JSON below /json/sessions. The same binding holds as for a role assertion.

// isTokenValid answers boolean=true or boolean=false. Nothing is told of the person, and a yes leaves no record.
func (p *Provider) isTokenValid(w http.ResponseWriter, r *http.Request) {
	token, err := askedAbout(r, "tokenid")
	var partner trust.Partner
	if err == nil {
		partner, err = p.stands(r, token)
	}
	refusal := p.refusedOften(r, token, partner, err)
	switch {
	case refusal == nil:
		writeText(w, http.StatusOK, "boolean=true\n")
	case refusal.OurFault():
		p.turnAwayText(w, r, refusal)
	default:
		writeText(w, http.StatusOK, "boolean=false\n")
	}
}

// stands checks that a ticket is good, for the system that calls: of a browser's, which is bound to role and terms, that
// a role assertion would be given now; of an agent's, that its session goes on.
func (p *Provider) stands(r *http.Request, token string) (trust.Partner, error) {
	h, partner, err := p.presented(r, token)
	switch {
	case err != nil:
	case h.agents:
		_, _, err = p.hub.Holder(r.Context(), h.Grant)
	default:
		_, err = p.hub.Reissue(r.Context(), h.Grant, ledger.TicketRead) // decided; never delivered
	}
	return partner, err
}

// attributesText answers with what the partner's terms release of the person and of the role in use, a line a fact.
func (p *Provider) attributesText(w http.ResponseWriter, r *http.Request) {
	token, err := askedAbout(r, "subjectid")
	var iss bridge.Issuance
	var partner trust.Partner
	if err == nil {
		iss, partner, err = p.read(r, token)
	}
	if err == nil {
		err = p.hub.Deliver(r.Context(), iss)
	}
	if refusal := p.refused(r, partner, err); refusal != nil {
		p.turnAwayText(w, r, refusal)
		return
	}
	var b bytes.Buffer
	b.WriteString("userdetails.token.id=" + token + "\n")
	for _, f := range inUse(iss, p.mode) {
		b.WriteString("userdetails.attribute.name=" + f.name + "\n")
		for _, v := range f.values {
			b.WriteString("userdetails.attribute.value=" + v + "\n")
		}
	}
	writeText(w, http.StatusOK, b.String())
}

// logoutText ends the session at the wish of a system that has part in it.
func (p *Provider) logoutText(w http.ResponseWriter, r *http.Request) {
	token, err := askedAbout(r, "subjectid")
	var partner trust.Partner
	if err == nil {
		partner, err = p.endAsked(r, token)
	}
	if refusal := p.refused(r, partner, err); refusal != nil {
		p.turnAwayText(w, r, refusal)
		return
	}
	writeText(w, http.StatusOK, "")
}

// endAsked ends a session as the logout of any participant does, at the wish of the system that calls.
func (p *Provider) endAsked(r *http.Request, token string) (trust.Partner, error) {
	h, partner, err := p.presented(r, token)
	if err != nil {
		return partner, err
	}
	_, err = p.hub.Logout(r.Context(), h.Session, bridge.LogoutCause{
		Reason: bridge.EndedByPartner, Ref: bridge.Ref(r.Context()), Protocol: trust.Ticket, Partner: partner.ID,
	})
	return partner, err
}

// sessionsJSON answers the two questions of later versions.
func (p *Provider) sessionsJSON(w http.ResponseWriter, r *http.Request) {
	q, err := onceEach(r.URL.RawQuery)
	var partner trust.Partner
	var answer map[string]any
	var token string
	if err == nil {
		if token = q.Get("tokenId"); token == "" {
			token = r.Header.Get(tokenHeader)
		}
		switch q.Get("_action") {
		case "validate":
			partner, answer, err = p.validateJSON(r, token)
		case "logout":
			partner, err = p.endAsked(r, token)
			answer = map[string]any{"result": "Successfully logged out"}
		default:
			err = bridge.Refuse(bridge.UnsupportedRequest, "The action is not offered.").WithCode("ticket_action")
		}
	}
	var refusal *bridge.Refusal
	if q.Get("_action") == "validate" {
		refusal = p.refusedOften(r, token, partner, err)
	} else {
		refusal = p.refused(r, partner, err)
	}
	switch {
	case refusal == nil:
		writeJSON(w, http.StatusOK, answer)
	case !refusal.OurFault() && q.Get("_action") == "validate":
		writeJSON(w, http.StatusOK, map[string]any{"valid": false})
	default:
		p.turnAwayJSON(w, r, refusal)
	}
}

// tokenHeader is where later versions look for the ticket first.
const tokenHeader = "iPlanetDirectoryPro"

// validateJSON says that a ticket is good, and whose if the terms release the uid.
func (p *Provider) validateJSON(r *http.Request, token string) (trust.Partner, map[string]any, error) {
	iss, partner, err := p.read(r, token)
	if err == nil {
		err = p.hub.Deliver(r.Context(), iss)
	}
	answer := map[string]any{"valid": true, "realm": "/"}
	if uid, ok := iss.Attribute("uid"); ok && len(uid.Values) == 1 {
		answer["uid"] = uid.Values[0]
	}
	return partner, answer, err
}

// askedAbout is the ticket in a parameter of the address or of a form, given once.
func askedAbout(r *http.Request, param string) (string, error) {
	raw := r.URL.RawQuery
	if r.Method == http.MethodPost {
		body, err := readBody(r)
		if err != nil {
			return "", err
		}
		raw = strings.Trim(raw+"&"+string(body), "& \r\n")
	}
	q, err := url.ParseQuery(raw)
	if err != nil || len(q[param]) != 1 {
		return "", bridge.Refuse(bridge.BadRequest, "The ticket must be given once.").WithCode("ticket_malformed")
	}
	return q.Get(param), nil
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the caller went away: nothing to do about it
}

func writeJSON(w http.ResponseWriter, status int, v map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the same
}
