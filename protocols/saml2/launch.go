package saml2

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// launch begins a sign-on that nobody asked for by a message (SAML Profiles 4.1.5): a link on a portal. The parameters have the
// names of the field: providerId is the partner, target what it gets as RelayState, shire its assertion consumer service.
func (p *Provider) launch(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	for _, name := range []string{"providerId", "target", "shire"} {
		if len(query[name]) > 1 {
			err = badRequest("dup_param", "The request says the same thing twice.")
		}
	}
	if err != nil {
		p.refusePage(w, r, "", badRequest("launch", "The link is not written as it should be.").Because(err))
		return
	}
	partner, err := p.partner(query.Get("providerId"))
	if err != nil {
		p.refusePage(w, r, "", err)
		return
	}
	req, err := p.unsolicited(partner, query)
	if err != nil {
		p.refusePage(w, r, partner.ID, err)
		return
	}
	p.begin(w, r, req, partner)
}

// unsolicited is the request that a link stands for. Only targets that the partner's terms name are launched.
func (p *Provider) unsolicited(partner trust.Partner, query url.Values) (bridge.Request, error) {
	targets := partner.SAML.LaunchTargets
	if len(targets) == 0 {
		return bridge.Request{}, bridge.Refuse(bridge.UnsupportedRequest, "%s is not opened from here. Start in the app.", partner.Name).WithCode("launch_off")
	}
	q := p.newInquiry(message{})
	q.sender = sender{partner: partner}
	if r := p.checkMetadata(partner); r != nil {
		return bridge.Request{}, r
	}
	if target := query.Get("target"); query.Has("target") {
		if !slices.Contains(targets, target) {
			return bridge.Request{}, bridge.Refuse(bridge.BadReplyAddress, "The link leads to an address that is not registered for %s.", partner.Name).WithCode("launch_target")
		}
		q.relay = relayState{Present: true, Value: target}
	}
	if shire := query.Get("shire"); query.Has("shire") {
		q.req.ACSURL = &shire
	}
	var r *bridge.Refusal
	if q.reply, r = chooseReply(partner.SAML.Entity.SP, q.req, browserReplies()); r != nil {
		return bridge.Request{}, r
	}
	req, err := q.request()
	req.Once = bridge.Mark{}
	return req, err
}
