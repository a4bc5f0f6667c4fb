package components_test

import (
	"crypto/tls"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// cardServer shows the common name of the client certificate it was given.
func cardServer(t *testing.T, trust, cards *components.CA) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		holder := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			holder = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!DOCTYPE html><title>card</title><p id="holder">%s</p><p id="script">off</p>`+
			`<a id="next" href="/next">next</a><script>document.getElementById("script").textContent = "on"</script>`, holder)
	}))
	server.TLS = serverTLS(trust.Server(t, "hub.localhost", "*.card.hub.localhost"))
	server.TLS.ClientAuth = tls.RequestClientCert
	server.TLS.ClientCAs = cards.Pool()
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestBrowserPresentsCard(t *testing.T) {
	components.Gate(t)
	trust, cards, others := components.NewCA(t, "Trust CA"), components.NewCA(t, "Card CA"), components.NewCA(t, "Other CA")
	address := "https://a1.card.hub.localhost" + portOf(cardServer(t, trust, cards)) + "/"
	for name, c := range map[string]struct {
		cards []*components.Leaf
		want  string
	}{
		"a card":                {[]*components.Leaf{cards.Card(t, "555000000001")}, "555000000001"},
		"no card":               {nil, "nobody"},
		"a card of another CA":  {[]*components.Leaf{others.Card(t, "555000000002")}, "nobody"},
		"both, the issuer hint": {[]*components.Leaf{others.Card(t, "555000000002"), cards.Card(t, "555000000001")}, "555000000001"},
	} {
		t.Run(name, func(t *testing.T) {
			browser := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{trust}, Cards: c.cards})
			browser.Open(t, address)
			if got := browser.Text(t, "#holder"); got != c.want {
				t.Errorf("the server saw %q, want %q", got, c.want)
			}
		})
	}
}

func TestBrowserSwapsCards(t *testing.T) {
	components.Gate(t)
	trust, cards := components.NewCA(t, "Trust CA"), components.NewCA(t, "Card CA")
	port := portOf(cardServer(t, trust, cards))
	first, second := cards.Card(t, "555000000001"), cards.Card(t, "555000000002")
	browser := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{trust}})
	see := func(host, want string) {
		t.Helper()
		browser.Open(t, "https://"+host+".card.hub.localhost"+port+"/")
		if got := browser.Text(t, "#holder"); got != want {
			t.Errorf("%s: the server saw %q, want %q", host, got, want)
		}
	}
	see("a1", "nobody")
	browser.InsertCard(t, first)
	see("a2", "555000000001")
	browser.RemoveCard(t, first)
	see("a3", "nobody")
	browser.InsertCard(t, second)
	see("a4", "555000000002")
}

func TestBrowserSteps(t *testing.T) {
	components.Gate(t)
	trust := components.NewCA(t, "Trust CA")
	address := "https://hub.localhost" + portOf(cardServer(t, trust, trust)) + "/"
	browser := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{trust}, Width: 800, Height: 600})
	browser.Open(t, address)
	browser.SeeText(t, "#script", "on")
	browser.Follow(t, "#next")
	browser.SeeAddress(t, address+"next")
	browser.DisableScripts(t, true)
	browser.Open(t, address)
	browser.SeeText(t, "#script", "off")
	file, err := os.Open(browser.Screenshot(t, "steps"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if picture, err := png.Decode(file); err != nil || picture.Bounds().Dx() != 800 {
		t.Errorf("screenshot is not a PNG of the window's width: %v", err)
	}
	second := browser.NewTab(t)
	second.Open(t, address)
	second.SeeText(t, "#script", "on")
}

func TestBrowserSecurityKey(t *testing.T) {
	components.Gate(t)
	trust := components.NewCA(t, "Trust CA")
	secure := "https://hub.localhost" + portOf(cardServer(t, trust, trust)) + "/"
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<!DOCTYPE html><title>plain</title>"))
	}))
	t.Cleanup(plain.Close)
	for _, address := range []string{secure, "http://hub.localhost" + portOf(plain) + "/"} {
		browser := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{trust}})
		browser.Open(t, address)
		key := browser.InsertKey(t)
		created := browser.Script(t, `navigator.credentials.create({publicKey: {
			challenge: new Uint8Array(32), rp: {id: "hub.localhost", name: "hub"},
			user: {id: new Uint8Array([7]), name: "n", displayName: "N"}, pubKeyCredParams: [{type: "public-key", alg: -7}],
			authenticatorSelection: {residentKey: "required", userVerification: "required"}}}).then(c => c.id)`)
		held := key.Credentials(t)
		if len(held) != 1 || !held[0].IsResidentCredential || held[0].RpID != "hub.localhost" {
			t.Fatalf("the key holds %+v", held)
		}
		const signIn = `navigator.credentials.get({publicKey: {challenge: new Uint8Array(32), rpId: "hub.localhost",
			userVerification: "required"}}).then(c => c.id, e => e.name)`
		if got := browser.Script(t, signIn); got != created {
			t.Errorf("%s: signed in with %q, enrolled %q", address, got, created)
		}
		key.Remove(t)
		again := browser.InsertKey(t, held...)
		if got := browser.Script(t, signIn); got != created {
			t.Errorf("%s: the key moved over signed in with %q", address, got)
		}
		again.Verify(t, false)
		if got := browser.Script(t, signIn); got != "NotAllowedError" {
			t.Errorf("%s: a wrong PIN gave %q", address, got)
		}
	}
}

func TestBrowserPolicyRemoved(t *testing.T) {
	components.Gate(t)
	t.Run("one browser", func(t *testing.T) {
		components.StartBrowser(t, components.BrowserConfig{})
	})
	pattern := fmt.Sprintf("/etc/chromium/policies/managed/lanyard-test-%d-*", os.Getpid())
	if left, err := filepath.Glob(pattern); err != nil || len(left) > 0 {
		t.Errorf("left behind (%v): %v", err, left)
	}
}

// TestScreenshotWaitsForLayout: the text of a page of another site is there before its style sheet; its picture is not.
func TestScreenshotWaitsForLayout(t *testing.T) {
	components.Gate(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/late.css", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Second)
		w.Header().Set("Content-Type", "text/css")
	})
	mux.HandleFunc("/next", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, `<!DOCTYPE html><link rel="stylesheet" href="/late.css"><h1>Next</h1>`)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!DOCTYPE html><a href="%s/next">next</a>`, strings.Replace("http://"+r.Host, "127.0.0.1", "localhost", 1))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	browser := components.StartBrowser(t, components.BrowserConfig{})
	browser.Open(t, server.URL)
	browser.Click(t, "a")
	browser.SeeText(t, "h1", "Next")
	browser.Screenshot(t, "late")
}
