package e2e

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// spa is an app of pages alone, made of oidc-client-ts.
type spa struct {
	*hub
	*components.Tab
	base string
}

// spa registers the app and serves its pages. npm puts in what the lock file names.
func (h *hub) spa(b *components.Browser, name, terms string) *spa {
	h.t.Helper()
	dir := h.t.TempDir()
	for _, file := range []string{"package.json", "package-lock.json", "app.html"} {
		data, err := os.ReadFile(filepath.Join("testdata", "oidc-client-ts", file))
		if err != nil {
			h.t.Fatal(err)
		}
		h.put(dir, file, data)
	}
	npm := components.Command{Path: "npm", Args: []string{"ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"}, Dir: dir}
	if out, errs, code := components.Run(h.t, npm); code != 0 {
		h.t.Fatalf("npm ci: exit %d\n%s%s", code, out, errs)
	}
	host := name + ".localhost"
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/oidc-client-ts.min.js":
			http.ServeFile(w, r, filepath.Join(dir, "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"))
		case "/settings.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprintf(w, "const settings = { issuer: %q, client: %q, scope: 'openid profile selectedrole', userinfo: %q }", h.issuer, name, h.issuer+"/oidc/userinfo")
		default:
			http.ServeFile(w, r, filepath.Join(dir, "app.html"))
		}
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{h.ca.Server(h.t, host).TLS()}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	h.t.Cleanup(server.Close)
	a := &spa{hub: h, Tab: b.Tab, base: strings.Replace(server.URL, "127.0.0.1", host, 1)}
	h.apply(name, fmt.Sprintf("partner: %[1]s\nname: App %[1]s\nprotocol: oidc\nstage: live\nrelease: [{ set: cis2 }]\noidc: { auth: none, redirect_uris: ['%[2]s/cb', '%[2]s/silent'], post_logout_redirect_uris: ['%[2]s/bye'], scopes: [openid, profile, selectedrole]%[3]s }\n", name, a.base, terms))
	return a
}

// spaFacts are what the app prints of a user.
type spaFacts struct {
	Profile struct {
		Sub, Name, Sid string
		Role           string `json:"selected_roleid"`
	}
	Scope, Refresh, Access, Session string
}

// does has the app do something on the page that is open; said waits for what it came to.
func (a *spa) does(what string) {
	a.t.Helper()
	a.Script(a.t, "setTimeout(() => does."+what+", 0), 1") // the page may go away
}

func (a *spa) said(word string) spaFacts {
	a.t.Helper()
	a.SeeText(a.t, "#said", word+" ")
	text := a.Text(a.t, "#said")
	var f spaFacts
	if err := json.Unmarshal([]byte(strings.TrimPrefix(text, word)), &f); err != nil {
		a.t.Fatalf("%s: %v", text, err)
	}
	return f
}

// TestSinglePageApp: sign-in with PKCE, renewal, revocation and sign-out by the library that most single page apps use, in Chromium. One app
// renews with refresh tokens, the other in a hidden frame, which the browser lets have its cookies.
func TestSinglePageApp(t *testing.T) {
	h := startHub(t, "")
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[doctor]}, ThirdPartyCookies: true})
	for _, c := range []struct{ name, terms, refresh string }{{"chart", ", refresh: true", "yes"}, {"board", ", frames: true", "no"}} {
		a := h.spa(b, c.name, c.terms)
		a.Open(t, a.base+"/")
		a.does("signin({ acr_values: 'AAL3_ANY' })")
		a.Click(t, "#way-card button[type=submit]")
		a.SeeText(t, "h1", "Choose your role")
		a.Click(t, "#role-"+doctorRole2)
		a.Click(t, `form[action="/role"][method="post"] button[type=submit]`)
		first := a.said("arrived")
		if first.Profile.Sub != doctor || first.Profile.Name != "Dr Asha Example" || first.Profile.Role != doctorRole2 || first.Refresh != c.refresh || first.Session == "" {
			t.Fatalf("%+v", first)
		}
		a.Open(t, a.base+"/")
		a.does("silent()")
		renewed := a.said("renewed")
		if renewed.Profile.Sub != doctor || renewed.Profile.Sid != first.Profile.Sid || renewed.Access == first.Access || renewed.Access == "" {
			t.Fatalf("renewed %+v, before %+v", renewed, first)
		}
		if c.refresh == "yes" {
			a.does("revoke()")
			a.SeeText(t, "#said", "revoked ")
			if text := a.Text(t, "#said"); !strings.Contains(text, `"status":401`) || !strings.Contains(text, "invalid_token") {
				t.Errorf("after revocation: %s", text)
			}
		}
		a.does("signout()")
		a.SeeAddress(t, a.base+"/bye")
		a.SeeText(t, "#said", `left "left"`)
		if c.refresh == "no" {
			a.does("silent()")
			a.SeeText(t, "#said", "login_required")
		}
		noComplaint(t, a.Tab)
	}
}
