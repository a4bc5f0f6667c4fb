package saml2

import (
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web"
)

const (
	ecpSpace  = "urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp"
	actorNext = "http://schemas.xmlsoap.org/soap/actor/next"
)

// ecp answers an AuthnRequest that an enhanced client took from a partner by PAOS and brings here by SOAP, with a proof of its own
// (SAML Profiles 4.2). It has no pages: a role, where several are open, is named by the query parameter role.
func (p *Provider) ecp(w http.ResponseWriter, r *http.Request) {
	if p.showsCards(r) {
		w.Header().Set("Connection", "close") // the card was shown for this request: it may be gone when the next one comes
	}
	m, err := decodeSOAP(r)
	if err != nil {
		p.fault(w, p.record(r, "", err))
		return
	}
	q, err := p.examineECP(r, m)
	if err == nil {
		err = p.answerECP(w, r, q)
	}
	if err == nil {
		return
	}
	refusal := p.record(r, q.partner.ID, err)
	if onlyOnPage(refusal) || !q.reply.registered(q.partner) {
		p.fault(w, refusal)
		return
	}
	doc, err := p.encodeRefusal(q.partner, state{ID: q.req.ID, Reply: q.reply}, refusal, bridge.Ref(r.Context()))
	if err != nil {
		p.fault(w, p.record(r, q.partner.ID, err))
		return
	}
	p.sendECP(w, q, doc)
}

// examineECP is examine for a request by SOAP. Destination is that of whichever address of this service was used, and may be
// missing: the partner does not know which identity provider the client will go to.
func (p *Provider) examineECP(r *http.Request, m message) (inquiry, error) {
	q := p.newInquiry(m)
	q.offered = []binding{byPAOS}
	q.endpoint = p.Kit.URL(ECPPath)
	if p.CardECP != "" && p.showsCards(r) {
		q.endpoint = p.CardECP
	}
	return p.judge(r.Context(), m, q)
}

// showsCards reports whether a request came where client certificates are taken.
func (p *Provider) showsCards(r *http.Request) bool {
	return isCardConnection(r) || isAddressedTo(r, p.CardECP)
}

func isCardConnection(r *http.Request) bool { return r.TLS != nil && len(r.TLS.PeerCertificates) > 0 }

// isAddressedTo reports whether a request names the host of a service; behind a proxy, which ends the connection, only that tells.
func isAddressedTo(r *http.Request, service string) bool {
	at, err := url.Parse(service)
	return err == nil && at.Host != "" && web.IsAt(r, at)
}

// answerECP proves who the client is, then decides as for a browser. Where nothing is proven it has answered 401 already.
func (p *Provider) answerECP(w http.ResponseWriter, r *http.Request, q inquiry) error {
	proof, err := p.Clients.ClientProof(r)
	if err != nil {
		return p.askClient(w, r, q, err)
	}
	req, err := q.request()
	if err != nil {
		return err
	}
	req.RoleID = r.URL.Query().Get("role")
	next, err := p.Hub.BeginProven(r.Context(), req, proof)
	if err != nil {
		return err
	}
	st, err := decodeState(req.State)
	if err != nil {
		return err
	}
	doc, iss, err := p.decide(r, next, st)
	if err == nil {
		err = p.Hub.Deliver(r.Context(), iss)
	}
	if err != nil {
		return p.Hub.Unused(r.Context(), next.Transaction, err)
	}
	p.sendECP(w, q, doc)
	return nil
}

// askClient answers 401 with a challenge, whether nothing was shown or something that was not accepted.
func (p *Provider) askClient(w http.ResponseWriter, r *http.Request, q inquiry, why error) error {
	refusal := bridge.AsRefusal(why)
	switch refusal.Reason {
	case bridge.Internal, bridge.Unavailable:
		return why
	case bridge.CredentialMissing:
	default:
		tx := bridge.Transaction{Ref: bridge.Ref(r.Context()), Request: bridge.Request{Partner: q.partner.ID}}
		if why := p.Hub.RefuseSignIn(r.Context(), tx, bridge.MethodSmartcard, refusal); bridge.AsRefusal(why).Reason == bridge.Internal {
			return why
		}
	}
	challenge, err := p.Clients.ClientChallenge(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("WWW-Authenticate", challenge)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write([]byte(refusal.Detail + "\n")) // the client went away: nothing to do about it
	return nil
}

// sendECP writes the envelope for the client: where the partner may get this answer and nowhere else, whether the request was
// authenticated, and the response (SAML Profiles 4.2.4.5; ECP 2.0, 2.3.6).
func (p *Provider) sendECP(w http.ResponseWriter, q inquiry, doc []byte) {
	x := &writer{b: make([]byte, 0, len(doc)+700)}
	x.raw(`<soap:Envelope xmlns:soap="`, soapSpace, `"><soap:Header>`)
	x.raw(`<ecp:Response xmlns:ecp="`, ecpSpace, `"`)
	x.attr("AssertionConsumerServiceURL", q.reply.URL)
	x.raw(` soap:actor="`, actorNext, `" soap:mustUnderstand="1"></ecp:Response>`)
	if q.signed {
		x.raw(`<ecp:RequestAuthenticated xmlns:ecp="`, ecpSpace, `" soap:actor="`, actorNext, `"></ecp:RequestAuthenticated>`)
	}
	x.raw("</soap:Header><soap:Body>")
	x.b = append(x.b, doc...)
	x.raw("</soap:Body></soap:Envelope>")
	soapHeader(w.Header())
	_, _ = w.Write(x.b) // the client went away: nothing to do about it
}
