package e2e

import (
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestOpenIDCResponseTypes has mod_auth_openidc sign on by every response type that it knows: it compares nonce, at_hash and c_hash, and the
// person in both ID tokens.
func TestOpenIDCResponseTypes(t *testing.T) {
	const all = "id_token, id_token token, code id_token, code token, code id_token token"
	h := startHubWith(t, "", "oidc: { response_types: ["+all+"] }")
	for _, kind := range strings.Split(all, ", ") {
		t.Run(kind, func(t *testing.T) {
			h := *h
			h.t = t
			config := components.OpenIDCConfig{Algorithm: "RS256", Extra: []string{`OIDCResponseType "` + kind + `"`, "OIDCResponseMode form_post", "OIDCCookieSameSite Off"}}
			if kind == "id_token" { // the module of Debian 12 breaks down where it is to pass on a userinfo that it never asked for
				config.Extra = append(config.Extra, "OIDCPassUserInfoAs claims")
			}
			rp := h.openidc(config, ", id_token_alg: RS256, response_types: ["+kind+"]")
			s := h.newSurfer(doctor)
			s.open(rp.Secure)
			s.signInByCard(doctorRole2)
			s.autopost()
			vars := components.Variables(s.body)
			if vars["OIDC_CLAIM_uid"] != doctor || vars["OIDC_CLAIM_sub"] != doctor || vars["OIDC_CLAIM_name"] != "Dr Asha Example" {
				s.fail("not signed in: %v\n%s", vars, rp.Log(t))
			}
			if (vars["OIDC_access_token"] != "") != (kind != "id_token") {
				s.fail("access token %q", vars["OIDC_access_token"])
			}
		})
	}
}
