package oidc

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// TestClaimsParameter lists requests for claims by name, with what the ID token holds besides its own claims, and what userinfo says
// besides sub. The terms release the set cis2.
func TestClaimsParameter(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	for name, c := range map[string]struct {
		scope, claims string
		id, info      map[string]any
	}{
		"in userinfo":                {"openid", `{"userinfo":{"name":{"essential":true},"email":null}}`, nil, map[string]any{"name": "Nurse Asha Patel", "email": "asha@rx1.example"}},
		"in the ID token":            {"openid", `{"id_token":{"email":{"essential":false},"given_name":{}}}`, map[string]any{"email": "asha@rx1.example", "given_name": "Asha"}, nil},
		"in one place each":          {"openid", `{"id_token":{"email":null},"userinfo":{"title":null}}`, map[string]any{"email": "asha@rx1.example"}, map[string]any{"title": "Ms"}},
		"beside a scope":             {"openid email", `{"userinfo":{"title":null}}`, nil, map[string]any{"email": "asha@rx1.example", "title": "Ms"}},
		"by scope, and elsewhere":    {"openid email", `{"id_token":{"email":null}}`, map[string]any{"email": "asha@rx1.example"}, map[string]any{"email": "asha@rx1.example"}},
		"with this value":            {"openid", `{"userinfo":{"title":{"value":"Ms"}}}`, nil, map[string]any{"title": "Ms"}},
		"with one of these values":   {"openid", `{"userinfo":{"title":{"values":["Mr","Ms"]}}}`, nil, map[string]any{"title": "Ms"}},
		"with another value":         {"openid", `{"userinfo":{"title":{"value":"Mr"}},"id_token":{"title":{"values":["Mr","Dr"]}}}`, nil, nil},
		"another value, by scope":    {"openid nhsperson", `{"userinfo":{"title":{"value":"Mr"}}}`, nil, map[string]any{"title": "Ms", "display_name": "Nurse Asha Patel", "idassurancelevel": "3", "nhsid_useruid": nurse}},
		"a value spelt otherwise":    {"openid", `{"userinfo":{"title":{"value":"\u004ds"}}}`, nil, map[string]any{"title": "Ms"}},
		"unknown":                    {"openid", `{"userinfo":{"shoe_size":{"essential":true}},"id_token":{"name#fr":null}}`, nil, nil},
		"what the token says anyway": {"openid", `{"id_token":{"auth_time":{"essential":true},"iss":{"value":"https://evil.example"},"amr":null}}`, nil, nil},
		"nothing":                    {"openid", `{"userinfo":null,"id_token":{}}`, nil, nil},
		"other members":              {"openid", `{"userinfo":{"title":{"x":1}},"other":{"y":[]},"id_token":{"acr":null}}`, nil, map[string]any{"title": "Ms"}},
		"acr, voluntary":             {"openid", `{"id_token":{"acr":{"values":["gold","AAL2_ANY"]}}}`, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			set := w.tokens(w.redeem("basic", b.code("basic", "scope", c.scope, "claims", c.claims)))
			for range 2 { // and the same at a refresh
				claims, _ := w.verified(set.ID)
				var info map[string]any
				must(t, json.Unmarshal([]byte(w.userinfo(set.Access).body), &info))
				delete(info, "sub")
				for own := range claims {
					if slices.Contains(ownNames(), own) && own != "selected_roleid" {
						delete(claims, own)
					}
				}
				for _, d := range []struct {
					where     string
					want, got map[string]any
				}{{"ID token", c.id, claims}, {"userinfo", c.info, info}} {
					if len(d.want)+len(d.got) > 0 {
						if diff := cmp.Diff(d.want, d.got); diff != "" {
							t.Errorf("%s: %s", d.where, diff)
						}
					}
				}
				set = w.tokens(w.refresh("basic", set.Refresh))
			}
		})
	}
}

// ownNames are the claims that an ID token fills itself.
func ownNames() []string {
	var out []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[idToken]()) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// TestClaimsAreReleasedByTerms: asking releases nothing, and what the terms stopped releasing is gone from tokens and userinfo.
func TestClaimsAreReleasedByTerms(t *testing.T) {
	w := newWorld(t)
	w.role = roleOne
	const claims = `{"id_token":{"email":null,"selected_roleid":null},"userinfo":{"title":null,"selected_roleid":null}}`
	released := w.clients["basic"].Terms.Release
	only := func(names ...string) func(*trust.Partner) {
		return func(p *trust.Partner) {
			p.Terms.Release = slices.DeleteFunc(slices.Clone(released), func(r trust.Rule) bool { return !slices.Contains(names, r.Name) })
		}
	}
	b := w.browser()
	b.code("basic", "scope", "openid selectedrole")
	set := w.tokens(w.redeem("basic", b.code("basic", "claims", claims, "scope", "openid selectedrole")))
	if got, _ := w.verified(set.ID); got["email"] != "asha@rx1.example" || got["selected_roleid"] != roleOne {
		t.Errorf("ID token %v", got)
	}
	if got := w.userinfo(set.Access).body; !strings.Contains(got, `"title":"Ms"`) || !strings.Contains(got, `"selected_roleid":"`+roleOne+`"`) {
		t.Errorf("userinfo %s", got)
	}
	w.change("basic", only("name"))
	set = w.tokens(w.refresh("basic", set.Refresh))
	if got, _ := w.verified(set.ID); got["email"] != nil || got["selected_roleid"] != nil {
		t.Errorf("ID token %v", got)
	}
	if got := w.userinfo(set.Access).body; got != `{"sub":"`+nurse+`"}` {
		t.Errorf("userinfo %s", got)
	}
	a, _, why := w.p.understand(t.Context(), request("basic", "claims", claims))
	if why != nil || a.Claims != nil {
		t.Errorf("kept %+v, %v", a.Claims, why)
	}
	// by name alone, without the scope
	w.change("basic", only("selected_roleid"))
	set = w.tokens(w.redeem("basic", b.code("basic", "claims", claims)))
	if got, _ := w.verified(set.ID); got["selected_roleid"] != roleOne {
		t.Errorf("ID token %v", got)
	}
}

// TestClaimsParameterIsJudged lists what is refused of the parameter, and what merely bears on the sign-on.
func TestClaimsParameterIsJudged(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	for claims, want := range map[string]string{
		`{"userinfo":[]}`:                                                      "invalid_request",
		`{"userinfo":{"name":true}}`:                                           "invalid_request",
		`{"userinfo":{"name":{"essential":"yes"}}}`:                            "invalid_request",
		`{"userinfo":{"name":{"values":"x"}}}`:                                 "invalid_request",
		`{"userinfo":{"name":null,"name":null}}`:                               "invalid_request",
		`{"id_token":{},"id_token":{}}`:                                        "invalid_request",
		`{"id_token":{"acr":{"values":[1]}}}`:                                  "invalid_request",
		`{"id_token":{"sub":{"value":7}}}`:                                     "invalid_request",
		`{"id_token":{"sub":{"value":""}}}`:                                    "invalid_request",
		`[]`:                                                                   "invalid_request",
		`null`:                                                                 "invalid_request",
		`{"userinfo":{"a":` + strings.Repeat("[", 2000) + `}}`:                 "invalid_request",
		`{"id_token":{"sub":{"value":"` + nurse + `"}}}`:                       "",
		`{"userinfo":{"sub":{"value":"` + nurse + `"}}}`:                       "",
		`{"id_token":{"sub":null}}`:                                            "",
		`{"id_token":{"sub":{"value":"` + clerk + `"}}}`:                       "login_required",
		`{"userinfo":{"sub":{"values":["` + clerk + `"]}}}`:                    "login_required",
		`{"id_token":{"sub":{"values":["` + nurse + `","` + clerk + `"]}}}`:    "login_required",
		`{"id_token":{"acr":{"essential":true,"values":["gold"]}}}`:            "unmet_authentication_requirements",
		`{"id_token":{"acr":{"essential":true}}}`:                              "",
		`{"id_token":{"acr":{"essential":true,"values":["gold","AAL3_ANY"]}}}`: "",
		`{"id_token":{"acr":{"values":["gold"]}}}`:                             "",
		`{"id_token":{"acr":{"values":["AAL3_FIDO2"]}}}`:                       "login_required", // can be met, and was not
		`{"userinfo":{"acr":{"essential":true,"values":["gold"]}}}`:            "",
		`{"id_token":{"auth_time":{"essential":true}}}`:                        "",
	} {
		got := b.authorize("basic", "prompt", "none", "claims", claims)
		if got.query("error") != want || (got.query("code") == "") != (want != "") {
			t.Errorf("%.80s: %v, want %q", claims, got.to, want)
		}
	}
}

// TestACRByProfile: what is merely asked for and cannot be met here is passed over, except in the profile cis2; the ID token says
// what happened.
func TestACRByProfile(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		profile trust.Profile
		pairs   []string
		want    string // acr, or an error
	}{
		{trust.ProfileBasic, []string{"acr_values", "1 2"}, "AAL3_ANY"},
		{trust.ProfileBasic, []string{"acr_values", "AAL2_TOTP AAL1_USERPASS"}, "AAL3_ANY"},
		{trust.ProfileBasic, []string{"acr_values", "gold AAL2_ANY"}, "AAL2_ANY"},
		{trust.ProfileBasic, []string{"acr_values", "AAL3_FIDO2"}, "unmet_authentication_requirements"},
		{trust.ProfileBasic, []string{"acr_values", "AAL3_SMARTCARD AAL3_FIDO2"}, "AAL3_SMARTCARD"},
		{trust.ProfileFAPI2, []string{"acr_values", "gold"}, "AAL3_ANY"},
	} {
		w.change("basic", func(p *trust.Partner) { p.OIDC.Profile = c.profile })
		got := w.browser().authorize("basic", c.pairs...)
		acr := got.query("error")
		if acr == "" {
			claims, _ := w.verified(w.tokens(w.redeem("basic", got.query("code"))).ID)
			acr, _ = claims["acr"].(string)
		}
		if acr != c.want {
			t.Errorf("%s, %v: %s, want %s", c.profile, c.pairs, acr, c.want)
		}
	}
	known, err := w.p.partner("basic")
	must(t, err)
	terms := *known.terms
	terms.Profile = trust.ProfileCIS2
	for asked, want := range map[string]string{
		"acr_values=gold": "assurance_too_low", "acr_values=AAL2_TOTP": "assurance_too_low", "acr_values=gold+AAL3_ANY": "", "": "",
		"claims=" + url.QueryEscape(`{"id_token":{"acr":{"values":["gold"]}}}`): "assurance_too_low",
	} {
		form, err := url.ParseQuery(asked)
		must(t, err)
		a := &authorization{form: form, client: &client{terms: &terms}}
		must(t, nilOf(checkClaims(w.p, a)))
		got := ""
		if why := checkACR(w.p, a); why != nil {
			got = why.AuditCode()
		}
		if got != want {
			t.Errorf("profile cis2, %s: %s, want %s", asked, got, want)
		}
	}
	// what the terms name is a demand
	w.change("basic", func(p *trust.Partner) { p.OIDC.Profile, p.OIDC.DefaultACR = trust.ProfileBasic, []string{"AAL2_TOTP"} })
	if got := w.browser().authorize("basic"); got.query("error") != "unmet_authentication_requirements" {
		t.Errorf("by default: %v", got.to)
	}
}

func nilOf(why *bridge.Refusal) error {
	if why == nil {
		return nil
	}
	return why
}

// TestDefaultsOfTerms: prompt and max_age of the terms count where the request names none.
func TestDefaultsOfTerms(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	asks := func(pairs ...string) bool { // whether a new proof was asked for
		before := w.clock()
		w.advance(time.Minute)
		claims, _ := w.verified(w.tokens(w.redeem("basic", b.code("basic", pairs...))).ID)
		at, _ := claims["auth_time"].(float64)
		return int64(at) > before.Unix()
	}
	zero, hour := time.Duration(0), time.Hour
	for name, c := range map[string]struct {
		terms func(*trust.Partner)
		pairs []string
		want  bool
	}{
		"nothing":                 {func(*trust.Partner) {}, nil, false},
		"login":                   {func(p *trust.Partner) { p.OIDC.Request.Prompt = "login" }, nil, true},
		"login, asks to consent":  {func(p *trust.Partner) { p.OIDC.Request.Prompt = "login" }, []string{"prompt", "consent"}, false},
		"login, asks for nothing": {func(p *trust.Partner) { p.OIDC.Request.Prompt = "login" }, []string{"prompt", "none"}, false},
		"age 0":                   {func(p *trust.Partner) { p.OIDC.Request.MaxAge = &zero }, nil, true},
		"age 0, asks for more":    {func(p *trust.Partner) { p.OIDC.Request.MaxAge = &zero }, []string{"max_age", "3600"}, false},
		"an hour":                 {func(p *trust.Partner) { p.OIDC.Request.MaxAge = &hour }, nil, false},
		"an hour, asks for less":  {func(p *trust.Partner) { p.OIDC.Request.MaxAge = &hour }, []string{"max_age", "0"}, true},
	} {
		w.change("basic", func(p *trust.Partner) { p.OIDC.Request.Prompt, p.OIDC.Request.MaxAge = "", nil; c.terms(p) })
		if got := asks(c.pairs...); got != c.want {
			t.Errorf("%s: asked for a new proof %v", name, got)
		}
	}
	w.change("basic", func(p *trust.Partner) { p.OIDC.Request.MaxAge = &zero })
	if got := b.authorize("basic", "prompt", "none"); got.query("error") != "login_required" {
		t.Errorf("passive, with age 0 by the terms: %v", got.to)
	}
}

// TestTokenKeepsItsOwnClaims: nothing that was asked for speaks over what the token says itself.
func TestTokenKeepsItsOwnClaims(t *testing.T) {
	for _, name := range ownNames() {
		if !trust.ReservedClaim(name) && name != claimSelectedRole && name != trust.ScopeFHIRUser { // both come by a release rule
			t.Errorf("a release rule may be named %s", name)
		}
	}
	iss := bridge.Issuance{Attributes: []bridge.Attribute{
		{Name: "iss", Values: []any{"evil"}}, {Name: "x", Values: []any{"a"}, List: true}, {Name: "y"}, {Name: "z", Values: []any{int64(7)}}, {Name: "selected_roleid", Values: []any{"1"}},
	}}
	all := asked{"iss": nil, "x": nil, "y": nil, "z": {json.RawMessage("7")}, "selected_roleid": nil}
	for token, want := range map[any]string{
		idToken{Issuer: "i", SelectedRole: "2"}: `"selected_roleid":"2","x":["a"],"z":7}`,
		idToken{Issuer: "i"}:                    `"authentication_assurance_level":"","selected_roleid":"1","x":["a"],"z":7}`,
	} {
		data, err := json.Marshal(withClaims(token, askedInToken(iss, &askedClaims{IDToken: all})))
		must(t, err)
		if !strings.HasSuffix(string(data), want) || strings.Contains(string(data), "evil") {
			t.Errorf("%s", data)
		}
	}
}
