package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

const clientSecret = "an-e2e-secret-of-more-than-24-bytes"

// openidc registers mod_auth_openidc as the EPR. JWKS and FRONT in the terms stand for its addresses.
func (h *hub) openidc(c components.OpenIDCConfig, terms string) *components.OpenIDC {
	h.t.Helper()
	c.Host, c.Port, c.CA = "epr.localhost", components.FreePort(h.t), h.ca
	c.Discovery, c.ClientID = h.issuer+"/.well-known/openid-configuration", "999999999901.apps.national"
	c.Scope = "openid profile nhsperson nationalrbacaccess selectedrole"
	at := components.OpenIDCAddresses(c.Host, c.Port)
	auth := "private_key_jwt"
	if c.Key == nil {
		c.ClientSecret, auth = clientSecret, cmp.Or(c.TokenAuth, "client_secret_basic")+", secret_file: epr.secret"
		h.write("epr.secret", clientSecret)
	}
	h.apply("epr", fmt.Sprintf(`partner: %s
name: EPR
protocol: oidc
stage: live
url: %s
require: { assurance: AAL2 }
release: [{ set: cis2 }]
oidc:
  { auth: %s, redirect_uris: [%q], post_logout_redirect_uris: [%q], backchannel_logout_uri: %q,
    scopes: [openid, profile, nhsperson, nationalrbacaccess, selectedrole]%s }
`, c.ClientID, at.Secure, auth, at.RedirectURI, at.PostLogout, at.BackChannel, strings.NewReplacer("JWKS", at.JWKS, "FRONT", at.FrontChannel).Replace(terms)))
	return components.StartOpenIDC(h.t, c)
}

func TestOpenIDCCodeFlow(t *testing.T) {
	for _, alg := range []string{"ES256", "RS256", "RS512", "PS256"} {
		t.Run(alg, func(t *testing.T) {
			h := startHub(t, "")
			rp := h.openidc(components.OpenIDCConfig{Algorithm: alg}, ", id_token_alg: "+alg)
			s := h.newSurfer(doctor)
			s.open(rp.Secure)
			s.signInByCard(doctorRole2)
			vars := components.Variables(s.body)
			if vars["OIDC_CLAIM_uid"] != doctor || vars["OIDC_CLAIM_sub"] != doctor || vars["OIDC_CLAIM_name"] != "Dr Asha Example" {
				s.fail("claims %v", vars)
			}
			var id struct {
				Aud, Acr, Sid  string
				SelectedRole   string   `json:"selected_roleid"`
				Identity       string   `json:"id_assurance_level"`
				Authentication string   `json:"authentication_assurance_level"`
				Amr            []string `json:"amr"`
			}
			if err := json.Unmarshal([]byte(vars["OIDC_id_token_payload"]), &id); err != nil {
				s.fail("ID token %q: %v", vars["OIDC_id_token_payload"], err)
			}
			if id.SelectedRole != doctorRole2 || id.Identity != "3" || id.Authentication != "3" || id.Aud != "999999999901.apps.national" || id.Sid == "" || len(id.Amr) != 1 {
				t.Errorf("ID token %+v", id)
			}
			var info struct {
				Roles []map[string]any `json:"nhsid_nrbac_roles"`
			}
			if err := json.Unmarshal([]byte(vars["OIDC_userinfo_json"]), &info); err != nil {
				s.fail("userinfo %q: %v", vars["OIDC_userinfo_json"], err)
			}
			if len(info.Roles) != 1 || info.Roles[0]["person_roleid"] != doctorRole2 {
				t.Errorf("roles %v", info.Roles)
			}
		})
	}
}

func TestOpenIDCBackChannelLogout(t *testing.T) {
	h := startHub(t, "")
	rp := h.openidc(components.OpenIDCConfig{}, "")
	s := h.newSurfer(nurse)
	s.open(rp.Secure)
	s.signInByCard("")
	if components.Variables(s.body)["OIDC_CLAIM_uid"] != nurse {
		s.fail("not signed in")
	}
	s.open(h.issuer + "/")
	s.submit("Sign out")
	s.see("You are signed out everywhere")
	s.open(rp.Secure)
	s.see("Sign in") // its session is gone, and so is the hub's
}

func TestOpenIDCLogoutFromTheApp(t *testing.T) {
	h := startHub(t, "")
	rp := h.openidc(components.OpenIDCConfig{}, "")
	s := h.newSurfer(nurse)
	s.open(rp.Secure)
	s.signInByCard("")
	s.open(rp.Logout)
	if strings.HasPrefix(s.url.String(), h.issuer) && strings.Contains(s.body, "Sign out") {
		s.submit("Sign out")
	}
	if strings.HasPrefix(s.url.String(), h.issuer) {
		s.follow("Continue")
	}
	if s.url.String() != rp.PostLogout && !strings.HasPrefix(s.url.String(), rp.PostLogout) {
		s.fail("the browser did not come back to the app")
	}
	s.open(h.issuer + "/")
	s.see("Nobody is signed in")
}

// TestOneSessionThreeProtocols is the main job: one sign-in, three systems, one sign-out.
func TestOneSessionThreeProtocols(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true, LogoutBinding: "SOAP"}, "")
	rp := h.openidc(components.OpenIDCConfig{}, "")
	path := h.pathology()
	s := h.newSurfer(doctor)
	s.open(sp.Secure)
	s.signInByCard(doctorRole2)
	s.autopost()
	if components.Variables(s.body)["roleid"] != doctorRole2 {
		s.fail("PAS")
	}
	s.open(rp.Secure)
	if components.Variables(s.body)["OIDC_CLAIM_uid"] != doctor {
		s.fail("EPR asked again, or failed")
	}
	s.open(h.issuer + "/ticket/start?partner=pathology")
	s.autopost()
	token := path.last(t)
	if a := path.read(t, token); a.role != doctorRole2 || a.uid != doctor {
		t.Errorf("role assertion %+v", a)
	}
	s.open(h.issuer + "/")
	s.submit("Sign out")
	s.see("You are signed out everywhere")
	for _, app := range []string{sp.Secure, rp.Secure} {
		s.open(app)
		s.see("Sign in")
	}
	if a := path.read(t, token); a.status != 403 {
		t.Errorf("the ticket outlived the session: %+v", a)
	}
	h.noPersonalData(token, "Asha", "Example", doctor, doctorRole2, clientSecret)
}
