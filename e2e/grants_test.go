package e2e

import (
	"encoding/json"
	"net/url"
	"testing"
)

// shown is what a resource server made of a token.
type shown struct {
	Scope, Issued       string
	Expires             float64
	JWT                 bool `json:"jwt"`
	Read, Introspection map[string]any
	Refused             *refused
}

// TestTokensForOthers: tokens of clients in their own name, and tokens exchanged, as the library and a resource server made of it read them.
func TestTokensForOthers(t *testing.T) {
	h := startHub(t, "")
	l := h.startLibrary(
		libraryClient{Name: "app", ID: "app", Auth: "private_key_jwt", Alg: "ES256", Terms: ", grants: [authorization_code, client_credentials], resource_servers: [fhir, lab], exchange: [fhir, lab]"},
		libraryClient{Name: "fhir", ID: "fhir", Auth: "client_secret_basic", Alg: "ES256", Introspection: "ES256", Terms: ", resource: ['AT/api'], access_token: jwt"},
		libraryClient{Name: "lab", ID: "lab", Auth: "client_secret_post", Alg: "RS256", Terms: ", resource: ['AT/api'], resource_scopes: [fhir.read]"},
	)
	s := h.newSurfer(doctor)
	look := func(path string, query ...string) shown {
		q := url.Values{}
		for i := 0; i+1 < len(query); i += 2 {
			q.Set(query[i], query[i+1])
		}
		s.open(l.base + path + "?" + q.Encode())
		var out shown
		if err := json.Unmarshal([]byte(s.body), &out); err != nil {
			s.fail("not JSON: %v", err)
		}
		return out
	}
	got := look("/app/own", "to", "fhir", "resource", l.base+"/fhir/api", "scope", "fhir.read")
	if !got.JWT || got.Read["sub"] != "app" || got.Read["scope"] != "fhir.read" || got.Introspection["active"] != true || got.Introspection["aud"] != l.base+"/fhir/api" {
		s.fail("own, by JWT: %+v %+v", got, got.Refused)
	}
	got = look("/app/own", "to", "lab", "resource", l.base+"/lab/api")
	if got.JWT || got.Scope != "fhir.read" || got.Introspection["active"] != true || got.Introspection["client_id"] != "app" {
		s.fail("own, opaque: %+v %+v", got, got.Refused)
	}
	if got = look("/app/own", "to", "fhir", "resource", l.base+"/lab/api"); got.Introspection["active"] != false {
		s.fail("told of a token for another: %+v %+v", got, got.Refused)
	}
	s.open(l.base + "/app/start")
	s.signInByCard(doctorRole2)
	if first := s.read(); first.Refused != nil || first.Claims.Sub != doctor {
		s.fail("%+v %+v", first, first.Refused)
	}
	got = look("/app/exchange", "to", "fhir", "audience", "fhir", "scope", "nationalrbacaccess")
	act, _ := got.Read["act"].(map[string]any)
	if !got.JWT || act["sub"] != "app" || got.Read["client_id"] != "app" || got.Read["nhsid_nrbac_roles"] == nil || got.Read["name"] != nil || got.Introspection["active"] != true {
		s.fail("exchanged: %+v %+v", got, got.Refused)
	}
	if got = look("/app/exchange", "to", "fhir", "audience", "app"); got.Refused == nil || got.Refused.Error != "invalid_target" {
		s.fail("exchanged for itself: %+v %+v", got, got.Refused)
	}
	s.open(l.base + "/app/logout")
	if got = look("/app/exchange", "to", "fhir", "audience", "fhir"); got.Refused == nil || got.Refused.Error != "invalid_request" {
		s.fail("exchanged after the sign-out: %+v %+v", got, got.Refused)
	}
	s.open(l.base + "/fhir/told")
	var tokens []map[string]any
	if err := json.Unmarshal([]byte(s.body), &tokens); err != nil || len(tokens) != 1 {
		s.fail("the resource server was told %v: %v", tokens, err)
	}
}
