package oidc

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/lanyard-hub/lanyard/trust"
)

// Partners of these tests: an app, a gateway that is a resource server and calls others, and three that are resource servers only.
// The records take JWTs, the others opaque tokens.
const (
	app        = "app"
	gateway    = "gateway"
	records    = "records"
	pathology  = "pathology"
	imaging    = "imaging"
	gatewayURI = "https://gateway.rx1.example/"
	recordsURI = "https://fhir.rx1.example/R4"
	imagingURI = "https://imaging.rx1.example"
	labURI     = "urn:rx1:pathology"
)

// enlist registers a confidential client without pages.
func (w *world) enlist(id string, release []trust.Release, how func(*trust.OIDCDocument)) {
	w.t.Helper()
	compiler, err := trust.NewCompiler()
	must(w.t, err)
	sum := sha256.Sum256([]byte(secret))
	d := trust.OIDCDocument{Auth: authBasic, SecretSHA256: hex.EncodeToString(sum[:])}
	how(&d)
	p, err := compiler.Compile(trust.Document{
		Partner: id, Name: "The " + id, Protocol: trust.OIDC, Stage: trust.Live, Subject: trust.SubjectPairwise, Release: release, OIDC: &d,
	}, nil, trust.CompileOptions{Now: w.now})
	must(w.t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clients[id] = p
}

// newNetwork is a world with those partners.
func newNetwork(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.role = roleOne
	scopes := []string{"openid", "profile", "email", "nationalrbacaccess", "selectedrole", "fhir.read", "fhir.write", "lab.read"}
	w.enlist(app, []trust.Release{{Set: "cis2"}}, func(d *trust.OIDCDocument) {
		d.RedirectURIs, d.Scopes = []string{callback}, scopes
		d.Grants = []string{trust.GrantCode, trust.GrantRefresh, trust.GrantClient}
		d.ResourceServers, d.Exchange, d.ExchangeIDToken = []string{gateway, records, pathology, imaging}, []string{records, pathology}, true
	})
	w.change(app, func(p *trust.Partner) { p.Terms.Subject = trust.SubjectUID })
	w.enlist(gateway, []trust.Release{{Set: "selectedrole"}}, func(d *trust.OIDCDocument) {
		d.Resource, d.Exchange, d.Scopes = []string{gatewayURI}, []string{records, pathology, gateway}, scopes
		d.Grants, d.BackchannelLogoutURI = []string{trust.GrantClient}, "https://gateway.example/backchannel"
		d.ResourceServers = []string{records}
	})
	w.enlist(records, []trust.Release{{Set: "nationalrbacaccess"}, {Set: "selectedrole"}, {Name: "staff", Value: "person.uid"}}, func(d *trust.OIDCDocument) {
		d.Resource, d.AccessToken, d.ResourceScopes = []string{recordsURI}, "jwt", []string{"fhir.read", "fhir.write", "nationalrbacaccess", "selectedrole"}
		d.Exchange, d.Scopes = []string{pathology}, scopes
	})
	w.enlist(pathology, []trust.Release{{Set: "profile"}, {Set: "nationalrbacaccess"}}, func(d *trust.OIDCDocument) { d.Resource = []string{labURI} })
	w.enlist(imaging, nil, func(d *trust.OIDCDocument) { d.Resource, d.IntrospectionAlg = []string{imagingURI}, "RS256" })
	return w
}

const everything = "openid profile email nationalrbacaccess selectedrole fhir.read fhir.write lab.read"

// ask posts to the token endpoint: pairs of name and value, of which some may come more than once.
func (w *world) ask(client string, pairs ...string) reply {
	w.t.Helper()
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return w.call(tokenPath, client, f)
}

// swap exchanges an access token.
func (w *world) swap(client, token string, pairs ...string) reply {
	w.t.Helper()
	if !slices.Contains(pairs, "subject_token_type") {
		pairs = append(pairs, "subject_token_type", typeAccess)
	}
	return w.ask(client, append(pairs, "grant_type", trust.GrantExchange, "subject_token", token)...)
}

// own is a token of a client itself.
func (w *world) own(client string, pairs ...string) tokenSet {
	w.t.Helper()
	return w.tokens(w.ask(client, append(pairs, "grant_type", trust.GrantClient)...))
}

// about introspects.
func (w *world) about(client, token string) map[string]any {
	w.t.Helper()
	got := w.call(introspectPath, client, url.Values{"token": {token}})
	if got.status != http.StatusOK {
		w.t.Fatalf("introspection: %d %s", got.status, got.body)
	}
	var out map[string]any
	must(w.t, json.Unmarshal([]byte(got.body), &out))
	if out["active"] != true && len(out) != 1 {
		w.t.Errorf("an inactive token is told about: %v", out)
	}
	return out
}

func (w *world) active(client, token string) bool {
	w.t.Helper()
	return w.about(client, token)["active"] == true
}

func (w *world) revoke(client, token string) {
	w.t.Helper()
	if got := w.call(revokePath, client, url.Values{"token": {token}}); got.status != http.StatusOK {
		w.t.Fatalf("revocation: %d %s", got.status, got.body)
	}
}
