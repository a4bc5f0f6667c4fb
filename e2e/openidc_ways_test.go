package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// openIDCInfo is what the module's information hook tells of its session.
type openIDCInfo struct {
	Access   string `json:"access_token"`
	Refresh  string `json:"refresh_token"`
	Userinfo struct {
		Sub, Name string
		Roles     []map[string]any `json:"nhsid_nrbac_roles"`
	} `json:"userinfo"`
	ID struct {
		Sid, Acr string
		AuthTime float64 `json:"auth_time"`
	} `json:"id_token"`
}

func (s *surfer) info(rp *components.OpenIDC) openIDCInfo {
	s.t.Helper()
	s.open(rp.Info)
	var out openIDCInfo
	if err := json.Unmarshal([]byte(s.body), &out); err != nil {
		s.fail("not JSON: %v\n%s", err, rp.Log(s.t))
	}
	return out
}

// TestOpenIDCWays has mod_auth_openidc authenticate, ask and be answered in the ways that it knows beside the usual ones.
func TestOpenIDCWays(t *testing.T) {
	for name, c := range map[string]struct {
		config components.OpenIDCConfig
		keyed  bool
		terms  string
	}{
		"private_key_jwt, keys fetched from it": {components.OpenIDCConfig{TokenAuth: "private_key_jwt"}, true, ", jwks_uri: 'JWKS'"},
		"client_secret_post, answer by form_post": {
			components.OpenIDCConfig{TokenAuth: "client_secret_post", Extra: []string{"OIDCResponseMode form_post", "OIDCCookieSameSite Off"}}, false, ", response_modes: [form_post]",
		},
		"signed userinfo, token in the body": {components.OpenIDCConfig{Extra: []string{"OIDCUserInfoSignedResponseAlg RS256", "OIDCUserInfoTokenMethod post_param"}}, false, ", userinfo_alg: RS256"},
		"signed request object": { // it has no exp, so that terms which require an object refuse it
			components.OpenIDCConfig{TokenAuth: "private_key_jwt", Extra: []string{`OIDCRequestObject "{ \"copy_from_request\": [\"client_id\", \"response_type\", \"redirect_uri\", \"scope\", \"state\", \"nonce\", \"code_challenge\", \"code_challenge_method\"], \"request_object_type\": \"request\", \"static\": { \"acr_values\": \"AAL2_OR_AAL3_ANY\" }, \"crypto\": { \"sign_alg\": \"RS256\" } }"`}},
			true, ", jwks_uri: 'JWKS', request_object_alg: RS256",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := startHub(t, "")
			c.config.Algorithm = "RS256"
			if c.keyed {
				c.config.Key, c.config.KeyID = components.SelfSigned(t, "epr", components.RSAKey(t)), "epr-1"
			}
			terms := c.terms + ", id_token_alg: RS256"
			rp := h.openidc(c.config, terms)
			s := h.newSurfer(doctor)
			s.open(rp.Secure)
			s.signInByCard(doctorRole2)
			if strings.Contains(name, "form_post") {
				s.autopost()
			}
			if components.Variables(s.body)["OIDC_CLAIM_uid"] != doctor {
				s.fail("not signed in\n%s", rp.Log(t))
			}
			if got := s.info(rp); got.Userinfo.Sub != doctor || got.Userinfo.Name != "Dr Asha Example" || len(got.Userinfo.Roles) != 1 || got.ID.Sid == "" || got.ID.AuthTime == 0 || (got.ID.Acr == "AAL2_OR_AAL3_ANY") != strings.Contains(name, "object") {
				s.fail("%+v", got) // the object alone names a class
			}
		})
	}
}

// TestOpenIDCRefresh: the module gets new tokens for its session, each by the refresh token before.
func TestOpenIDCRefresh(t *testing.T) {
	h := startHub(t, "")
	rp := h.openidc(components.OpenIDCConfig{}, ", refresh: true")
	s := h.newSurfer(doctor)
	s.open(rp.Secure)
	s.signInByCard(doctorRole2)
	for range 2 {
		before := s.info(rp)
		s.open(rp.RedirectURI + "?" + url.Values{"refresh": {rp.Secure}, "access_token": {before.Access}}.Encode())
		after := s.info(rp)
		if before.Access == "" || after.Access == before.Access || after.Access == "" || after.Refresh == before.Refresh || after.ID.Sid != before.ID.Sid || after.Userinfo.Sub != doctor {
			s.fail("before %+v\nafter %+v\n%s", before, after, rp.Log(t))
		}
	}
}

// TestOpenIDCFrontChannelLogout: the module hears of a sign-out in a frame, by sid, whatever the browser thinks of cookies there.
func TestOpenIDCFrontChannelLogout(t *testing.T) {
	h := startHub(t, "")
	rp := h.openidc(components.OpenIDCConfig{}, ", frontchannel_logout_uri: 'FRONT', frontchannel_session: true")
	h.apply("epr", strings.Replace(h.read("epr.yaml"), fmt.Sprintf("backchannel_logout_uri: %q,", rp.BackChannel), "", 1)) // the back channel would come first
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[nurse]}})
	b.Open(t, rp.Secure)
	b.Click(t, "#way-card button[type=submit]")
	b.SeeText(t, "body", nurse)
	b.Open(t, h.issuer+"/")
	b.Click(t, `form[action="/signout"] button`)
	b.SeeText(t, "main", "Told")
	b.Open(t, rp.Secure)
	b.SeeText(t, "h1", "Sign in")
	if log := rp.Log(t); !strings.Contains(log, "logout=get") {
		t.Errorf("the module was not visited:\n%s", log)
	}
}

func (h *hub) read(name string) string {
	h.t.Helper()
	data, err := os.ReadFile(h.path(name))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(data)
}
