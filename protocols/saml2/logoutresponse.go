package saml2

import (
	"context"
	"errors"
	"html"
	"io"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

// sentLogout is a LogoutRequest of ours that the browser carries; kept by its ID until it is answered.
type sentLogout struct {
	Partner  string
	Logout   string
	Delivery string
}

// takeLogoutResponse takes a partner's answer to a LogoutRequest that went through the browser. It must be signed and answer
// something we sent to this partner.
func (p *Provider) takeLogoutResponse(w http.ResponseWriter, r *http.Request, m message) {
	from, res, err := p.examineLogoutResponse(m)
	var sent sentLogout
	if err == nil {
		sent, err = p.takeSent(r.Context(), res.InResponseTo, from.ID)
	}
	if err == nil {
		err = p.tookAnswer(r.Context(), sent, res)
	}
	switch {
	case err != nil:
		p.refusePage(w, r, from.ID, err)
	case p.ResultURL != nil && r.Header.Get("Sec-Fetch-Dest") == "document":
		http.Redirect(w, r, p.ResultURL(sent.Logout), http.StatusSeeOther)
	case res.ended():
		p.plainPage(w, "Signed out of "+from.Name+".")
	default:
		p.plainPage(w, from.Name+" could not sign you out. Close its window.")
	}
}

func (p *Provider) tookAnswer(ctx context.Context, sent sentLogout, res logoutResponse) error {
	if !res.ended() && res.disowns() {
		return p.Hub.Disowned(ctx, sent.Logout, sent.Delivery)
	}
	return p.Hub.Answered(ctx, sent.Logout, sent.Delivery, res.ended())
}

func (p *Provider) examineLogoutResponse(m message) (trust.Partner, logoutResponse, error) {
	root, from, err := p.verifySigned(m, "An answer to a sign-out request must be signed.")
	if err != nil {
		return from.partner, logoutResponse{}, err
	}
	res, err := readLogoutResponse(root)
	if err != nil {
		return from.partner, res, err
	}
	if _, r := p.judgeHeader(res.header, m.by, p.Kit.URL(SLOPath)); r != nil {
		return from.partner, res, r
	}
	return from.partner, res, nil
}

// takeSent finds what an answer belongs to, once, and only for the partner it was sent to.
func (p *Provider) takeSent(ctx context.Context, id, partner string) (sentLogout, error) {
	unsolicited := bridge.Refuse(bridge.BadRequest, "This answers nothing that was asked.").WithCode("unsolicited")
	if id == "" {
		return sentLogout{}, unsolicited
	}
	var sent sentLogout
	err := p.takeOwn(ctx, bridge.KindSAMLLogout, id, &sent, func() bool { return sent.Partner == partner })
	if errors.Is(err, errForeign) || errors.Is(err, bridge.ErrNotFound) || errors.Is(err, bridge.ErrSpent) {
		err = unsolicited
	}
	return sent, err
}

// plainPage is a page without anything on it but one sentence; our own sign-out page shows it in a frame.
func (p *Provider) plainPage(w http.ResponseWriter, sentence string) {
	h := w.Header()
	h.Del("X-Frame-Options")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	s := html.EscapeString(web.Plain(sentence))
	_, _ = io.WriteString(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>`+s+`</title><p>`+s+`</p></html>`)
}
