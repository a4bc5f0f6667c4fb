package saml2

import (
	"net/http"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

const (
	soapSpace = "http://schemas.xmlsoap.org/soap/envelope/"
	soapMedia = "text/xml; charset=utf-8"
)

// envelope wraps a message that is already signed (SAML Bindings 3.2).
func envelope(message []byte) []byte {
	w := &writer{b: make([]byte, 0, len(message)+200)}
	w.raw(`<soap:Envelope xmlns:soap="`, soapSpace, `"><soap:Body>`)
	w.b = append(w.b, message...)
	w.raw("</soap:Body></soap:Envelope>")
	return w.b
}

// decodeSOAP returns the one message of a SOAP request, not verified yet.
func decodeSOAP(r *http.Request) (message, error) {
	body, err := readBody(r, "text/xml", "application/xml", "application/soap+xml") // the last is of SOAP 1.2, and what pysaml2 says
	if err != nil {
		return message{}, err
	}
	inner, err := xmlsec.SOAPBody(body, xmlsec.MessageLimits())
	if err != nil {
		return message{}, refuseXML(err)
	}
	return message{by: bySOAP, xml: string(inner)}, nil
}

// faulted answers with a fault what cannot be answered by a message: nobody is proven to have asked, or the request has no ID.
func (p *Provider) faulted(w http.ResponseWriter, r *http.Request, from sender, id string, err error) bool {
	if err == nil || from.signed && id != "" {
		return false
	}
	p.fault(w, p.record(r, from.partner.ID, err))
	return true
}

// soapHeader is what SAML Bindings 3.2.3 has for answers by SOAP: caches keep none.
func soapHeader(h http.Header) {
	h.Set("Content-Type", soapMedia)
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate, private")
	h.Set("Pragma", "no-cache")
}

// sendSOAP answers with a message that is signed as it shall be.
func (p *Provider) sendSOAP(w http.ResponseWriter, doc []byte) {
	soapHeader(w.Header())
	_, _ = w.Write(envelope(doc)) // the partner went away: nothing to do about it
}

// sloSOAP takes a LogoutRequest from a partner's server. What is not proven to come from a partner gets a SOAP fault.
func (p *Provider) sloSOAP(w http.ResponseWriter, r *http.Request) {
	m, err := decodeSOAP(r)
	var q logoutInquiry
	if err == nil {
		q, err = p.examineLogout(r.Context(), m, p.Kit.URL(SOAPPath))
	}
	if p.faulted(w, r, q.sender, q.req.ID, err) {
		return
	}
	st := status{}
	if err == nil {
		st, err = p.logoutBySOAP(r, q)
	}
	if err != nil {
		st = statusOf(p.record(r, q.partner.ID, err))
	}
	p.replySOAP(w, r, q.partner, q.req.ID, st)
}

func (p *Provider) logoutBySOAP(r *http.Request, q logoutInquiry) (status, error) {
	report, err := p.endSessions(r.Context(), q, "")
	if err != nil {
		return status{}, err
	}
	return statusOfLogout(report.Deliveries), nil
}

func (p *Provider) replySOAP(w http.ResponseWriter, r *http.Request, partner trust.Partner, request string, st status) {
	res := response{element: logoutElement, id: p.newID(), at: p.Hub.Clock(), request: request, status: st}
	doc, err := p.signResponse(partner, res, nil)
	if err != nil {
		p.fault(w, p.record(r, partner.ID, err))
		return
	}
	p.sendSOAP(w, doc)
}

// fault answers with a SOAP 1.1 fault, which HTTP carries as 500 (SOAP 1.1, 6.2).
func (p *Provider) fault(w http.ResponseWriter, refusal *bridge.Refusal) {
	sendFault(w, refusal, http.StatusInternalServerError)
}

// turnAway answers a system that was not admitted. HTTP says more precisely than SOAP that it may try again.
func (p *Provider) turnAway(w http.ResponseWriter, _ *http.Request, refusal *bridge.Refusal) {
	status, _, _ := web.PageOf(refusal.Reason)
	sendFault(w, refusal, status)
}

// faultCode says whose fault it is (SOAP 1.1, 4.4.1).
func faultCode(refusal *bridge.Refusal) string {
	switch {
	case refusal.Code == xmlsec.CodeMustUnderstand:
		return "MustUnderstand"
	case refusal.Code == xmlsec.CodeSOAPVersion:
		return "VersionMismatch"
	case slices.Contains([]bridge.Reason{bridge.Internal, bridge.Unavailable, bridge.Throttled}, refusal.Reason):
		return "Server"
	}
	return "Client"
}

func sendFault(w http.ResponseWriter, refusal *bridge.Refusal, status int) {
	x := &writer{}
	x.raw("<soap:Fault><faultcode>soap:")
	x.raw(faultCode(refusal), "</faultcode><faultstring>")
	x.text(refusal.Detail)
	x.raw("</faultstring></soap:Fault>")
	soapHeader(w.Header())
	w.WriteHeader(status)
	_, _ = w.Write(envelope(x.b))
}
