package saml2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

// kindFront is a LogoutRequest that the browser will fetch from here: which delivery it is for. The request itself is written
// when it is asked for, so that it is fresh however late that is.
const kindFront bridge.ArtifactKind = "saml-front"

// frontPage is the address of a page of ours that posts a LogoutRequest.
func (p *Provider) frontPage(ctx context.Context, d bridge.Delivery) (string, error) {
	id, err := p.keep(ctx, kindFront, sentLogout{Partner: d.Participant.Partner, Logout: d.Logout, Delivery: d.ID}, sentLife)
	if err != nil {
		return "", err
	}
	return p.Kit.URL(FrontPath + "?" + url.Values{"id": {id}}.Encode()), nil
}

// front shows that page. It may be asked for again until the partner has confirmed.
func (p *Provider) front(w http.ResponseWriter, r *http.Request) {
	partner, d, err := p.owed(r.Context(), r.URL.Query().Get("id"))
	if err != nil {
		p.refusePage(w, r, partner.ID, err)
		return
	}
	if d.State == bridge.DeliveryEnded {
		p.plainPage(w, "Signed out of "+partner.Name+".")
		return
	}
	to, by, ok := frontEndpoint(partner.SAML.Entity.SP)
	if !ok {
		p.plainPage(w, partner.Name+" cannot be told any more. Close its window.")
		return
	}
	if err := p.carry(w, r, partner, d, reply{URL: to, By: by}); err != nil {
		p.refusePage(w, r, partner.ID, err)
	}
}

// carry lets the browser take a LogoutRequest to a partner. That a partner was told which will not answer is stored first.
func (p *Provider) carry(w http.ResponseWriter, r *http.Request, partner trust.Partner, d bridge.Delivery, to reply) error {
	if partner.SAML.AsyncLogout {
		if err := p.Hub.WasTold(r.Context(), d.Logout, d.ID); err != nil {
			return err
		}
	}
	out, err := p.packLogout(r.Context(), partner, d, to)
	switch {
	case err != nil:
		return err
	case len(out.fields) > 0:
		framedPost(w, out)
	default:
		p.send(w, r, out)
	}
	return nil
}

// owed finds the delivery that the address of a front page stands for.
func (p *Provider) owed(ctx context.Context, id string) (trust.Partner, bridge.Delivery, error) {
	gone := bridge.Refuse(bridge.TransactionGone, "This sign-out is no longer known.")
	a, err := p.Hub.Artifacts.Get(ctx, kindFront, bridge.Key(id), p.Hub.Clock())
	switch {
	case errors.Is(err, bridge.ErrNotFound), errors.Is(err, bridge.ErrSpent):
		return trust.Partner{}, bridge.Delivery{}, gone
	case err != nil:
		return trust.Partner{}, bridge.Delivery{}, fmt.Errorf("saml2: find request to post: %w", err)
	}
	var sent sentLogout
	if err := json.Unmarshal(a.Payload, &sent); err != nil {
		return trust.Partner{}, bridge.Delivery{}, fmt.Errorf("saml2: read request to post: %w", err)
	}
	partner, err := p.partner(sent.Partner)
	if err != nil {
		return partner, bridge.Delivery{}, err
	}
	ds, err := p.Hub.Deliveries.Deliveries(ctx, sent.Logout)
	if err != nil {
		return partner, bridge.Delivery{}, fmt.Errorf("saml2: load deliveries: %w", err)
	}
	for _, d := range ds {
		if d.ID == sent.Delivery {
			return partner, d, nil
		}
	}
	return partner, bridge.Delivery{}, gone
}

// packLogout writes a LogoutRequest for the browser to carry, signed as its binding wants it. What it was sent for is kept by
// its ID, which is the RelayState as well: nothing in it tells partners that they are told of one sign-out.
func (p *Provider) packLogout(ctx context.Context, partner trust.Partner, d bridge.Delivery, to reply) (outbound, error) {
	id, err := p.keepSent(ctx, sentLogout{Partner: partner.ID, Logout: d.Logout, Delivery: d.ID})
	if err != nil {
		return outbound{}, err
	}
	n, err := p.noticeOf(d, partner)
	if err != nil {
		return outbound{}, err
	}
	n.id, n.to, n.async = id, to.URL, partner.SAML.AsyncLogout
	doc, at := n.write(p.EntityID, p.Hub.Clock())
	if to.By == byPOST || to.By == byArtifact {
		key, err := p.signingKey(partner)
		if err != nil {
			return outbound{}, err
		}
		if doc, err = xmlsec.SignEnveloped(doc, id, at, key, p.Rand); err != nil {
			return outbound{}, fmt.Errorf("saml2: sign logout request: %w", err)
		}
	}
	out, err := p.pack(partner, to, requestField, doc, relayState{Present: true, Value: id}, "")
	if err == nil && len(out.writes) > 0 {
		err = p.Hub.Journal.Commit(ctx, out.writes...)
	}
	if err != nil {
		return outbound{}, err
	}
	return out, nil
}

// framedPost is a page with one form on it, for a frame of our own sign-out page: by script at once, by its button without. The
// partner's answer may come back here by a redirect.
func framedPost(w http.ResponseWriter, out outbound) {
	h := w.Header()
	h.Del("X-Frame-Options")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'self' "+strings.Join(web.FormEnds(out.to), " ")+"; frame-ancestors 'self'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	web.Uncached(h)
	title := html.EscapeString("Sign out of " + web.Plain(out.partner))
	page := `<!doctype html><html lang="en"><meta charset="utf-8"><title>` + title + `</title><form method="POST" action="` + html.EscapeString(out.to) + `" data-autopost>`
	for _, f := range out.fields {
		page += `<input type="hidden" name="` + html.EscapeString(f.Name) + `" value="` + html.EscapeString(f.Value) + `">`
	}
	_, _ = io.WriteString(w, page+`<button type="submit">`+title+`</button></form><script src="`+html.EscapeString(web.Asset("autopost.js"))+`"></script></html>`)
}
