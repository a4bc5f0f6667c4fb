package e2e

import (
	"fmt"
	"net/http"
	"testing"
)

// suiteApproving is where the suite says what the person is to do with a request that waits: {action} is allow or deny.
const suiteApproving = "/approving"

// suiteCIBA registers the two clients of the CIBA plan. Their tokens are bound to certificates (FAPI-CIBA, section 5.2.2).
func suiteCIBA(method, mode string) func(*testing.T, *hub) map[string]any {
	return func(t *testing.T, h *hub) map[string]any {
		t.Helper()
		at := h.withCertificates()
		first, second := keyed{id: "suite-ciba-1"}, keyed{id: "suite-ciba-2"}
		ciba := "{ mode: poll }"
		if mode == "ping" {
			ciba = fmt.Sprintf("{ mode: ping, notification_endpoint: %q }", suiteURL("ciba-notification-endpoint"))
		}
		sections := make([]map[string]any, 0, 2)
		for _, k := range []*keyed{&first, &second} {
			k.key(t)
			terms := "bind: mtls, request_object: required, request_object_alg: ES256, auth: " + method + ", ciba: " + ciba
			if method == "private_key_jwt" {
				terms += ", auth_alg: ES256"
			}
			if method == "tls_client_auth" {
				terms += fmt.Sprintf(", tls_name: %q", "dns:"+k.id+".example")
			}
			k.grants = `["urn:openid:params:grant-type:ciba", refresh_token]`
			k.approve(t, h, terms)
			section := k.section()
			section["hint_type"], section["hint_value"], section["acr_value"] = "login_hint", doctor, "AAL3_ANY"
			sections = append(sections, section)
		}
		return map[string]any{
			"alias": suiteAlias, "description": "Lanyard",
			"server": map[string]string{"discoveryUrl": h.issuer + "/.well-known/openid-configuration"},
			"client": sections[0], "client2": sections[1], "mtls": first.certified(t, h), "mtls2": second.certified(t, h),
			"resource":                    map[string]string{"resourceUrl": at + "/oidc/userinfo"},
			"automated_ciba_approval_url": fmt.Sprintf("https://%s:%d%s?action={action}&token={auth_req_id}", suiteHost, suitePort, suiteApproving),
		}
	}
}

// wait takes what the suite says is to be done; it is done where the test runs.
func (s *conformance) wait(w http.ResponseWriter, r *http.Request) {
	select {
	case s.decisions <- r.URL.Query().Get("action"):
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{}`)) // the suite went away: nothing to do about it
	default:
		http.Error(w, "one decision at a time", http.StatusServiceUnavailable)
	}
}

// decide answers the newest request that waits for the person, as allow or deny.
func (b *suiteBrowser) decide(action string) {
	b.t.Helper()
	b.rejects = false // not the sign-in, but what comes after it
	list := b.hub.issuer + "/approvals"
	b.visit(http.MethodGet, list)
	var waiting []form
	for _, f := range b.forms() {
		if f.fields.Has("request") {
			waiting = append(waiting, f)
		}
	}
	if len(waiting) == 0 {
		b.fail("nothing waits for the person")
	}
	f := waiting[0] // the newest comes first
	answer := map[string]string{"allow": "approve", "deny": "refuse"}[action]
	if answer == "" {
		b.fail("what is %q?", action)
	}
	f.fields.Set("answer", answer)
	target, err := b.url.Parse(f.action)
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(http.MethodPost, target.String(), f.fields)
	b.settle()
}
