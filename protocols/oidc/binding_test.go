package oidc

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/lanyard-hub/lanyard/trust"
)

// TestEveryGrantBinds: whatever a client exchanges, where its terms bind it gets no token without a proof, what was refused for the lack
// of one is as good as new, and the token is bound to the key of the proof, in either form of token.
func TestEveryGrantBinds(t *testing.T) {
	bind := func(w *world, client string) {
		w.change(client, func(p *trust.Partner) { p.OIDC.Bind = trust.BindDPoP })
	}
	form := func(pairs ...string) url.Values {
		f := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	ways := map[string]func(t *testing.T) (w *world, client string, f url.Values){
		trust.GrantCode: func(t *testing.T) (*world, string, url.Values) {
			w := newNetwork(t)
			bind(w, app)
			return w, app, codeForm(w.browser().code(app, "resource", recordsURI))
		},
		trust.GrantRefresh: func(t *testing.T) (*world, string, url.Values) {
			w := newNetwork(t)
			set := w.tokens(w.redeem(app, w.browser().code(app)))
			bind(w, app)
			return w, app, w.refreshForm(set.Refresh)
		},
		trust.GrantClient: func(t *testing.T) (*world, string, url.Values) {
			w := newNetwork(t)
			bind(w, app)
			return w, app, form("resource", recordsURI)
		},
		trust.GrantExchange: func(t *testing.T) (*world, string, url.Values) {
			w := newNetwork(t)
			set := w.tokens(w.redeem(app, w.browser().code(app, "scope", everything)))
			bind(w, app)
			return w, app, form("subject_token", set.Access, "subject_token_type", typeAccess, "resource", recordsURI)
		},
		trust.GrantDevice: func(t *testing.T) (*world, string, url.Values) {
			w := newDecoupledWorld(t)
			bind(w.world, "tv")
			d := w.device("tv", "scope", "openid")
			w.browser().decide(d.UserCode, "approve")
			return w.world, "tv", form("device_code", d.DeviceCode)
		},
		trust.GrantCIBA: func(t *testing.T) (*world, string, url.Values) {
			w := newDecoupledWorld(t)
			bind(w.world, "till")
			asked := w.ciba("till")
			w.browser().answer("approve")
			return w.world, "till", form("auth_req_id", asked.ID)
		},
	}
	for _, grant := range grantTypes {
		t.Run(grant.name, func(t *testing.T) {
			way, ok := ways[grant.name]
			if !ok {
				t.Fatal("nothing shows that the tokens of this grant are bound")
			}
			w, client, f := way(t)
			f.Set("grant_type", grant.name)
			after := w.lastSeq()
			w.denied(t, "without a proof", w.call(tokenPath, client, f), after, 400, "invalid_dpop_proof", "dpop_missing")
			key := w.prover()
			set := w.tokens(w.prove(tokenPath, client, f, key.proof("POST", tokenPath, "", nil)))
			access, err := w.p.readAccess(set.Access)
			if err != nil || set.Type != "DPoP" || access.Confirm == nil || access.Confirm.Thumbprint != key.jkt() {
				t.Errorf("%s %+v %v", set.Type, access.Confirm, err)
			}
			if !isJWT(set.Access) {
				return
			}
			claims, _ := w.verified(set.Access)
			said, err := json.Marshal(claims["cnf"])
			if err != nil || string(said) != `{"jkt":"`+key.jkt()+`"}` {
				t.Errorf("cnf %s", said)
			}
		})
	}
}
