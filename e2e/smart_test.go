package e2e

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// fhirclientVersion and its hash are what npm publishes of the SMART library of these tests.
const (
	fhirclientVersion = "fhirclient@2.6.3"
	fhirclientSum     = "CirZixcwWelbkIXxpxlNQx5+ZdJirl6F1s4y4yvA1X7hHAkr9n99aVHaMi0wX+97nATjKQ65X6NB5as/wZoJzg=="
)

// fhirclient is the library's build for browsers.
func fhirclient(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	if out, errs, code := components.Run(t, components.Command{Path: "npm", Args: []string{"pack", fhirclientVersion, "--prefer-offline", "--ignore-scripts", "--loglevel=error"}, Dir: dir}); code != 0 {
		t.Fatalf("npm pack: exit %d\n%s%s", code, out, errs)
	}
	file := filepath.Join(dir, strings.Replace(fhirclientVersion, "@", "-", 1)+".tgz")
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha512.Sum512(packed); base64.StdEncoding.EncodeToString(sum[:]) != fhirclientSum {
		t.Fatal("this is not the package whose hash is known")
	}
	if out, errs, code := components.Run(t, components.Command{Path: "tar", Args: []string{"xzf", file, "package/build/fhir-client.pure.js"}, Dir: dir}); code != 0 {
		t.Fatalf("tar: exit %d\n%s%s", code, out, errs)
	}
	script, err := os.ReadFile(filepath.Join(dir, "package", "build", "fhir-client.pure.js"))
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// ward is a record system, its FHIR server and an app that it launches, each on a host of its own.
type ward struct {
	t      *testing.T
	hub    *hub
	client *http.Client
	secret string
	ehr    string // addresses
	fhir   string
	chart  string

	mu     sync.Mutex
	sid    string // of the session that the record system knows last
	opened string // address that it launched the app at
}

const chartScope = "openid fhirUser launch online_access patient/Patient.read patient/Observation.rs"

// startWard registers the three and starts them.
func (h *hub) startWard(script []byte) *ward {
	h.t.Helper()
	w := &ward{t: h.t, hub: h, client: components.Client(h.t, h.ca), secret: "generated, thirty-two bytes long"}
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	h.t.Cleanup(srv.Close)
	port := srv.URL[strings.LastIndex(srv.URL, ":"):]
	w.ehr, w.fhir, w.chart = "http://ehr.localhost"+port, "http://fhir.localhost"+port+"/r4", "http://chart.localhost"+port
	mux.HandleFunc("ehr.localhost/", w.signOn)
	for _, host := range []string{"ehr", "fhir", "chart"} {
		mux.HandleFunc(host+".localhost/favicon.ico", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) })
	}
	mux.HandleFunc("ehr.localhost/cb", w.signedOn)
	mux.HandleFunc("ehr.localhost/open", w.open)
	mux.HandleFunc("fhir.localhost/r4/", w.serve)
	mux.HandleFunc("chart.localhost/fhir-client.js", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/javascript")
		_, _ = rw.Write(script)
	})
	mux.HandleFunc("chart.localhost/launch", func(rw http.ResponseWriter, _ *http.Request) {
		w.page(rw, fmt.Sprintf(`FHIR.oauth2.authorize({ clientId: "chart", scope: %q, redirectUri: %q, pkceMode: "required" }).catch(e => say("launch: " + e))`, chartScope, w.chart+"/app"))
	})
	mux.HandleFunc("chart.localhost/alone", func(rw http.ResponseWriter, _ *http.Request) {
		w.page(rw, fmt.Sprintf(`FHIR.oauth2.authorize({ iss: %q, clientId: "chart", scope: %q, redirectUri: %q, pkceMode: "required" }).catch(e => say("launch: " + e))`, w.fhir, strings.Replace(chartScope, "launch", "launch/patient", 1), w.chart+"/app"))
	})
	mux.HandleFunc("chart.localhost/app", func(rw http.ResponseWriter, _ *http.Request) {
		w.page(rw, `(async () => {
			const client = await FHIR.oauth2.ready()
			const granted = client.state.tokenResponse.scope
			if (!client.patient.id) return say("nobody; " + granted)
			const before = await client.patient.read()
			await client.refresh()
			const after = await client.patient.read()
			say([before.id, after.id, client.encounter.id, client.user.fhirUser, client.state.tokenResponse.need_patient_banner, granted].join("; "))
		})().catch(e => say("app: " + e))`)
	})
	h.write("ehr.secret", w.secret)
	h.apply("ward", fmt.Sprintf(`partner: ehr
name: Record
protocol: oidc
stage: live
require: { role: true }
oidc: { secret_file: ehr.secret, redirect_uris: [%q], smart: { launches: [chart] } }
---
partner: fhir
name: FHIR
protocol: oidc
stage: live
release: [{ set: smart }]
oidc: { secret_file: ehr.secret, resource: [%q], smart: { fhir_base: %q } }
---
partner: chart
name: Chart
protocol: oidc
stage: live
release: [{ set: smart }]
oidc: { auth: none, refresh: true, redirect_uris: [%q], resource_servers: [fhir], scopes: [fhirUser, launch, launch/patient, online_access, "patient/*.rs"], smart: { fhir_base: %q, launch_uri: %q } }
`, w.ehr+"/cb", w.fhir, w.fhir, w.chart+"/app", w.fhir, w.chart+"/launch"))
	return w
}

func (w *ward) page(rw http.ResponseWriter, script string) {
	rw.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(rw, `<!doctype html><meta charset="utf-8"><title>Chart</title><p id="out"></p><script src="/fhir-client.js"></script><script>const say = t => document.getElementById("out").textContent = t; %s</script>`, script)
}

const (
	wardVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	wardChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func (w *ward) signOn(rw http.ResponseWriter, r *http.Request) {
	q := url.Values{"client_id": {"ehr"}, "redirect_uri": {w.ehr + "/cb"}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"}, "code_challenge": {wardChallenge}, "code_challenge_method": {"S256"}}
	http.Redirect(rw, r, w.hub.issuer+"/oidc/authorize?"+q.Encode(), http.StatusSeeOther)
}

// call posts to the hub as a client with the secret, and reads the answer.
func (w *ward) call(client, path string, form url.Values) (map[string]any, error) {
	req, err := http.NewRequest(http.MethodPost, w.hub.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(client, url.QueryEscape(w.secret))
	res, err := w.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var out map[string]any
	err = json.NewDecoder(res.Body).Decode(&out)
	return out, err
}

// signedOn learns the sid of the clinician's session.
func (w *ward) signedOn(rw http.ResponseWriter, r *http.Request) {
	set, err := w.call("ehr", "/oidc/token", url.Values{"grant_type": {"authorization_code"}, "code": {r.URL.Query().Get("code")}, "redirect_uri": {w.ehr + "/cb"}, "code_verifier": {wardVerifier}})
	token, _ := set["id_token"].(string)
	parts := strings.Split(token, ".")
	if err != nil || len(parts) != 3 {
		http.Error(rw, fmt.Sprint("no ID token: ", set, err), http.StatusBadGateway)
		return
	}
	var claims struct {
		SID string `json:"sid"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadGateway)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sid = claims.SID
	_, _ = rw.Write([]byte("record open"))
}

// give puts a context at hand for the session.
func (w *ward) give(pairs ...string) (map[string]any, error) {
	w.mu.Lock()
	form := url.Values{"sid": {w.sid}}
	w.mu.Unlock()
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.call("ehr", "/oidc/launch", form)
}

// open launches the app on a patient.
func (w *ward) open(rw http.ResponseWriter, r *http.Request) {
	answer, err := w.give("app", "chart", "iss", w.fhir, "patient", "p-123", "encounter", "e-456", "need_patient_banner", "false")
	address, _ := answer["launch_url"].(string)
	if err != nil || address == "" {
		http.Error(rw, fmt.Sprint("no launch: ", answer, err), http.StatusBadGateway)
		return
	}
	w.mu.Lock()
	w.opened = address
	w.mu.Unlock()
	http.Redirect(rw, r, address, http.StatusSeeOther)
}

// serve is the FHIR server: it asks the hub what a token is good for.
func (w *ward) serve(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Access-Control-Allow-Origin", "*")
	rw.Header().Set("Access-Control-Allow-Headers", "*, Authorization")
	path := strings.TrimPrefix(r.URL.Path, "/r4")
	id, patient := strings.CutPrefix(path, "/Patient/")
	switch {
	case r.Method == http.MethodOptions:
	case path == "/.well-known/smart-configuration":
		http.Redirect(rw, r, w.hub.issuer+path, http.StatusFound)
	case path == "/metadata":
		_, _ = rw.Write([]byte(`{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1"}`))
	case patient:
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		said, err := w.call("fhir", "/oidc/introspect", url.Values{"token": {token}})
		scope, _ := said["scope"].(string)
		if err != nil || said["active"] != true || said["patient"] != id || said["fhirUser"] == nil || !slices.Contains(strings.Fields(scope), "patient/Patient.read") {
			http.Error(rw, fmt.Sprint(said, err), http.StatusForbidden)
			return
		}
		rw.Header().Set("Content-Type", "application/fhir+json")
		fmt.Fprintf(rw, `{"resourceType":"Patient","id":%q}`, id)
	default:
		http.NotFound(rw, r)
	}
}

// TestChromiumSMART: a record system launches an app that is made of the SMART library; the app reads the patient that the record system
// named, also after a refresh. The same launch does not work again, and an app opened by itself gets what is at hand for the session.
func TestChromiumSMART(t *testing.T) {
	h := startHub(t, "")
	w := h.startWard(fhirclient(t))
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[nurse]}})
	b.Open(t, w.ehr)
	b.Click(t, "#way-card button[type=submit]")
	b.SeeText(t, "body", "record open")

	b.Open(t, w.ehr+"/open")
	b.SeeText(t, "#out", "p-123; p-123; e-456; PractitionerRole/555000000121; false; "+chartScope)

	b.Open(t, w.opened)
	b.SeeText(t, "#out", "launch is not known for this app and this session")

	b.Open(t, w.chart+"/alone")
	b.SeeText(t, "#out", "nobody; openid fhirUser online_access")
	if answer, err := w.give("for", "session", "patient", "p-789"); err != nil || answer["expires_in"] == nil {
		t.Fatal(answer, err)
	}
	b.Open(t, w.chart+"/alone")
	b.SeeText(t, "#out", "p-789; p-789; ")
	noComplaint(t, b.Tab)

	if record := h.audit("--kind", "context_given"); strings.Count(record, `"context_given"`) != 2 || strings.Contains(record, "p-123") {
		t.Errorf("record: %s", record)
	}
	h.noPersonalData("p-123", "p-789", "Ben Example")
}
