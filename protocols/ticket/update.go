package ticket

import (
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
)

// updateSession notes that the person at an agent is still at work. The ticket comes as the parameter token of the address, or as sso_ticket
// of a document; the public record does not say which.
func (p *Provider) updateSession(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	token, err := p.tokenOfUpdate(r)
	var held held
	if err == nil {
		held, err = p.agents(ctx, token)
	}
	if err == nil {
		err = p.hub.KeepAlive(ctx, held.Grant)
	}
	p.answerStatus(w, r, err)
}

func (p *Provider) tokenOfUpdate(r *http.Request) (string, error) {
	if err := p.fromAgent(r); err != nil {
		return "", err
	}
	q, err := onceEach(r.URL.RawQuery)
	if err != nil {
		return "", err
	}
	if q.Has("token") || r.Method == http.MethodGet {
		return q.Get("token"), nil
	}
	o, err := readDocument(r)
	return o.Value("sso_ticket"), err
}

// logoutAgent ends the session of an agent's ticket, as pulling the card does. A uid, if there is one, must be the person's.
func (p *Provider) logoutAgent(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	o, err := p.readAgent(r, serviceLogout)
	var held held
	if err == nil {
		held, err = p.agents(ctx, o.Value("sso_ticket"))
	}
	if err == nil {
		err = p.endFor(r, held, o.Value("uid"))
	}
	p.answerStatus(w, r, err)
}

func (p *Provider) endFor(r *http.Request, h held, uid string) error {
	ctx := r.Context()
	s, err := p.hub.Sessions.Session(ctx, h.Session)
	if err != nil {
		return err
	}
	if uid != "" && uid != s.UID {
		return bridge.Refuse(bridge.UnknownSubject, "The ticket is not that of the person named.").WithCode("agent_uid")
	}
	_, err = p.hub.Logout(ctx, h.Session, bridge.LogoutCause{Reason: bridge.EndedByUser, Ref: bridge.Ref(ctx)})
	return err
}
