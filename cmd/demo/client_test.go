package demo

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// running starts a demo in a directory of its own and returns what its demo.json says: tests know no more
// than a script would.
func running(t *testing.T) (*Demo, manifest) {
	t.Helper()
	dir := t.TempDir()
	d, err := Start(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	data, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return d, m
}

// browser is a dumb one: cookies and redirects, no script. It finds forms and links by their text.
type browser struct {
	t      *testing.T
	client *http.Client
	page   string
	at     *url.URL
	status int
	posts  int // forms that were only passed on
}

// newBrowser has a card in its reader if persona is given.
func newBrowser(t *testing.T, dir string, m manifest, persona *manifestPersona) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(filepath.Join(dir, m.Card.CA))
	if err != nil {
		t.Fatal(err)
	}
	conf := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	if !conf.RootCAs.AppendCertsFromPEM(pem) {
		t.Fatal("no authority")
	}
	if persona != nil {
		card, err := tls.LoadX509KeyPair(filepath.Join(dir, persona.Card.Cert), filepath.Join(dir, persona.Card.Key))
		if err != nil {
			t.Fatal(err)
		}
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &card, nil }
	}
	transport := &http.Transport{DialContext: dial, TLSClientConfig: conf, DisableKeepAlives: true}
	return &browser{t: t, client: &http.Client{Jar: jar, Transport: transport}}
}

func (b *browser) take(resp *http.Response, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.page, b.at, b.status = string(data), resp.Request.URL, resp.StatusCode
	b.pass()
}

// pass presses the button of a page that does nothing but pass a message on.
func (b *browser) pass() {
	b.t.Helper()
	if strings.Contains(b.page, "data-autopost") {
		b.posts++
		b.submit("data-autopost", nil)
	}
}

func (b *browser) open(target string) {
	b.t.Helper()
	b.take(b.client.Get(target)) //nolint:noctx // the test ends it
}

var (
	forms  = regexp.MustCompile(`(?s)<form[^>]*>.*?</form>`)
	fields = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	links  = regexp.MustCompile(`(?s)<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>`)
)

// submit sends the form that contains mark.
func (b *browser) submit(mark string, more url.Values) {
	b.t.Helper()
	for _, form := range forms.FindAllString(b.page, -1) {
		if !strings.Contains(form, mark) {
			continue
		}
		values := url.Values{}
		for _, f := range fields.FindAllStringSubmatch(form, -1) {
			values.Add(html.UnescapeString(f[1]), html.UnescapeString(f[2]))
		}
		for name, v := range more {
			values[name] = v
		}
		b.take(b.client.PostForm(b.resolve(between(form, `action="`, `"`)), values)) //nolint:noctx // the test ends it
		return
	}
	b.t.Fatalf("no form with %q on %s:\n%s", mark, b.at, b.page)
}

func (b *browser) resolve(ref string) string {
	b.t.Helper()
	u, err := b.at.Parse(html.UnescapeString(ref))
	if err != nil {
		b.t.Fatal(err)
	}
	return u.String()
}

// follow opens the link with that text.
func (b *browser) follow(text string) {
	b.t.Helper()
	for _, l := range links.FindAllStringSubmatch(b.page, -1) {
		if strings.Contains(l[2], text) {
			b.open(b.resolve(l[1]))
			return
		}
	}
	b.t.Fatalf("no link %q on %s:\n%s", text, b.at, b.page)
}

// sees fails unless the page has every text.
func (b *browser) sees(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if !strings.Contains(b.page, text) {
			b.t.Fatalf("%s (%d) does not show %q:\n%s", b.at, b.status, text, b.page)
		}
	}
}

// looksUntil asks for a page that still changes until it has the text.
func (b *browser) looksUntil(text string) {
	b.t.Helper()
	for limit := time.Now().Add(20 * time.Second); !strings.Contains(b.page, text) && time.Now().Before(limit); time.Sleep(100 * time.Millisecond) {
		b.follow("Look again")
	}
	b.sees(text)
}

// lacks fails if the page has the text.
func (b *browser) lacks(text string) {
	b.t.Helper()
	if strings.Contains(b.page, text) {
		b.t.Fatalf("%s shows %q:\n%s", b.at, text, b.page)
	}
}

// on fails unless the browser is at that host and path.
func (b *browser) on(prefix string) {
	b.t.Helper()
	if !strings.HasPrefix(b.at.String(), prefix) {
		b.t.Fatalf("at %s, not %s:\n%s", b.at, prefix, b.page)
	}
}
