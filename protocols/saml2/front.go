package saml2

import (
	"context"
	"encoding/base64"
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

// kindFront is a LogoutRequest that the browser will fetch in order to post it: which delivery it is for. The request itself is
// written when the page is asked for, so that it is fresh however late that is.
const kindFront bridge.ArtifactKind = "saml-front"

// frontPage is the address of a page of ours that posts a LogoutRequest.
func (p *Provider) frontPage(ctx context.Context, d bridge.Delivery) (string, error) {
	payload, err := json.Marshal(sentLogout{Partner: d.Participant.Partner, Logout: d.Logout, Delivery: d.ID})
	if err != nil {
		return "", fmt.Errorf("saml2: write request to post: %w", err)
	}
	id := p.Hub.NewSecret()
	a := bridge.Artifact{Kind: kindFront, Key: bridge.Key(id), Payload: payload, Expires: p.Hub.Clock().Add(sentLife)}
	if err := p.Hub.Artifacts.Put(ctx, a, false); err != nil {
		return "", fmt.Errorf("saml2: keep request to post: %w", err)
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
	e, ok := sloEndpoint(partner.SAML.Entity.SP, byPOST)
	if !ok {
		p.plainPage(w, partner.Name+" cannot be told any more. Close its window.")
		return
	}
	doc, err := p.postedLogout(r.Context(), partner, d, e.Location)
	if err != nil {
		p.refusePage(w, r, partner.ID, err)
		return
	}
	framedPost(w, e.Location, partner.Name, doc)
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

func (p *Provider) postedLogout(ctx context.Context, partner trust.Partner, d bridge.Delivery, to string) ([]byte, error) {
	key, err := p.signingKey(partner)
	if err != nil {
		return nil, err
	}
	id, err := p.keepSent(ctx, sentLogout{Partner: partner.ID, Logout: d.Logout, Delivery: d.ID})
	if err != nil {
		return nil, err
	}
	told := p.nameIDOf(trust.SubjectKind(d.Participant.Format), d.Participant.Subject, partner.ID)
	doc, at := p.newLogoutRequest(id, to, told, d.Participant.Index)
	if doc, err = xmlsec.SignEnveloped(doc, id, at, key, p.Rand); err != nil {
		return nil, fmt.Errorf("saml2: sign logout request: %w", err)
	}
	return doc, nil
}

// framedPost is a page with one form on it, for a frame of our own sign-out page: by script at once, by its button without. The
// partner's answer may come back here by a redirect.
func framedPost(w http.ResponseWriter, to, name string, doc []byte) {
	h := w.Header()
	h.Del("X-Frame-Options")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'self' "+strings.Join(web.FormEnds(to), " ")+"; frame-ancestors 'self'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	title := html.EscapeString("Sign out of " + name)
	_, _ = io.WriteString(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>`+title+`</title><form method="post" action="`+html.EscapeString(to)+
		`" data-autopost><input type="hidden" name="SAMLRequest" value="`+base64.StdEncoding.EncodeToString(doc)+
		`"><button type="submit">`+title+`</button></form><script src="`+html.EscapeString(web.Asset("autopost.js"))+`"></script></html>`)
}
