package signin

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust"
)

// appWithPages is a client that registered itself, with a logo and pages of its own.
func appWithPages(t *testing.T) trust.Partner {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, image.NewGray(image.Rect(0, 0, 300, 100))); err != nil {
		t.Fatal(err)
	}
	d := trust.Document{Partner: "https://app.example/?a=b&c", Name: "Ward Notes", Protocol: trust.OIDC, Stage: trust.Test, OIDC: &trust.OIDCDocument{
		Auth: trust.AuthNone, RedirectURIs: []string{"https://app.example/cb"},
		OIDCClientDocument: trust.OIDCClientDocument{
			Logo: base64.StdEncoding.EncodeToString(buf.Bytes()), LogoURI: "https://app.example/logo.png", PolicyURI: "https://App.example/policy?x=1&y", TermsURI: "https://terms.example/",
			Registration: &trust.RegistrationDocument{TokenSHA256: strings.Repeat("ab", 32), Issued: "2026-11-25T09:00:00Z"},
		},
	}}
	c, err := trust.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Compile(d, nil, trust.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAboutAnApp: the page shows logo, policy and terms of an app beside its name; its links tell its server nothing and lead to it alone, and
// the picture comes from the hub.
func TestAboutAnApp(t *testing.T) {
	w := newWorld(t)
	app := appWithPages(t)
	app.Terms.Assurance = 2
	if got := aboutOf(app).Logo; !strings.HasPrefix(got, "/signin/logo?client=https%3A%2F%2Fapp.example%2F%3Fa%3Db%26c&v=") {
		t.Errorf("an id in an address: %s", got)
	}
	w.strong = app
	w.strong.ID = "strong"
	b := w.browser()
	page := b.get("/front/start?partner=strong").want(http.StatusOK, "Ward Notes (not approved yet)",
		`<a href="https://App.example/policy?x=1&amp;y" target="_blank" rel="noopener noreferrer">Privacy policy at app.example`,
		`<a href="https://terms.example/" target="_blank" rel="noopener noreferrer">Terms of use at terms.example`, `alt="" width="144" height="48"`)
	if strings.Contains(page.body, "logo.png") || !strings.Contains(page.answer.Get("Content-Security-Policy"), "img-src 'self';") {
		t.Errorf("the browser is sent elsewhere for the picture: %s", page.answer.Get("Content-Security-Policy"))
	}
	src := strings.ReplaceAll(between(page.body, `<img src="`, `"`), "&amp;", "&")
	got := ask(w, src)
	if got.Code != http.StatusOK || got.Body.String() != string(app.OIDC.About.Logo.Data) {
		t.Fatalf("%s: %d", src, got.Code)
	}
	for name, want := range map[string]string{
		"Content-Type": "image/png", "Content-Security-Policy": "default-src 'none'; sandbox", "Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff",
	} {
		if h := got.Header().Get(name); h != want {
			t.Errorf("%s: %q", name, h)
		}
	}
	for _, bad := range []string{src + "0", strings.Replace(src, "client=", "client=x", 1), logoPath, strings.Replace(src, "&v=", "&w=", 1)} {
		if got := ask(w, bad); got.Code != http.StatusNotFound || got.Header().Get("Cache-Control") == "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d", bad, got.Code)
		}
	}
	w.strong.Stage = trust.SuspendedAt
	if got := ask(w, src); got.Code != http.StatusNotFound {
		t.Errorf("of a suspended app: %d", got.Code)
	}
	if plain := b.get("/front/start?partner=board").want(http.StatusOK); strings.Contains(plain.body, "<img") || strings.Contains(plain.body, `class="links"`) {
		t.Error("an app without pages has some")
	}
}

func ask(w *world, path string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.kit.Router(w.pages.Routes()).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "https://sso.example"+path, nil))
	return rec
}

// TestLogoFits: whatever shape a logo has, it takes little room and keeps its shape.
func TestLogoFits(t *testing.T) {
	for in, want := range map[[2]int][2]int{{300, 100}: {144, 48}, {10, 5}: {10, 5}, {1024, 1}: {144, 1}, {1, 1024}: {1, 48}, {100, 100}: {48, 48}, {200, 48}: {144, 34}} {
		if w, h := within(in[0], in[1]); w != want[0] || h != want[1] {
			t.Errorf("%v: %d by %d", in, w, h)
		}
	}
}
