package ticket

import (
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
)

// selectRole makes the session of an agent's ticket act in the role that the person chose at the agent. The parameters ssbMode,
// fallbackStatus and gacVersion are passed over: the hub knows its mode.
func (p *Provider) selectRole(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	err := p.fromAgent(r)
	var q url.Values
	if err == nil {
		q, err = onceEach(r.URL.RawQuery)
	}
	var held held
	if err == nil {
		held, err = p.agents(ctx, q.Get("token"))
	}
	if err == nil {
		err = p.hub.ChooseRoleFor(ctx, held.Grant, q.Get("selectedRoleUid"))
	}
	p.answerStatus(w, r, err)
}

// onceEach reads parameters, each of which may be given once.
func onceEach(raw string) (url.Values, error) {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return nil, bridge.Refuse(bridge.BadRequest, "The parameters are not well formed.").WithCode("ticket_malformed").Because(err)
	}
	for _, values := range q {
		if len(values) > 1 {
			return nil, bridge.Refuse(bridge.BadRequest, "A parameter is given twice.").WithCode("dup_param")
		}
	}
	return q, nil
}
