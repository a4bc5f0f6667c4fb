package e2e

import (
	"net/url"
	"strings"
	"testing"
)

// TestOpenIDClientRequests has a certified library ask in every way there is, and take every kind of answer it can read.
func TestOpenIDClientRequests(t *testing.T) {
	h := startHub(t, "")
	l := h.startLibrary(
		libraryClient{Name: "open", ID: "999999999921.apps.national", Auth: "private_key_jwt", Alg: "ES256"},
		libraryClient{Name: "pushed", ID: "999999999922.apps.national", Auth: "client_secret_basic", Alg: "ES256", Terms: ", par: true"},
		libraryClient{Name: "public", ID: "999999999923.apps.national", Auth: "none", Alg: "RS256", Terms: ", par: true"},
		libraryClient{
			Name: "signed", ID: "999999999924.apps.national", Auth: "private_key_jwt", Alg: "ES256", JARM: "PS256",
			Terms: ", request_object: required, request_object_alg: ES256, response_modes: [jwt], response_alg: PS256",
		},
	)
	s := h.newSurfer(doctor)
	s.open(l.base + "/open/start")
	s.signInByCard(doctorRole2)
	claims := "&claims=" + url.QueryEscape(`{"id_token":{"family_name":{"essential":true}},"userinfo":{"title":null}}`)
	for _, c := range []struct{ client, query, refused string }{
		{"open", "via=par", ""},
		{"open", "via=jar", ""},
		{"open", "via=jar%2Bpar", ""},
		{"open", "via=jar&response_mode=form_post", ""},
		{"open", "scope=openid" + claims, ""},
		{"open", "via=jar&scope=openid" + claims, ""},
		{"open", "via=jar%2Bpar&scope=openid" + claims, ""},
		{"pushed", "via=par", ""},
		{"pushed", "", "invalid_request"},
		{"public", "via=par", ""},
		{"signed", "via=jar", ""},
		{"signed", "via=jar%2Bpar", ""},
		{"signed", "via=jar&prompt=none&max_age=0", "login_required"},
		{"signed", "", "invalid_request"},
	} {
		s.open(l.base + "/" + c.client + "/start?" + c.query)
		if strings.Contains(c.query, "form_post") {
			s.autopost()
		}
		got := s.read()
		switch {
		case c.refused != "":
			if got.Refused == nil || got.Refused.Name != "AuthorizationResponseError" || got.Refused.Error != c.refused {
				s.fail("%s, %s: %+v %+v", c.client, c.query, got, got.Refused)
			}
		case got.Refused != nil || got.Claims.Sub != doctor:
			s.fail("%s, %s: %+v %+v", c.client, c.query, got, got.Refused)
		case strings.Contains(c.query, "claims") && (got.Claims.FamilyName != "Example" || got.Userinfo["title"] == nil || got.Userinfo["name"] != nil):
			s.fail("%s, %s: %+v", c.client, c.query, got)
		}
	}
}
