package e2e

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// supplierSite is the web server of a supplier, which remembers who asked for what.
type supplierSite struct {
	base  string
	mu    sync.Mutex
	asked []string
}

func (h *hub) supplierSite(host string) *supplierSite {
	h.t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 300, 100))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(color.RGBA{0x14, 0x6b, 0x45, 0xff}), image.Point{}, draw.Src)
	draw.Draw(picture, image.Rect(30, 30, 270, 70), image.NewUniform(color.White), image.Point{}, draw.Src)
	var buf bytes.Buffer
	if err := png.Encode(&buf, picture); err != nil {
		h.t.Fatal(err)
	}
	s := &supplierSite{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.URL.Path+" "+r.Header.Get("Referer"))
		s.mu.Unlock()
		if r.URL.Path == "/logo.png" {
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(buf.Bytes())
		}
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{h.ca.Server(h.t, host).TLS()}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	h.t.Cleanup(server.Close)
	s.base = strings.Replace(server.URL, "127.0.0.1", host, 1)
	return s
}

// requests are what was asked for, each with the page that led there.
func (s *supplierSite) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// TestChromiumRegisteredApp: the sign-in page of an app that registered itself shows its logo, its policy and its terms. The hub has
// fetched the picture once; the browser asks the supplier for nothing until somebody follows a link, and then does not say from where.
func TestChromiumRegisteredApp(t *testing.T) {
	template := t.TempDir() + "/registration.yaml"
	if err := os.WriteFile(template, []byte("protocol: oidc\nstage: test\noidc: { auth: none, scopes: [openid] }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := startHubWith(t, "", "oidc: { registration: { mode: open, template_file: "+template+" } }")
	site := h.supplierSite("notes.localhost")
	metadata, err := json.Marshal(map[string]any{
		"client_name": "Ward Notes", "redirect_uris": []string{site.base + "/cb"}, "logo_uri": site.base + "/logo.png",
		"policy_uri": site.base + "/policy", "tos_uri": site.base + "/terms", "token_endpoint_auth_method": "none",
	})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := components.Client(t, h.ca).Post(h.issuer+"/oidc/register", "application/json", bytes.NewReader(metadata))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var told struct {
		ID string `json:"client_id"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&told); err != nil || told.ID == "" {
		t.Fatalf("%d %v", resp.StatusCode, err)
	}
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	q := url.Values{"client_id": {told.ID}, "redirect_uri": {site.base + "/cb"}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}}
	b.Open(t, h.issuer+"/oidc/authorize?"+q.Encode())
	b.SeeText(t, ".lead", "Ward Notes (not approved yet)")
	if size := b.Script(t, `(e => e.complete + " " + e.naturalWidth + " " + e.clientWidth + " " + new URL(e.src).origin)(document.querySelector(".app img"))`); size != "true 300 144 "+h.issuer {
		t.Errorf("the logo: %s", size)
	}
	newLens(t, h, b.Tab).look("registered-app")
	if console := b.Console(); len(console) > 0 {
		t.Errorf("console: %q", console)
	}
	if asked := site.requests(); !slices.Equal(asked, []string{"/logo.png "}) {
		t.Errorf("the supplier was asked for %q", asked)
	}
	if links := b.Script(t, `[...document.querySelectorAll(".links a")].map(a => a.target + " " + a.rel + " " + a.textContent.trim() + " " + a.href).join("\n")`); links !=
		"_blank noopener noreferrer Privacy policy at notes.localhost (opens in a new tab) "+site.base+"/policy\n"+
			"_blank noopener noreferrer Terms of use at notes.localhost (opens in a new tab) "+site.base+"/terms" {
		t.Errorf("links:\n%s", links)
	}
	b.Click(t, ".links a")
	for deadline := time.Now().Add(5 * time.Second); !slices.Contains(site.requests(), "/policy "); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the policy was not opened, or told where from: %q", site.requests())
		}
	}
}
