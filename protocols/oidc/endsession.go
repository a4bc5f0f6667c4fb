package oidc

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/web"
)

// signOut is a logout request of a client (OpenID Connect RP-Initiated Logout 1.0, section 2).
type signOut struct {
	form    url.Values
	client  *client // nil: the request names none, or none that is answered
	next    string  // where the browser goes afterwards, with state; empty: nowhere
	session string  // the session that a valid hint names; empty: no hint
	why     *bridge.Refusal
}

// logout ends the browser's session. Only a hint that names this very session ends it at once; anything else
// a link could do to someone, so the person is asked.
func (p *Provider) logout(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	form, err := p.logoutForm(r)
	if err != nil {
		p.refusePage(w, r, "", "", err)
		return
	}
	b := p.kit.Browser(r)
	confirmed := r.Method == http.MethodPost && form.Has(web.CSRFField)
	if r.Method == http.MethodPost && !confirmed && b.Session == "" {
		// a cross-site POST does not carry our cookies; a GET does
		http.Redirect(w, r, p.at(logoutPath)+"?"+form.Encode(), http.StatusSeeOther)
		return
	}
	out := p.readSignOut(r, form)
	if out.why != nil {
		noted := p.hub.RefuseRequest(r.Context(), ledger.Refused, out.partner(), bridge.Ref(r.Context()), out.why)
		if noted.OurFault() {
			p.kit.Refuse(w, r, noted)
			return
		}
	}
	here, err := p.sessionHere(r, b)
	switch {
	case err != nil:
		p.refusePage(w, r, out.partner(), "", err)
	case here.ID == "" && out.next == "": // nothing was ended: no page may say so
		p.kit.ClearSession(w)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	case here.ID == "":
		p.leave(w, r, bridge.LogoutReport{}, out.next)
	case confirmed, out.session == here.ID && out.why == nil:
		p.end(w, r, out, here)
	default:
		p.confirm(w, r, out)
	}
}

// sessionHere is this browser's session if it has not ended, idle or not: its apps may still be open. Zero if there is none.
func (p *Provider) sessionHere(r *http.Request, b bridge.Browser) (bridge.Session, error) {
	if b.Session == "" {
		return bridge.Session{}, nil
	}
	s, err := p.hub.Sessions.SessionByKey(r.Context(), bridge.Key(b.Session))
	if errors.Is(err, bridge.ErrNotFound) || err == nil && !s.Ended.IsZero() {
		return bridge.Session{}, nil
	}
	if err != nil {
		return bridge.Session{}, fmt.Errorf("oidc: load session: %w", err)
	}
	return s, nil
}

// logoutForm reads the parameters; a POST that claims to be our own form must be.
func (p *Provider) logoutForm(r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		form, err := readQuery(r.URL.RawQuery)
		if err != nil {
			return nil, err
		}
		if why := once(form); why != nil {
			return nil, why
		}
		return form, nil
	}
	form, err := readForm(r)
	if err != nil {
		return nil, err
	}
	if why := once(form); why != nil {
		return nil, why
	}
	if form.Has(web.CSRFField) {
		r.PostForm, r.Form = form, form // the body is read; the kit looks here
		if err := p.kit.CheckCSRF(r); err != nil {
			return nil, err
		}
	}
	return form, nil
}

// readSignOut understands a request. What is wrong with it is noted, and nothing of it then leads anywhere.
func (p *Provider) readSignOut(r *http.Request, form url.Values) signOut {
	out := signOut{form: form}
	id := form.Get("client_id")
	if hint := form.Get("id_token_hint"); hint != "" {
		own, err := p.verifyOwn(hint)
		if err != nil {
			out.why = bridge.Refuse(bridge.BadSignature, "id_token_hint is not an ID token of this provider.").WithCode("id_token_hint").Because(err)
			return out
		}
		if id != "" && id != own.Audience {
			out.why = bridge.Refuse(bridge.BadRequest, "client_id and id_token_hint name different clients.").WithCode("id_token_hint")
			return out
		}
		id = own.Audience
		told, err := p.hub.Participants.FindParticipant(r.Context(), trust.OIDC, id, own.SID)
		if err == nil {
			out.session = told.Session
		} else if !errors.Is(err, bridge.ErrNotFound) {
			out.why = bridge.AsRefusal(err)
			return out
		}
	}
	if id != "" {
		c, err := p.partner(id)
		if err != nil {
			out.session, out.why = "", bridge.AsRefusal(err)
			return out
		}
		out.client = c
	}
	out.next, out.why = out.destination()
	return out
}

// destination is the registered address to go to, compared exactly, with state added.
func (o signOut) destination() (string, *bridge.Refusal) {
	target := o.form.Get("post_logout_redirect_uri")
	if target == "" {
		return "", nil
	}
	if o.client == nil || !slices.Contains(o.client.terms.PostLogoutRedirectURIs, target) {
		return "", bridge.Refuse(bridge.BadReplyAddress, "post_logout_redirect_uri is not registered for this client.")
	}
	switch state := o.form.Get("state"); {
	case len(state) > maxState:
		return "", bridge.Refuse(bridge.BadRequest, "state is longer than %d bytes.", maxState)
	case state != "":
		return withQuery(target, url.Values{"state": {state}}), nil
	}
	return target, nil
}

// withQuery adds parameters to an address that may have some.
func withQuery(target string, more url.Values) string {
	joint := "?"
	if strings.Contains(target, "?") {
		joint = "&"
	}
	return target + joint + more.Encode()
}

func (o signOut) partner() string {
	if o.client == nil {
		return clip(o.form.Get("client_id"))
	}
	return o.client.id
}

// end signs out. A client that proved by its hint that it knows the session is signed out by its own word, and yet told as every other
// is: its server may not know what its page asked for (RP-Initiated Logout 1.0, section 2). Unless its terms say that it ends its session
// by itself: some need that session until the browser is back, and fail if it was taken from them meanwhile.
func (p *Provider) end(w http.ResponseWriter, r *http.Request, out signOut, here bridge.Session) {
	cause := bridge.LogoutCause{Reason: bridge.EndedByUser, Ref: bridge.Ref(r.Context())}
	if out.session == here.ID && out.client != nil {
		cause.Reason, cause.Protocol, cause.Partner, cause.Tell = bridge.EndedByPartner, trust.OIDC, out.client.id, !out.client.terms.EndsItself
	}
	report, err := p.hub.Logout(r.Context(), here.ID, cause)
	if err != nil {
		p.refusePage(w, r, out.partner(), "", err)
		return
	}
	p.leave(w, r, report, out.next)
}

func (p *Provider) leave(w http.ResponseWriter, r *http.Request, report bridge.LogoutReport, next string) {
	p.kit.ClearSession(w)
	p.after(w, r, report, next)
}

// afterLogout goes where the client wants, or to the hub's own page.
func afterLogout(w http.ResponseWriter, r *http.Request, report bridge.LogoutReport, next string) {
	if next == "" {
		next = "/signout/result?" + url.Values{"logout": {report.ID}}.Encode()
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// confirm asks whether to sign out. The form comes back here with its token. Whose idle session it is stays
// unsaid: someone else may sit there by now.
func (p *Provider) confirm(w http.ResponseWriter, r *http.Request, out signOut) {
	b := p.kit.BindBrowser(w, r)
	who := ""
	if session, person, err := p.hub.Live(r.Context(), b); err == nil {
		role, _ := person.OpenRole(session.RoleID, p.hub.Clock())
		who = web.Who(person, role)
	}
	var fields []web.Field
	o := web.PageOptions{}
	if out.next != "" {
		for _, name := range []string{"client_id", "id_token_hint", "post_logout_redirect_uri", "state"} {
			if v := out.form.Get(name); v != "" {
				fields = append(fields, web.Field{Name: name, Value: v})
			}
		}
		o.FormAction = web.FormEnds(out.next)
	}
	wrong := ""
	if out.why != nil {
		wrong = out.why.Detail
	}
	p.kit.PageWho(w, r, b, who, "confirm", "Do you want to sign out?", struct {
		Detail, Action, Button string
		Fields                 []web.Field
		Wrong                  string
	}{"Signing out ends your session in every app you opened with it.", p.at(logoutPath), "Sign out", fields, wrong}, o)
}
