package ticket

import (
	"encoding/base64"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/protocols/ticket/gpobject"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// activate gives an agent a challenge for its card.
func (p *Provider) activate(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	o, err := p.readAgent(r, serviceActivation)
	var a attempt
	if err == nil {
		a, err = readAttempt(o)
	}
	if err != nil {
		p.refuseAgent(w, r, p.hub.RefuseRequest(ctx, ledger.Refused, "", bridge.Ref(ctx), err))
		return
	}
	challenge, signature := p.challenge(a)
	p.writeAgent(w, r, http.StatusOK, gpobject.Object{
		{Name: "log_session_id", Value: a.logSession},
		{Name: "challenge", Value: base64.StdEncoding.EncodeToString(challenge)},
		{Name: "signature", Value: base64.StdEncoding.EncodeToString(signature)},
		{Name: "reply_url", Value: p.origin(r) + activatePath},
		{Name: "auth_method", Value: authMethod},
		{Name: "app_url", Value: o.Value("app_url")},
		{Name: "service", Value: serviceActivation},
	})
}
