package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// TestLaunchFromEHR is the whole of an EHR launch: the context goes with the token, with refreshes, into the FHIR server's token, and
// into its introspection.
func TestLaunchFromEHR(t *testing.T) {
	w := newWard(t)
	b := w.browser()
	sid := w.working(b)
	before := w.lastSeq()
	answer, got := w.give("app", chart, "sid", sid, "iss", fhirBase, "patient", "p-1", "encounter", "e.1", "need_patient_banner", "false", "intent", "reconcile",
		"smart_style_url", "https://ehr.example/style.json", "tenant", "ward 7", "fhirContext", `[{"reference":"ImagingStudy/9", "role":"https://x.example/role"}]`)
	if got.status != http.StatusCreated || answer.Expires != 300 || got.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("launch: %d %s", got.status, got.body)
	}
	if want := "https://chart.example/launch?v=1&iss=https%3A%2F%2Ffhir.rx1.example%2Fr4&launch=" + answer.Launch; answer.URL != want {
		t.Errorf("launch_url %s, want %s", answer.URL, want)
	}
	events := w.events(before)
	if len(events) != 1 || events[0].Kind != ledger.ContextGiven || events[0].Subject != nurse || events[0].Role != roleOne || events[0].Partner != ehr || events[0].Detail["app"] != chart {
		t.Errorf("record: %+v", events)
	}
	if line, _ := json.Marshal(events); strings.Contains(string(line), "p-1") {
		t.Error("the patient is on record")
	}
	context := map[string]any{
		"patient": "p-1", "encounter": "e.1", "need_patient_banner": false, "intent": "reconcile", "smart_style_url": "https://ehr.example/style.json", "tenant": "ward 7",
		"fhirContext": []any{map[string]any{"reference": "ImagingStudy/9", "role": "https://x.example/role"}},
	}
	first := w.said(w.redeem(chart, b.start(chart, answer.Launch).query("code")))
	w.advance(time.Minute)
	again := w.said(w.refresh(chart, first["refresh_token"].(string)))
	server, _ := w.verified(first["access_token"].(string))
	about := w.about(fhir, first["access_token"].(string))
	for what, found := range map[string]map[string]any{"token response": first, "refresh": again, "JWT": server, "introspection": about} {
		for name, want := range context {
			if diff := cmp.Diff(want, found[name]); diff != "" {
				t.Errorf("%s: %s: %s", what, name, diff)
			}
		}
		if scope, _ := found["scope"].(string); scope != chartScopes {
			t.Errorf("%s: scope %q", what, scope)
		}
	}
	const user = fhirBase + "/PractitionerRole/" + roleOne
	id, _ := w.verified(first["id_token"].(string))
	if id["fhirUser"] != user || server["fhirUser"] != user || about["fhirUser"] != user || server["aud"] != fhirBase || about["client_id"] != chart || about["sub"] != id["sub"] && id["sub"] == nurse {
		t.Errorf("fhirUser: %v, %v, %v", id["fhirUser"], server["fhirUser"], about["fhirUser"])
	}
	narrow := w.said(w.refresh(chart, again["refresh_token"].(string), "scope", "openid patient/Observation.r"))
	if narrow["scope"] != "openid patient/Observation.r" || narrow["patient"] != "p-1" || narrow["encounter"] != nil || narrow["tenant"] != nil {
		t.Errorf("narrowed: %v", narrow)
	}
	wide := w.said(w.refresh(chart, narrow["refresh_token"].(string), "scope", "openid patient/*.cruds launch user/*.rs"))
	if wide["scope"] != "openid patient/Observation.rs patient/Patient.r launch" {
		t.Errorf("widened: %v", wide["scope"])
	}
}

const errInvalidScope = "invalid_scope"

// TestLaunchByJSON: the same by a JSON body, with an access token in place of the sid.
func TestLaunchByJSON(t *testing.T) {
	w := newWard(t)
	b := w.browser()
	set := w.tokens(w.redeem(ehr, b.code(ehr)))
	body, err := json.Marshal(map[string]any{"app": chart, "access_token": set.Access, "patient": "p-1", "need_patient_banner": true, "expires_in": 60, "fhirContext": []any{map[string]any{"canonical": "http://x/q|1"}}, "intent": nil})
	must(t, err)
	got := w.giveJSON(string(body))
	var answer launchAnswer
	must(t, json.Unmarshal([]byte(got.body), &answer))
	if got.status != http.StatusCreated || answer.Expires != 60 || answer.URL != "" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	said := w.said(w.redeem(chart, b.start(chart, answer.Launch).query("code")))
	if said["patient"] != "p-1" || said["need_patient_banner"] != true || said["encounter"] != nil || said["fhirContext"] == nil || strings.Contains(said["scope"].(string), "launch/encounter") {
		t.Errorf("%v", said)
	}
	for _, bad := range []string{``, `[]`, `{"app":"chart","app":"x"}`, `{"app":1}`, `null`} {
		if got := w.giveJSON(bad); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", bad, got.status, got.body)
		}
	}
}

// TestStandaloneLaunch: without a launch the app gets what the record system put at hand for the session, and otherwise neither a patient
// nor a scope that needs one.
func TestStandaloneLaunch(t *testing.T) {
	w := newWard(t)
	b := w.browser()
	sid := w.working(b)
	alone := func(client string) map[string]any {
		return w.said(w.redeem(client, b.code(client, "scope", chartScopes+" user/*.rs offline_access", "aud", fhirBase)))
	}
	if said := alone(chart); said["scope"] != "openid fhirUser online_access user/*.rs" || said["patient"] != nil {
		t.Errorf("nothing at hand: %v", said)
	}
	for _, c := range []struct{ patient, encounter, scope string }{
		{"p-1", "", "openid fhirUser launch/patient online_access patient/Observation.rs patient/Patient.r user/*.rs"},
		{"p-2", "e-2", "openid fhirUser launch/patient launch/encounter online_access patient/Observation.rs patient/Patient.r user/*.rs"},
		{"", "", "openid fhirUser online_access user/*.rs"},
	} {
		answer, got := w.give("for", "session", "sid", sid, "patient", c.patient, "encounter", c.encounter, "tenant", "t")
		if got.status != http.StatusCreated || answer.Launch != "" || answer.Expires < 3600 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		said := alone(chart)
		patient, _ := said["patient"].(string)
		encounter, _ := said["encounter"].(string)
		if patient != c.patient || encounter != c.encounter || said["scope"] != c.scope || said["tenant"] != nil {
			t.Errorf("%+v: %v", c, said)
		}
		if said := alone(other); said["patient"] != nil || strings.Contains(said["scope"].(string), "patient/") {
			t.Errorf("an app that the record system may not launch: %v", said)
		}
	}
	w.give("for", "session", "sid", sid, "patient", "p-1")
	if said := w.said(w.redeem(chart, w.browser().code(chart, "scope", chartScopes, "aud", fhirBase))); said["patient"] != nil {
		t.Errorf("another session of the same person: %v", said)
	}
	w.change(ehr, func(p *trust.Partner) { p.OIDC.Smart.Launches = nil })
	if said := alone(chart); said["patient"] != nil {
		t.Errorf("the record system may launch no more: %v", said)
	}
}

// TestAud: tokens are for the FHIR server that aud names, and for no other.
func TestAud(t *testing.T) {
	w := newWard(t)
	b := w.browser()
	w.working(b)
	for _, c := range []struct {
		pairs []string
		want  string
	}{
		{[]string{"aud", fhirBase}, ""},
		{[]string{"resource", fhirBase}, ""},
		{[]string{"resource", fhirBase, "aud", fhirBase}, ""},
		{nil, "invalid_request"},
		{[]string{"aud", fhirBase + "/"}, "invalid_target"},
		{[]string{"aud", "https://evil.example"}, "invalid_target"},
		{[]string{"resource", issuer, "aud", fhirBase}, "invalid_target"},
		{[]string{"scope", "openid fhirUser online_access", "aud", "anything"}, ""},
	} {
		if got := b.authorize(chart, append([]string{"scope", "openid user/Patient.rs"}, c.pairs...)...); got.query("error") != c.want || c.want == "" && got.query("code") == "" {
			t.Errorf("%v: %v", c.pairs, got.to)
		}
	}
}

// TestClinicalScopes: what is asked for is granted as far as the terms cover it, in the app's own words where they cover it whole.
func TestClinicalScopes(t *testing.T) {
	w := newWard(t)
	b := w.browser()
	sid := w.working(b)
	w.give("for", "session", "sid", sid, "patient", "p-1")
	for asked, want := range map[string]string{
		"user/*.cruds":                         "user/*.rs",
		"user/Observation.read user/*.*":       "user/Observation.read user/*.rs",
		"user/Observation.rs?category=lab":     "user/Observation.rs?category=lab",
		"user/Observation.write":               "",
		"user/Observation.sr patient/nonsense": "",
		"patient/*.read":                       "patient/Observation.rs patient/Patient.r",
		"patient/Observation.cruds?code=1":     "patient/Observation.rs?code=1",
		"system/*.rs offline_access":           "",
		"purpose_of_use=TREAT":                 "purpose_of_use=TREAT",
		"purpose_of_use=BREAK":                 "",
	} {
		got := w.said(w.redeem(chart, b.code(chart, "scope", "openid "+asked, "aud", fhirBase)))
		if got["scope"] != strings.TrimSpace("openid "+want) {
			t.Errorf("%s: %v", asked, got["scope"])
		}
	}
	set := w.tokens(w.redeem(chart, b.code(chart, "scope", "openid user/*.cruds", "aud", fhirBase)))
	w.change(chart, func(p *trust.Partner) {
		p.OIDC.Smart.Clinical = clinicalOf([]string{"user/Patient.r"})
		p.OIDC.Scopes = []string{"openid", "user/Patient.r"}
	})
	if again := w.tokens(w.refresh(chart, set.Refresh)); again.Scope != "openid user/Patient.r" || w.about(fhir, set.Access)["scope"] != "openid user/Patient.r" {
		t.Errorf("terms that allow less since: %s, %v", again.Scope, w.about(fhir, set.Access))
	}
	w.change(fhir, func(p *trust.Partner) { p.OIDC.Tokens.ResourceScopes = []string{"user/Patient.cruds"} })
	w.change(chart, func(p *trust.Partner) {
		p.OIDC.Smart.Clinical = clinicalOf([]string{"user/*.rs"})
		p.OIDC.Scopes = []string{"openid", "user/*.rs"}
	})
	if set := w.tokens(w.redeem(chart, b.code(chart, "scope", "openid user/*.rs", "aud", fhirBase))); set.Scope != "user/Patient.rs" {
		t.Errorf("what the FHIR server knows: %s", set.Scope)
	}
}

// TestBackendServices: system scopes are for a client in its own name, and for no one else.
func TestBackendServices(t *testing.T) {
	w := newWard(t)
	w.enlist("etl", nil, func(d *trust.OIDCDocument) {
		d.Grants, d.ResourceServers, d.Scopes = []string{trust.GrantClient}, []string{fhir}, []string{"system/Patient.rs", "system/Observation.rs?category=lab", "user/*.rs", "plain", "purpose_of_use=urn:oid:1.2|NORM"}
	})
	for asked, want := range map[string]string{
		"system/*.rs":                         "system/Patient.rs system/Observation.rs?category=lab",
		"system/Patient.read plain":           "system/Patient.read plain",
		"":                                    "system/Patient.rs system/Observation.rs?category=lab plain purpose_of_use=urn:oid:1.2|NORM",
		"system/Patient.cruds system/Other.r": "!", "user/*.rs": "!", "patient/*.rs": "!", "launch": "!", "fhirUser": "!", "system/Patient.sr": "!", "offline_access": "!",
	} {
		got := w.ask("etl", "grant_type", trust.GrantClient, "scope", asked, "resource", fhirBase)
		if want == "!" {
			if got.status != http.StatusBadRequest || !strings.Contains(got.body, errInvalidScope) {
				t.Errorf("%s: %d %s", asked, got.status, got.body)
			}
			continue
		}
		if said := w.said(got); said["scope"] != want {
			t.Errorf("%s: %v", asked, said["scope"])
		}
	}
	set := w.own("etl", "resource", fhirBase, "requested_token_type", typeJWT)
	claims, _ := w.verified(set.Access)
	want := map[string]any{"ihe_iua": map[string]any{"purpose_of_use": []any{map[string]any{"system": "urn:oid:1.2", "code": "NORM"}}, "home_community_id": "urn:oid:1.2.3"}}
	if diff := cmp.Diff(want, claims["extensions"]); diff != "" {
		t.Errorf("extensions: %s", diff)
	}
	if diff := cmp.Diff(want, w.about(fhir, set.Access)["extensions"]); diff != "" {
		t.Errorf("introspected: %s", diff)
	}
}

// TestIUA: a JWT for a FHIR server has the extension of IHE IUA as its terms release it, and of the purposes those that were granted.
func TestIUA(t *testing.T) {
	w := newWard(t)
	b := w.browser()
	w.working(b)
	code := func() string {
		return b.code(chart, "scope", "openid user/*.rs purpose_of_use=TREAT purpose_of_use=BREAK", "aud", fhirBase)
	}
	set := w.tokens(w.redeem(chart, code(), "requested_token_type", typeJWT))
	claims, _ := w.verified(set.Access)
	want := map[string]any{"ihe_iua": map[string]any{
		"subject_name": "Nurse Asha Patel", "subject_organization": "NOTTINGHAM", "subject_organization_id": "RX1", "home_community_id": "urn:oid:1.2.3",
		"subject_role":   []any{map[string]any{"system": "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode", "code": "S8000:G8000:R8001"}},
		"purpose_of_use": []any{map[string]any{"system": actReason, "code": "TREAT"}},
	}}
	if diff := cmp.Diff(want, claims["extensions"]); diff != "" {
		t.Errorf("extensions: %s", diff)
	}
	if diff := cmp.Diff(want, w.about(fhir, set.Access)["extensions"]); diff != "" {
		t.Errorf("introspected: %s", diff)
	}
	for name := range claims {
		if strings.HasPrefix(name, trust.IUAClaim) {
			t.Errorf("%s stands beside the extension", name)
		}
	}
	w.change(fhir, func(p *trust.Partner) { p.OIDC.Tokens.JWT = false })
	for asked, status := range map[string]int{typeJWT: 400, "urn:ietf:params:oauth:token-type:saml2": 400, typeAccess: 200} {
		if got := w.redeem(chart, code(), "requested_token_type", asked); got.status != status {
			t.Errorf("%s: %d %s", asked, got.status, got.body)
		}
	}
	w.change(fhir, func(p *trust.Partner) { p.Terms.Release = p.Terms.Release[:1] })
	if got := w.about(fhir, w.tokens(w.redeem(chart, code())).Access); got["extensions"] != nil {
		t.Errorf("terms release nothing of it: %v", got)
	}
}

// TestFHIRUser: the claim needs its scope and the terms, and is the role's resource, or the person's without a role.
func TestFHIRUser(t *testing.T) {
	w := newWard(t)
	w.change(chart, func(p *trust.Partner) { p.OIDC.Scopes = append(slices.Clone(p.OIDC.Scopes), "selectedrole") })
	for _, c := range []struct{ scope, want string }{
		{"openid fhirUser", fhirBase + "/Practitioner/" + nurse},
		{"openid fhirUser selectedrole", fhirBase + "/PractitionerRole/" + roleOne},
		{"openid selectedrole", ""},
	} {
		set := w.tokens(w.redeem(chart, w.browser().code(chart, "scope", c.scope)))
		id, _ := w.verified(set.ID)
		user, _ := id["fhirUser"].(string)
		if info := w.userinfo(set.Access).body; user != c.want || strings.Contains(info, `"fhirUser"`) != (c.want != "") || !strings.Contains(info, c.want) {
			t.Errorf("%s: %v, userinfo %s", c.scope, id["fhirUser"], info)
		}
	}
	w.change(chart, func(p *trust.Partner) { p.Terms.Release = nil })
	set := w.tokens(w.redeem(chart, w.browser().code(chart, "scope", "openid fhirUser")))
	if id, _ := w.verified(set.ID); id["fhirUser"] != nil {
		t.Errorf("not released: %v", id)
	}
}

// TestExchangedContext: a token that is exchanged keeps its context, and one that an ID token is exchanged for has none.
func TestExchangedContext(t *testing.T) {
	w := newWard(t)
	w.enlist("gate", nil, func(d *trust.OIDCDocument) {
		d.RedirectURIs, d.Scopes = []string{callback}, []string{"launch", "patient/*.rs", "user/*.rs", "system/*.rs"}
		d.ResourceServers, d.Exchange, d.ExchangeIDToken = []string{fhir}, []string{fhir}, true
	})
	w.change(ehr, func(p *trust.Partner) { p.OIDC.Smart.Launches = []string{"gate"} })
	b := w.browser()
	launch, _ := w.give("app", "gate", "sid", w.working(b), "patient", "p-1")
	set := w.tokens(w.redeem("gate", b.code("gate", "scope", "openid launch patient/*.rs", "aud", fhirBase, "launch", launch.Launch)))
	swapped := w.tokens(w.swap("gate", set.Access, "audience", fhir, "scope", "patient/Observation.rs"))
	if got := w.about(fhir, swapped.Access); got["patient"] != "p-1" || got["scope"] != "patient/Observation.rs" {
		t.Errorf("exchanged: %v", got)
	}
	swapped = w.tokens(w.swap("gate", set.ID, "subject_token_type", typeIDToken, "audience", fhir))
	if got := w.about(fhir, swapped.Access); got["patient"] != nil || got["scope"] != "user/*.rs" {
		t.Errorf("of an ID token: %v", got)
	}
}

// TestSmartConfiguration: what is published works, and says the same as discovery.
func TestSmartConfiguration(t *testing.T) {
	w := newWard(t)
	b := w.browser()
	got := b.get(smartPath)
	if got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Cache-Control") != publishedAge || got.header.Get("Etag") == "" {
		t.Errorf("headers %v", got.header)
	}
	if server := b.get(serverPath); server.status != http.StatusOK || server.body != b.get(discoveryPath).body {
		t.Errorf("RFC 8414: %d", server.status)
	}
	var m smartMetadata
	must(t, json.Unmarshal([]byte(got.body), &m))
	all := w.published()
	for name, said := range map[string][]string{"token_endpoint_auth_methods_supported": m.TokenAuth, "token_endpoint_auth_signing_alg_values_supported": m.TokenAuthAlgs, "grant_types_supported": m.GrantTypes} {
		if diff := cmp.Diff(list(all, name), said); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	rest := m // what discovery decides is in its own tests
	rest.TokenAuth, rest.TokenAuthAlgs, rest.GrantTypes = []string{}, []string{}, []string{}
	text, err := json.Marshal(rest)
	must(t, err)
	golden(t, "smart-configuration.json", string(text))
	for _, s := range []string{"launch-ehr", "permission-v2"} {
		if !slices.Contains(m.Capabilities, s) {
			t.Errorf("no %s", s)
		}
	}
	for _, s := range []string{"smart-app-state", "permission-offline"} {
		if slices.Contains(m.Capabilities, s) {
			t.Errorf("%s is not built", s)
		}
	}
	// each scope of it can be granted
	w.change(chart, func(p *trust.Partner) {
		p.OIDC.Scopes, p.OIDC.Smart.Clinical = m.Scopes, clinicalOf(m.Scopes)
	})
	said := w.said(w.redeem(chart, b.start(chart, w.launchOf(w.working(b)), "scope", strings.Join(m.Scopes, " ")).query("code")))
	if want := strings.Join(slices.DeleteFunc(slices.Clone(m.Scopes), func(s string) bool { return s == "system/*.cruds" }), " "); said["scope"] != want {
		t.Errorf("granted %v of %s", said["scope"], want)
	}
}

// TestDeviceHasNoContext: whoever approves on another device works in another session, and no patient follows from there.
func TestDeviceHasNoContext(t *testing.T) {
	w := newDecoupledWorld(t)
	w.enlist(fhir, nil, func(d *trust.OIDCDocument) { d.Resource = []string{fhirBase} })
	w.change("tv", func(p *trust.Partner) {
		p.OIDC.Scopes = []string{"openid", "launch", "launch/patient", "patient/*.rs", "user/*.rs", "system/*.rs"}
		p.OIDC.Smart.Clinical, p.OIDC.Tokens.ResourceServers = clinicalOf(p.OIDC.Scopes), []string{fhir}
	})
	d := w.device("tv", "scope", "openid launch launch/patient patient/*.rs user/*.cruds system/*.rs", "resource", fhirBase)
	w.browser().decide(d.UserCode, "approve")
	if said := w.said(w.poll("tv", d.DeviceCode)); said["scope"] != "openid user/*.rs" || said["patient"] != nil {
		t.Errorf("%v", said)
	}
}

// TestWithoutOpenID: an app of SMART or of IHE IUA need not ask who the person is, and then hears nothing of it.
func TestWithoutOpenID(t *testing.T) {
	w := newWard(t)
	b := w.browser()
	sid := w.working(b)
	said := w.said(w.redeem(chart, b.start(chart, w.launchOf(sid), "scope", "launch patient/Observation.rs").query("code")))
	if said["scope"] != "launch patient/Observation.rs" || said["patient"] != "p-1" || said["id_token"] != nil {
		t.Errorf("%v", said)
	}
	again := w.said(w.refresh(chart, said["refresh_token"].(string)))
	if again["scope"] != said["scope"] || again["id_token"] != nil || again["patient"] != "p-1" {
		t.Errorf("refreshed: %v", again)
	}
	if said := w.said(w.redeem(chart, b.code(chart, "scope", "purpose_of_use=TREAT", "resource", fhirBase))); said["scope"] != "purpose_of_use=TREAT" || said["id_token"] != nil {
		t.Errorf("IUA: %v", said)
	}
	for _, scope := range []string{"launch/patient patient/*.rs", "system/*.rs", "offline_access", "profile", "nonsense"} {
		if got := b.authorize(chart, "scope", scope, "aud", fhirBase); got.query("error") != errInvalidScope {
			t.Errorf("%s: %v", scope, got.to)
		}
	}
	if got := w.call(deviceAuthPath, chart, url.Values{"scope": {"user/*.rs"}}); got.status != http.StatusBadRequest {
		t.Errorf("by a device code: %d %s", got.status, got.body)
	}
}

// TestBackendKeys: Backend Services authenticate with RS384 and ES384.
func TestBackendKeys(t *testing.T) {
	w := newWard(t)
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(t, err)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: w.signer.Public(), KeyID: "c1", Use: "sig"}, {Key: key.Public(), KeyID: "e1", Use: "sig"}}})
	must(t, err)
	w.enlist("etl", nil, func(d *trust.OIDCDocument) {
		d.Auth, d.SecretSHA256, d.JWKS = authJWT, "", string(set)
		d.Grants, d.ResourceServers, d.Scopes = []string{trust.GrantClient}, []string{fhir}, []string{"system/*.rs"}
	})
	for kid, signer := range map[string]struct {
		alg jose.SignatureAlgorithm
		key any
	}{"c1": {jose.RS384, w.signer}, "e1": {jose.ES384, key}} {
		now := w.clock().Unix()
		claims := map[string]any{"iss": "etl", "sub": "etl", "aud": issuer + tokenPath, "jti": w.hub.NewID(), "exp": now + 300}
		o := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", kid).WithHeader("jku", "https://etl.example/jwks")
		r := httptest.NewRequest(http.MethodPost, issuer+tokenPath, strings.NewReader(url.Values{
			"grant_type": {trust.GrantClient}, "scope": {"system/Patient.rs"}, "resource": {fhirBase},
			"client_assertion_type": {assertionType}, "client_assertion": {w.signAs(signer.alg, signer.key, claims, o)},
		}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if said := w.said(w.send(r)); said["scope"] != "system/Patient.rs" {
			t.Errorf("%s: %v", signer.alg, said)
		}
	}
}

// TestGrantedScopesProperty: whatever is asked for, what is granted is covered by the terms and by what was asked, stays the same when it is
// looked at again, and a refresh never widens it.
func TestGrantedScopesProperty(t *testing.T) {
	w := newWard(t)
	scope := rapid.Custom(func(t *rapid.T) string {
		s := rapid.SampledFrom([]string{"patient/", "user/", "system/"}).Draw(t, "level") + rapid.SampledFrom([]string{"*", "Patient", "Observation"}).Draw(t, "resource") + "." +
			rapid.SampledFrom([]string{"r", "rs", "cruds", "cud", "read", "write", "*", "sr", "d"}).Draw(t, "actions")
		return s + rapid.SampledFrom([]string{"", "", "?a=1", "?b=2&a=1"}).Draw(t, "query")
	})
	other := rapid.SampledFrom([]string{"openid", "fhirUser", "launch", "launch/patient", "online_access", "offline_access", "purpose_of_use=TREAT", "x"})
	some := rapid.SliceOfN(rapid.OneOf(scope, other), 0, 6)
	rapid.Check(t, func(rt *rapid.T) {
		terms, asked := some.Draw(rt, "terms"), some.Draw(rt, "asked")
		c := &client{terms: &trust.OIDCTerms{Refresh: true}, scopes: terms}
		c.terms.Smart.Clinical = clinicalOf(terms)
		a := &authorization{client: c, form: url.Values{"scope": {strings.Join(asked, " ")}, "response_type": {"code"}}}
		if why := checkScope(w.p, a); why != nil {
			return
		}
		check := func(what string, got []string, bounds ...[]string) {
			for _, s := range got {
				for _, b := range bounds {
					if !within(b, s) {
						rt.Fatalf("%s: %s is not in %v", what, s, b)
					}
				}
			}
		}
		check("granted", a.Scopes, terms, asked)
		if again := c.allowed(a.Scopes); !slices.Equal(again, a.Scopes) {
			rt.Fatalf("%v, looked at again: %v", a.Scopes, again)
		}
		if slices.ContainsFunc(a.Scopes, func(s string) bool { return strings.HasPrefix(s, "system/") || s == "offline_access" }) {
			rt.Fatalf("granted for a person: %v", a.Scopes)
		}
		if less, err := w.p.narrow(c, a.Scopes, strings.Join(some.Draw(rt, "refresh"), " ")); err == nil {
			check("refreshed", less, a.Scopes)
		}
		settled := withoutContext(a.Scopes)
		check("settled", settled, a.Scopes)
		if slices.ContainsFunc(settled, wantsContext) {
			rt.Fatalf("without a patient: %v", settled)
		}
	})
}
