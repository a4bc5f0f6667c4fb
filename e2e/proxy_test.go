package e2e

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// savedFile is a file in the how-to, with its name.
var savedFile = regexp.MustCompile("(?s)Save as `/etc/haproxy/([^`]+)`:\n\n   ```\n(.*?)\n   ```")

// proxyFiles are the files that a section of the how-to has saved, with its addresses and folders replaced by those of this run.
func proxyFiles(t *testing.T, section string, replace ...string) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../docs/how-to/put-a-proxy-in-front.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "\n## "+section+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	out := map[string]string{}
	for _, m := range savedFile.FindAllStringSubmatch(text, -1) {
		out[m[1]] = strings.NewReplacer(replace...).Replace(strings.ReplaceAll(m[2], "\n   ", "\n")) + "\n"
	}
	if out["haproxy.cfg"] == "" {
		t.Fatalf("no configuration in %q", section)
	}
	return out
}

// proxyWith runs HAProxy on files, at the issuer's address.
func (h *hub) proxyWith(files map[string]string) {
	h.t.Helper()
	dir := h.path("haproxy")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		h.t.Fatal(err)
	}
	for name, text := range files {
		h.write(filepath.Join("haproxy", name), text)
	}
	components.HAProxy(h.t, dir, h.at())
}

// at is where the issuer's address leads.
func (h *hub) at() string { return "127.0.0.1:" + h.issuer[strings.LastIndexByte(h.issuer, ':')+1:] }

func read(t *testing.T, names ...string) (text string) {
	t.Helper()
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text += string(b)
	}
	return text
}

// signedInFrom fails unless the last sign-in was from an address.
func (h *hub) signedInFrom(peer string) {
	h.t.Helper()
	if got := h.audit("--kind", "signed_in"); !strings.Contains(got, `"peer":"`+peer+`"`) || strings.Contains(got, "127.0.0.2") {
		h.t.Errorf("not from %s: %s", peer, got)
	}
}

// TestProxyPassesTLS: HAProxy as in the how-to, with either version of the PROXY protocol. The client's address reaches the record, cards work
// as without a proxy, and who goes past the proxy is not heard.
func TestProxyPassesTLS(t *testing.T) {
	for _, version := range []string{"send-proxy-v2", "send-proxy"} {
		t.Run(version, func(t *testing.T) {
			inner := components.FreePort(t)
			h := startHubAs(t, setup{inner: inner, public: "proxy_protocol: true,", sections: "trusted_proxies: [127.0.0.2/32]"})
			h.proxyWith(proxyFiles(t, "Pass TLS through", "bind :443", "bind "+h.at(), "10.0.8.5:8443", fmt.Sprintf("127.0.0.1:%d", inner), "10.0.8.4", "127.0.0.2", "send-proxy-v2", version))
			s := h.newSurfer(doctor)
			s.open(h.issuer + "/signin")
			s.signInByCard("")
			s.see("Dr Asha Example")
			h.signedInFrom("127.0.0.1")
			c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", inner), 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(c, "PROXY TCP4 192.0.2.7 127.0.0.1 8080 443\r\n") // it may be closed already
			conf := &tls.Config{RootCAs: h.ca.Pool(), ServerName: "hub.localhost", MinVersion: tls.VersionTLS12}
			if err := tls.Client(c, conf).HandshakeContext(t.Context()); err == nil {
				t.Error("a header of anybody was believed")
			}
			if got := h.metric(`lanyard_connections_cut_total{listener="public",why="stranger"}`); got != "1" {
				t.Errorf("closed unheard: %q", got)
			}
		})
	}
}

// extra adds headers to every request, whatever the program that sends it would do.
type extra struct {
	http.RoundTripper
	header http.Header
}

func (e extra) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, values := range e.header {
		r.Header[name] = values
	}
	return e.RoundTripper.RoundTrip(r) //nolint:wrapcheck // of a test
}

// behindHAProxy starts a hub whose cards are seen by HAProxy as in the how-to, which reaches it by TCP with a certificate, or by a unix socket.
func behindHAProxy(t *testing.T, socket bool) *hub {
	t.Helper()
	own := components.SelfSigned(t, "proxy", components.ECKey(t))
	inner, cards := components.FreePort(t), components.FreePort(t)
	toCards := fmt.Sprintf("127.0.0.1:%d", cards)
	with := setup{inner: inner, card: fmt.Sprintf(`address: %q, client_cert: proxy, proxy_cert: [%q],`, toCards, own.CertFile), sections: "trusted_proxies: [127.0.0.2/32]"}
	if socket {
		toCards = "unix@" + filepath.Join(t.TempDir(), "card.sock")
		with.card = fmt.Sprintf(`address: %q, client_cert: proxy, proxy_protocol: true,`, strings.Replace(toCards, "@", ":", 1))
	}
	h := startHubAs(t, with)
	files := proxyFiles(t, "End TLS at the proxy", "bind :443", "bind "+h.at(), "10.0.8.5:8443", fmt.Sprintf("127.0.0.1:%d", inner),
		"10.0.8.5:8444", toCards, "10.0.8.4", "127.0.0.2", "/etc/haproxy", h.path("haproxy"), "sso.trust.example", "hub.localhost")
	if socket { // as the page says, and with the client in a PROXY header
		config, was := files["haproxy.cfg"], regexp.MustCompile(`(?m)^( +server cards unix@\S+) .*$`)
		files["haproxy.cfg"] = was.ReplaceAllString(config, "$1 send-proxy-v2")
	}
	front := h.ca.Server(t, "hub.localhost", "*.card.hub.localhost")
	files["hub.pem"] = read(t, front.CertFile, front.KeyFile)
	files["proxy.pem"], files["cards.pem"], files["hub-ca.pem"] = read(t, own.CertFile, own.KeyFile), read(t, h.cardCA.File), read(t, h.ca.File)
	h.proxyWith(files)
	return h
}

// TestProxyEndsTLS: rows 203 to 205 and 236 with HAProxy as in the how-to. A card is seen at the proxy; what it says counts, and what anybody
// else says does not.
func TestProxyEndsTLS(t *testing.T) {
	for name, socket := range map[string]bool{"by its certificate": false, "by a unix socket": true} {
		t.Run(name, func(t *testing.T) {
			h := behindHAProxy(t, socket)
			s := h.newSurfer(doctor)
			s.open(h.issuer + "/signin")
			s.signInByCard("")
			s.see("Dr Asha Example")
			h.signedInFrom("127.0.0.1")
			h.cards["nobody"] = components.NewCA(t, "Other CA").Card(t, doctor)
			stolen := ":" + base64.StdEncoding.EncodeToString(h.cards[doctor].Certificate.Raw) + ":"
			for what, c := range map[string]struct {
				card   string
				header string
				want   string
			}{
				"a cancelled card":                         {revoked, "", "cancelled"},
				"a card of another authority":              {"nobody", "", "This card is not accepted here"},
				"no card":                                  {"", "", "No smartcard was read"},
				"no card, but its header":                  {"", "Client-Cert", "No smartcard was read"},
				"no card, but nearly its header":           {"", "Client_Cert", "No smartcard was read"},
				"a card, and the header of another":        {nurse, "Client-Cert", "Ben Example"},
				"a card, and nearly the header of another": {nurse, "client_cert", "Ben Example"},
			} {
				s := h.newSurfer(c.card)
				if c.header != "" {
					s.client.Transport = extra{s.client.Transport, http.Header{c.header: {stolen}}}
				}
				s.open(h.issuer + "/signin")
				s.submit("smartcard")
				if !strings.Contains(s.body, c.want) {
					t.Errorf("%s: %s", what, s.body)
				}
			}
			h.handshakes()
		})
	}
}

// handshakes: at the proxy, a connection made for another name, one that speaks HTTP/2, and one that was resumed, are of no use at a card host.
func (h *hub) handshakes() {
	h.t.Helper()
	const card = "abcdefghijklmnopqrstuvwxyz.card.hub.localhost"
	own := h.cards[doctor].TLS()
	conf := &tls.Config{RootCAs: h.ca.Pool(), Certificates: []tls.Certificate{own}, ClientSessionCache: tls.NewLRUClientSessionCache(8), MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	ask := func(sni, host string) (tls.ConnectionState, int, string) {
		conf := conf.Clone()
		conf.ServerName = sni
		if strings.HasPrefix(sni, "hub.") {
			conf.NextProtos = []string{"http/1.1"}
		}
		c, err := tls.Dial("tcp", h.at(), conf)
		if err != nil {
			h.t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		transport := &http.Transport{DialTLS: func(string, string) (net.Conn, error) { return c, nil }, DisableKeepAlives: true}
		r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, "https://"+host+"/card", nil)
		if err != nil {
			h.t.Fatal(err)
		}
		res, err := transport.RoundTrip(r)
		if err != nil {
			h.t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			h.t.Fatal(err)
		}
		return c.ConnectionState(), res.StatusCode, string(body)
	}
	for range 2 {
		if state, status, _ := ask(card, card); state.DidResume || state.NegotiatedProtocol != "http/1.1" || status != http.StatusMisdirectedRequest {
			h.t.Errorf("resumed=%v, %q, %d", state.DidResume, state.NegotiatedProtocol, status)
		}
	}
	if _, status, body := ask("hub.localhost", card); status != http.StatusMisdirectedRequest || strings.Contains(body, "not served here") { // the hub's own words
		h.t.Errorf("for another name: %d %s", status, body)
	}
	if _, status, _ := ask("hub.localhost", strings.TrimPrefix(h.issuer, "https://")); status != http.StatusNotFound {
		h.t.Errorf("the issuer's host: %d", status)
	}
}
