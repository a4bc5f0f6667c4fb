package oidc

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// rbac puts an RBAC document in force, and releases effective activities to a client by its terms.
func (w *world) rbac(client, document string) {
	w.t.Helper()
	b, err := people.ReadRBAC(strings.NewReader(document))
	must(w.t, err)
	w.hub.RBAC = func() *people.RBAC { return b }
	w.p.scopes = newScopeTable(true, true)
	w.p.described.current.Store(nil) // as at a start
	compiler, err := trust.NewCompiler()
	must(w.t, err)
	value, err := compiler.Value("(role.id != '' ? [role] : roles).map(r, r.effective)")
	must(w.t, err)
	w.change(client, func(p *trust.Partner) {
		p.OIDC.Scopes = append(slices.Clone(p.OIDC.Scopes), trust.EffectiveActivities)
		p.Terms.Release = append(slices.Clone(p.Terms.Release), trust.Rule{ID: "set effective-activities", Name: "effective_activities", Value: value})
	})
}

// TestEffectiveActivitiesClaim: by its own scope only, marked as computed, beside roles that stay as they are registered.
func TestEffectiveActivitiesClaim(t *testing.T) {
	const roles, computed = "nationalrbacaccess selectedrole", "openid " + trust.EffectiveActivities
	w := newWorld(t)
	w.role = roleOne
	code := w.browser().code("basic", "scope", "openid "+roles)
	before := w.userinfo(w.tokens(w.redeem("basic", code)).Access).body
	scopes := func() (list []string) {
		var found struct {
			Scopes []string `json:"scopes_supported"`
			Claims []string `json:"claims_supported"`
		}
		must(t, json.Unmarshal([]byte(w.browser().get(discoveryPath).body), &found))
		return append(found.Scopes, found.Claims...)
	}
	if got := scopes(); slices.Contains(got, trust.EffectiveActivities) || slices.Contains(got, "effective_activities") {
		t.Errorf("without an RBAC document discovery promises %v", got)
	}
	w.rbac("basic", "activities: [{ code: B0360, name: V, includes: [B0820] }, { code: B0820, name: View Patient Demographics }, { code: B0428, name: P }]\nroles: [{ code: R8001, baseline: [B0428] }]\n")
	if got := scopes(); !slices.Contains(got, trust.EffectiveActivities) || !slices.Contains(got, "effective_activities") {
		t.Errorf("discovery does not name the scope and its claim: %v", got)
	}
	set := w.tokens(w.redeem("basic", w.browser().code("basic", "scope", computed+" "+roles)))
	got := w.userinfo(set.Access).body
	var info struct {
		Effective []map[string]any `json:"effective_activities"`
		Roles     json.RawMessage  `json:"nhsid_nrbac_roles"`
	}
	must(t, json.Unmarshal([]byte(got), &info))
	want := `[{"activities":[{"activity":"View Detailed Health Records","activity_code":"B0360","source":"assigned"},{"activity":"P","activity_code":"B0428","source":"baseline"},` +
		`{"activity":"View Patient Demographics","activity_code":"B0820","source":"included","via":"B0360"}],"computed":true,"person_roleid":"` + roleOne + `","role_code":"S8000:G8000:R8001"}]`
	if text, err := json.Marshal(info.Effective); err != nil || string(text) != want {
		t.Errorf("effective_activities %s\nwant %s", text, want)
	}
	if !strings.Contains(before, `"nhsid_nrbac_roles":`+string(info.Roles)) {
		t.Errorf("nhsid_nrbac_roles was %s, is %s", before, info.Roles)
	}
	set = w.tokens(w.redeem("basic", w.browser().code("basic", "scope", "openid "+roles)))
	if got := w.userinfo(set.Access).body; got != before {
		t.Errorf("without the scope: %s, want %s", got, before)
	}
}
