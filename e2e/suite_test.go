package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The conformance suite of the OpenID Foundation, started by hand: see e2e/conformance/README.md.
//
//	CONFORMANCE_SUITE      where it listens for plain HTTP, such as http://127.0.0.1:18080
//	CONFORMANCE_LOG  folder for what each module wrote; empty: only failures and warnings are printed
const (
	suiteAddress = "CONFORMANCE_SUITE"
	suiteLog     = "CONFORMANCE_LOG"
	suiteHost    = "suite.hub.localhost" // of one site with the hub, so that a frame of it has its cookies
	suitePort    = 18443
	suiteMTLS    = 18444
	suiteAlias   = "lanyard"
)

// suiteSections is what the plans need of the hub: OpenID Connect's own profiles send no PKCE.
const suiteSections = "oidc: { require_pkce: false }"

// suiteTypes are the response types of the plans that know more than code.
const suiteTypes = "[code, id_token, id_token token, code id_token, code token, code id_token token]"

// certification is one plan of the suite, run against a hub of its own.
type certification struct {
	name    string
	plan    string
	variant map[string]string
	config  func(t *testing.T, h *hub) map[string]any
	scripts bool // needs Chromium
}

// sections is the configuration of the hub for a plan.
func (c certification) sections(t *testing.T) string {
	t.Helper()
	switch c.name {
	case "dynamic":
		return suiteOpen(t)
	case "implicit", "hybrid", "formpost-implicit", "formpost-hybrid":
		return "oidc: { require_pkce: false, response_types: " + suiteTypes + " }"
	}
	return suiteSections
}

func certifications() []certification {
	static := map[string]string{"server_metadata": "discovery", "client_registration": "static_client"}
	code := map[string]string{"response_type": "code", "client_registration": "static_client"}
	keyed := map[string]string{
		"client_auth_type": "private_key_jwt", "response_type": "code", "response_mode": "default", "client_registration": "static_client",
	}
	dynamic := map[string]string{"response_type": "code"}
	fapi := map[string]string{
		"sender_constrain": "dpop", "client_auth_type": "private_key_jwt", "authorization_request_type": "simple",
		"openid": "openid_connect", "fapi_profile": "plain_fapi",
	}
	ciba := map[string]string{
		"client_auth_type": "private_key_jwt", "ciba_mode": "poll", "fapi_ciba_profile": "plain_fapi", "client_registration": "static_client",
	}
	signed := with(fapi, "fapi_request_method", "signed_non_repudiation", "fapi_response_mode", "jarm")
	return []certification{
		{"config", "oidcc-config-certification-test-plan", nil, suiteBasic, false},
		{"basic", "oidcc-basic-certification-test-plan", static, suiteBasic, false},
		{"formpost", "oidcc-formpost-basic-certification-test-plan", static, suiteBasic, false},
		{"implicit", "oidcc-implicit-certification-test-plan", static, suiteFront, false},
		{"hybrid", "oidcc-hybrid-certification-test-plan", static, suiteFront, false},
		{"formpost-implicit", "oidcc-formpost-implicit-certification-test-plan", static, suiteFront, false},
		{"formpost-hybrid", "oidcc-formpost-hybrid-certification-test-plan", static, suiteFront, false},
		{"keyed", "oidcc-test-plan", keyed, suiteKeyed, false},
		{"rplogout", "oidcc-rp-initiated-logout-certification-test-plan", code, suiteLogout(""), false},
		{"backchannel", "oidcc-backchannel-rp-initiated-logout-certification-test-plan", code, suiteLogout("backchannel_logout_uri"), false},
		{"frontchannel", "oidcc-frontchannel-rp-initiated-logout-certification-test-plan", code, suiteLogout("frontchannel_logout_uri"), true},
		{"session", "oidcc-session-management-certification-test-plan", code, suiteLogout(""), true},
		{"dynamic", "oidcc-dynamic-certification-test-plan", dynamic, suiteDynamic, false},
		{"fapi2", "fapi2-security-profile-final-test-plan", fapi, suiteFAPI(""), false},
		{"fapi2-mtls", "fapi2-security-profile-final-test-plan", with(fapi, "client_auth_type", "mtls", "sender_constrain", "mtls"), suiteCertified("tls_client_auth", ""), false},
		{"fapi2-bound", "fapi2-security-profile-final-test-plan", with(fapi, "sender_constrain", "mtls"), suiteCertified("private_key_jwt", ""), false},
		{"signing-mtls", "fapi2-message-signing-final-test-plan", with(signed, "client_auth_type", "mtls", "sender_constrain", "mtls"), suiteCertified("tls_client_auth", ", request_object: required"), false},
		{"signing", "fapi2-message-signing-final-test-plan", signed, suiteFAPI(", request_object: required"), false},
		{"ciba-poll", "fapi-ciba-id1-test-plan", ciba, suiteCIBA("private_key_jwt", "poll"), false},
		{"ciba-ping", "fapi-ciba-id1-test-plan", with(ciba, "ciba_mode", "ping"), suiteCIBA("private_key_jwt", "ping"), false},
		{"ciba-mtls", "fapi-ciba-id1-test-plan", with(ciba, "client_auth_type", "mtls"), suiteCIBA("tls_client_auth", "poll"), false},
	}
}

// with is a variant with choices changed.
func with(variant map[string]string, choices ...string) map[string]string {
	out := maps.Clone(variant)
	for i := 0; i+1 < len(choices); i += 2 {
		out[choices[i]] = choices[i+1]
	}
	return out
}

// TestSuite runs the plans: go test ./e2e -run TestSuite/basic. A module that fails or warns fails its subtest.
func TestSuite(t *testing.T) {
	at := os.Getenv(suiteAddress)
	if at == "" {
		t.Skip(suiteAddress + " is not set: the conformance suite is started by hand")
	}
	for _, c := range certifications() {
		t.Run(c.name, func(t *testing.T) {
			h := startHubWith(t, "", c.sections(t))
			s := startSuite(t, at, h)
			s.scripts = c.scripts
			id, modules := s.begin(c.plan, c.variant, c.config(t, h))
			var results []verdict
			for _, m := range modules {
				t.Run(m.name(), func(t *testing.T) {
					v := s.of(t).run(id, m)
					results = append(results, v)
					s.of(t).judge(v)
				})
			}
			t.Log(summary(c.name, results))
		})
	}
}

// suiteClient is the name of an OIDC client in the plans, and what the hub is told of it.
type suiteClient struct{ id, auth, secret, terms string }

func suiteURL(path string) string {
	return fmt.Sprintf("https://%s:%d/test/a/%s/%s", suiteHost, suitePort, suiteAlias, path)
}

// approve registers a client of the suite.
func (c suiteClient) approve(t *testing.T, h *hub, redirects ...string) {
	t.Helper()
	name := strings.ReplaceAll(c.id, ".", "-")
	credential := ""
	if c.secret != "" {
		h.write(name+".secret", c.secret)
		credential = ", secret_file: " + name + ".secret"
	}
	list, err := json.Marshal(redirects)
	if err != nil {
		t.Fatal(err)
	}
	h.apply(name, fmt.Sprintf(`partner: %s
name: %s
protocol: oidc
stage: live
release: [{ set: cis2 }]
oidc:
  { auth: %s%s, redirect_uris: %s, refresh: true,
    scopes: [openid, profile, email, nhsperson, nationalrbacaccess, selectedrole, associatedorgs]%s }
`, c.id, c.id, c.auth, credential, list, c.terms))
}

// suiteBasic registers the clients of the OpenID Connect plans.
func suiteBasic(t *testing.T, h *hub) map[string]any {
	t.Helper()
	return suiteStatic(t, h, "")
}

// suiteFront registers those that get tokens by the browser.
func suiteFront(t *testing.T, h *hub) map[string]any {
	t.Helper()
	return suiteStatic(t, h, ", response_types: "+suiteTypes)
}

func suiteStatic(t *testing.T, h *hub, terms string) map[string]any {
	t.Helper()
	terms = ", pkce: false, id_token_alg: RS256" + terms
	first := suiteClient{"suite-basic", "client_secret_basic", "a-secret-for-the-first-client-of-the-suite", terms}
	second := suiteClient{"suite-second", "client_secret_basic", "a-secret-for-the-second-client-of-the-suite", terms}
	post := suiteClient{"suite-post", "client_secret_post", "a-secret-for-the-third-client-of-the-suite!", terms}
	for _, c := range []suiteClient{first, second, post} {
		c.approve(t, h, suiteURL("callback"))
	}
	of := func(c suiteClient) map[string]string {
		return map[string]string{"client_id": c.id, "client_secret": c.secret}
	}
	return map[string]any{
		"alias": suiteAlias, "description": "Lanyard",
		"server": map[string]string{"discoveryUrl": h.issuer + "/.well-known/openid-configuration"},
		"client": of(first), "client2": of(second), "client_secret_post": of(post),
	}
}

// suiteOpen lets anybody register clients, as the plan of dynamic registration does.
func suiteOpen(t *testing.T) string {
	t.Helper()
	template := filepath.Join(t.TempDir(), "registration.yaml")
	err := os.WriteFile(template, []byte(`
protocol: oidc
stage: test
release: [{ set: cis2 }]
oidc:
  { pkce: false, grants: [authorization_code, implicit, refresh_token], response_types: `+suiteTypes+`,
    scopes: [openid, profile, email, nhsperson, nationalrbacaccess, selectedrole, associatedorgs] }
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return "oidc: { require_pkce: false, response_types: " + suiteTypes + ", registration: { mode: open, template_file: " + template + ", hourly: 0 } }"
}

// suiteDynamic needs no client beforehand: each module registers its own.
func suiteDynamic(t *testing.T, h *hub) map[string]any {
	t.Helper()
	return map[string]any{
		"alias": suiteAlias, "description": "Lanyard",
		"server": map[string]string{"discoveryUrl": h.issuer + "/.well-known/openid-configuration"},
		"client": map[string]string{"client_name": "suite-dynamic"}, "client2": map[string]string{"client_name": "suite-dynamic-2"},
	}
}

// suiteLogout registers one client that is told of a sign-out by the named way.
func suiteLogout(way string) func(*testing.T, *hub) map[string]any {
	return func(t *testing.T, h *hub) map[string]any {
		t.Helper()
		terms := fmt.Sprintf(", pkce: false, id_token_alg: RS256, post_logout_redirect_uris: [%q]", suiteURL("post_logout_redirect"))
		if way != "" {
			terms += fmt.Sprintf(", %s: %q", way, suiteURL(strings.TrimSuffix(way, "_uri")))
		}
		if way == "frontchannel_logout_uri" {
			terms += ", frontchannel_session: true"
		}
		c := suiteClient{"suite-leaving", "client_secret_basic", "a-secret-for-the-client-that-leaves-the-hub", terms}
		c.approve(t, h, suiteURL("callback"))
		return map[string]any{
			"alias": suiteAlias, "description": "Lanyard",
			"server": map[string]string{"discoveryUrl": h.issuer + "/.well-known/openid-configuration"},
			"client": map[string]string{"client_id": c.id, "client_secret": c.secret},
		}
	}
}

// verdict is what the suite said of one module.
type verdict struct {
	module           string
	status, result   string
	failed, warnings []string
	took             time.Duration
}

// judge fails the subtest for every finding that is not explained, and for a module that did not end without one. What only asks for
// a look at a picture has passed: the pages are kept for that.
func (s *conformance) judge(v verdict) {
	s.t.Helper()
	open := 0
	for _, text := range slices.Concat(v.failed, v.warnings) {
		if why := reason(v.module, text); why != "" {
			s.t.Logf("explained %s: %s", text, why)
			continue
		}
		open++
		s.t.Error(text)
	}
	if v.status != "FINISHED" && (open > 0 || len(v.failed) == 0) {
		s.t.Errorf("%s %s", v.status, v.result)
	}
}

func summary(plan string, results []verdict) string {
	count := map[string]int{}
	for _, v := range results {
		count[v.status+"/"+v.result]++
	}
	text, err := json.Marshal(count)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("plan %s: %d modules %s", plan, len(results), text)
}

// keep writes a file beside the results.
func keep(t *testing.T, name string, data []byte) {
	t.Helper()
	dir := os.Getenv(suiteLog)
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}
