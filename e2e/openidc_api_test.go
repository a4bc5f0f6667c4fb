package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestOpenIDCGuardsAnAPI: mod_auth_openidc is the resource server. It introspects opaque tokens, or reads JWTs by the hub's keys, and lets in what is for it
// and from the client that it knows.
func TestOpenIDCGuardsAnAPI(t *testing.T) {
	h := startHub(t, "")
	const api, other = "https://fhir.rx1.example/r4", "https://reports.rx1.example"
	h.write("fhir.secret", clientSecret+"-of-fhir")
	register := func(name, resource, more string) {
		h.apply(name, fmt.Sprintf("partner: %s\nname: %[1]s\nprotocol: oidc\nstage: live\noidc: { secret_file: fhir.secret, resource: [%q]%s }\n", name, resource, more))
	}
	register("reports", other, ", access_token: jwt, id_token_alg: RS256")
	a := h.goApp("worker", "RS256", ", grants: [authorization_code, client_credentials], resource_servers: [fhir, reports]", oidc.ScopeOpenID)
	stranger := h.goApp("stranger", "RS256", ", grants: [authorization_code, client_credentials], resource_servers: [fhir]", oidc.ScopeOpenID)
	token := func(a *goApp, resource string) string {
		t.Helper()
		c := clientcredentials.Config{ClientID: a.config.ClientID, ClientSecret: clientSecret, TokenURL: a.config.Endpoint.TokenURL, EndpointParams: url.Values{"resource": {resource}}}
		got, err := c.Token(a.ctx)
		if err != nil {
			t.Fatal(err)
		}
		return got.AccessToken
	}
	for _, c := range []struct {
		name, terms string
		directives  []string
		suspended   int // status once the client is suspended
	}{
		{"introspection", "", []string{"OIDCOAuthIntrospectionEndpoint " + h.issuer + "/oidc/introspect", "OIDCOAuthClientID fhir", "OIDCOAuthClientSecret " + clientSecret + "-of-fhir", "OIDCOAuthTokenIntrospectionInterval -1"}, http.StatusUnauthorized},
		{"JWT", ", access_token: jwt, id_token_alg: RS256", []string{"OIDCOAuthVerifyJwksUri " + h.issuer + "/oidc/jwks"}, http.StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			register("fhir", api, c.terms)
			guard := append(c.directives, "<Location /goodbye.html>", "AuthType oauth20", "<RequireAll>", "Require claim client_id:worker", "Require claim aud:"+api, "</RequireAll>", "</Location>")
			rp := h.openidc(components.OpenIDCConfig{Extra: guard}, "")
			ask := func(bearer string) int {
				t.Helper()
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, rp.PostLogout, nil)
				if err != nil {
					t.Fatal(err)
				}
				if bearer != "" {
					r.Header.Set("Authorization", "Bearer "+bearer)
				}
				resp, err := components.Client(t, h.ca).Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				return resp.StatusCode
			}
			good := token(a, api)
			for who, want := range map[string]int{"": http.StatusUnauthorized, good: http.StatusOK, good + "x": http.StatusUnauthorized, token(stranger, api): http.StatusUnauthorized, token(a, other): http.StatusUnauthorized} {
				if got := ask(who); got != want {
					t.Errorf("%.60s: %d, want %d\n%s", who, got, want, last(rp.Log(t)))
				}
			}
			before := h.metric("lanyard_registry_revision")
			h.run("partner", "suspend", "worker")
			for h.metric("lanyard_registry_revision") == before {
				time.Sleep(50 * time.Millisecond)
			}
			if got := ask(good); got != c.suspended { // who reads JWTs learns it when they expire
				t.Errorf("suspended: %d, want %d", got, c.suspended)
			}
			h.apply("worker", h.read("worker.yaml"))
		})
	}
}

// last lines of a log.
func last(log string) string {
	lines := strings.Split(log, "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}
