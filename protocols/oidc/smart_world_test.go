package oidc

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust"
)

// Partners of these tests: a record system that launches an app, the FHIR server of both, and an app that it may not launch.
const (
	ehr      = "ehr"
	chart    = "chart"
	other    = "other"
	fhir     = "fhir"
	fhirBase = "https://fhir.rx1.example/r4"
)

const chartScopes = "openid fhirUser launch launch/patient launch/encounter online_access patient/Observation.rs patient/Patient.r"

// newWard is a world with those partners.
func newWard(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.role = roleOne
	smart := &trust.SmartDocument{FHIRBase: fhirBase}
	w.enlist(fhir, []trust.Release{{Set: "smart"}, {Set: "iua"}}, func(d *trust.OIDCDocument) {
		d.Resource, d.AccessToken, d.Smart, d.IUA = []string{fhirBase}, "jwt", smart, &trust.IUADocument{HomeCommunityID: "urn:oid:1.2.3"}
	})
	w.change(fhir, func(p *trust.Partner) { p.Terms.Subject = trust.SubjectUID })
	w.enlist(ehr, nil, func(d *trust.OIDCDocument) {
		d.RedirectURIs, d.Scopes, d.Smart = []string{callback}, []string{"selectedrole"}, &trust.SmartDocument{Launches: []string{chart}}
	})
	for _, id := range []string{chart, other} {
		w.enlist(id, []trust.Release{{Set: "smart"}}, func(d *trust.OIDCDocument) {
			d.Auth, d.SecretSHA256, d.Refresh, d.ResourceServers = authNone, "", true, []string{fhir}
			d.RedirectURIs, d.Scopes = []string{callback}, append(strings.Fields(chartScopes), "user/*.rs", "purpose_of_use=TREAT", "purpose_of_use=urn:oid:1.2|NORM", "offline_access", "system/*.rs")
			d.Smart = &trust.SmartDocument{FHIRBase: fhirBase, LaunchURI: "https://chart.example/launch?v=1"}
		})
	}
	return w
}

// working signs the nurse on to the record system in a browser; the sid is how that knows her session.
func (w *world) working(b *browser) string {
	w.t.Helper()
	claims, _ := w.verified(w.tokens(w.redeem(ehr, b.code(ehr, "scope", "openid selectedrole"))).ID)
	return claims["sid"].(string)
}

// give puts a context at hand, as the record system.
func (w *world) give(pairs ...string) (launchAnswer, reply) {
	w.t.Helper()
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	got := w.call(launchPath, ehr, f)
	var out launchAnswer
	if got.status == http.StatusCreated {
		must(w.t, json.Unmarshal([]byte(got.body), &out))
	}
	return out, got
}

// launchOf makes a launch of the app for a patient.
func (w *world) launchOf(sid string, pairs ...string) string {
	w.t.Helper()
	answer, got := w.give(append([]string{"app", chart, "sid", sid, "patient", "p-1", "encounter", "e.1"}, pairs...)...)
	if got.status != http.StatusCreated || len(answer.Launch) < 40 {
		w.t.Fatalf("launch: %d %s", got.status, got.body)
	}
	return answer.Launch
}

// start is the app's authorization request.
func (b *browser) start(client, launch string, pairs ...string) reply {
	b.w.t.Helper()
	return b.authorize(client, append([]string{"scope", chartScopes, "aud", fhirBase, "launch", launch}, pairs...)...)
}

// said is a token response, all of it.
func (w *world) said(got reply) map[string]any {
	w.t.Helper()
	var out map[string]any
	if got.status != http.StatusOK {
		w.t.Fatalf("token endpoint: %d %s", got.status, got.body)
	}
	must(w.t, json.Unmarshal([]byte(got.body), &out))
	return out
}

// giveJSON puts a context at hand by a JSON body.
func (w *world) giveJSON(body string) reply {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, issuer+launchPath, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(ehr, url.QueryEscape(secret))
	return w.send(r)
}
