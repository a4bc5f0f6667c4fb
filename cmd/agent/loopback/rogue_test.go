//go:build linux

package loopback_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestSecurityRoguePage: pages and programs that have no business here, each by what it can do.
func TestSecurityRoguePage(t *testing.T) {
	d := start(t)
	own := address(d.Port)
	intent := []string{"Content-Type: application/json", "X-Lanyard-Agent: 1"}
	with := func(more ...string) []string { return append(more, intent...) }
	cases := []struct {
		name, method, path string
		headers            []string
		want               int
	}{
		{"another origin", "POST", "/v1/sign", with("Origin: https://evil.example"), 403},
		{"another origin reads", "GET", "/v1/state", []string{"Origin: https://evil.example"}, 403},
		{"another port of the hub", "POST", "/v1/sign", with("Origin: https://sso.trust.example:8443"), 403},
		{"the hub over http", "POST", "/v1/sign", with("Origin: http://sso.trust.example"), 403},
		{"a name that begins like the hub's", "POST", "/v1/sign", with("Origin: https://sso.trust.example.evil.example"), 403},
		{"a name that ends like the hub's", "POST", "/v1/sign", with("Origin: https://evil-sso.trust.example"), 403},
		{"the origin in capitals", "POST", "/v1/sign", with("Origin: HTTPS://SSO.TRUST.EXAMPLE"), 403},
		{"the origin with a slash", "POST", "/v1/sign", with("Origin: https://sso.trust.example/"), 403},
		{"Origin: null", "POST", "/v1/sign", with("Origin: null"), 403},
		{"an empty origin", "POST", "/v1/sign", with("Origin: "), 403},
		{"two origins", "POST", "/v1/sign", with("Origin: "+hub, "Origin: https://evil.example"), 403},
		{"a list of origins", "POST", "/v1/sign", with("Origin: " + hub + ", https://evil.example"), 403},
		{"the agent's own origin", "POST", "/v1/sign", with("Origin: http://" + own), 403},
		{"DNS rebinding", "POST", "/v1/sign", with("Host: evil.example:"+strings.Split(own, ":")[1], "Origin: "+hub), 421},
		{"rebinding without an origin", "GET", "/v1/state", []string{"Host: evil.example", "X-Lanyard-Agent: 1"}, 421},
		{"a name below localhost", "GET", "/v1/state", []string{"Host: evil.localhost:" + strings.Split(own, ":")[1], "Origin: " + hub}, 421},
		{"another port in Host", "GET", "/v1/state", []string{"Host: 127.0.0.1:1", "Origin: " + hub}, 421},
		{"no port in Host", "GET", "/v1/state", []string{"Host: 127.0.0.1", "Origin: " + hub}, 421},
		{"capitals in Host", "GET", "/v1/state", []string{"Host: LOCALHOST:" + strings.Split(own, ":")[1], "Origin: " + hub}, 421},
		{"an image without an origin", "GET", "/v1/state", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"}, 403},
		{"a form without an origin", "POST", "/v1/sign", []string{"Content-Type: application/x-www-form-urlencoded"}, 403},
		{"a form that says it is text", "POST", "/v1/ticket/get", []string{"Content-Type: text/plain", "X-Lanyard-Agent: 1"}, 415},
		{"a browser that names itself a program", "POST", "/v1/ticket/get", with("Sec-Fetch-Site: none"), 403},
		{"a simple request of an allowed page", "POST", "/v1/ticket/get", []string{"Origin: " + hub, "Content-Type: application/json"}, 403},
		{"a ticket for a page that may have none", "POST", "/v1/ticket/get-no-auth", with("Origin: https://pas.trust.example"), 403},
		{"the end of a ticket by such a page", "POST", "/v1/ticket/destroy", with("Origin: https://pas.trust.example"), 403},
		{"preflight of such a page", "OPTIONS", "/v1/ticket/get", []string{"Origin: https://pas.trust.example", "Access-Control-Request-Method: POST"}, 403},
		{"a beacon of an allowed page", "POST", "/v1/ticket/get", []string{"Origin: " + hub, "Content-Type: text/plain"}, 415},
		{"GET for POST", "GET", "/v1/sign", with("Origin: " + hub), 405},
		{"HEAD for GET", "HEAD", "/v1/state", []string{"Origin: " + hub}, 405},
		{"POST for GET", "POST", "/v1/state", with("Origin: " + hub), 405},
		{"a method nobody knows", "BREW", "/v1/state", []string{"Origin: " + hub}, 405},
		{"a method override", "GET", "/v1/ticket/get", with("Origin: "+hub, "X-Http-Method-Override: POST"), 405},
		{"a path in capitals", "POST", "/V1/SIGN", with("Origin: " + hub), 404},
		{"a path behind dots", "GET", "/v1/x/../state", []string{"Origin: " + hub}, 404},
		{"preflight of another origin", "OPTIONS", "/v1/sign", []string{"Origin: https://evil.example", "Access-Control-Request-Method: POST"}, 403},
		{"preflight without an origin", "OPTIONS", "/v1/sign", []string{"Access-Control-Request-Method: POST"}, 403},
		{"preflight for another method", "OPTIONS", "/v1/sign", []string{"Origin: " + hub, "Access-Control-Request-Method: PUT"}, 405},
		{"the port service's door here", "GET", "/PRS/GetPortNumber", nil, 404},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			body := ""
			if c.method == "POST" {
				body = `{"challenge":"0123456789abcdef"}`
			}
			status, head, text := call(t, d.Port, c.method, c.path, body, c.headers...)
			if status != c.want {
				t.Errorf("status %d, want %d: %s", status, c.want, text)
			}
			for name := range head {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("the refusal has %s", name)
				}
			}
			if d.cards.text.Load() != nil {
				t.Fatal("the card signed")
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	d := start(t)
	status, head, _ := call(t, d.Port, "OPTIONS", "/v1/sign", "", "Origin: "+hub, "Access-Control-Request-Method: POST",
		"Access-Control-Request-Headers: content-type,x-lanyard-agent", "Access-Control-Request-Private-Network: true")
	if status != 204 || head.Get("Access-Control-Allow-Origin") != hub || head.Get("Access-Control-Allow-Private-Network") != "true" ||
		head.Get("Access-Control-Allow-Methods") != "POST" || !strings.Contains(head.Get("Access-Control-Allow-Headers"), "X-Lanyard-Agent") || head.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%d %v", status, head)
	}
}

func TestSecurityOtherUser(t *testing.T) {
	d := start(t)
	d.peers.uid.Store(1001)
	if status, _, _ := call(t, d.Port, "POST", "/v1/ticket/get", "{}", program()...); status != 403 {
		t.Errorf("%d for another user's program", status)
	}
	d.peers.uid.Store(0)
	d.peers.err = net.ErrClosed
	if status, _, _ := call(t, d.Port, "GET", "/v1/state", "", page(hub)...); status != 403 {
		t.Errorf("%d for a connection of nobody known", status)
	}
}

// TestSlow: who sends a head or a body by the drop is cut off, and so is who sends too much.
func TestSlow(t *testing.T) {
	t.Parallel()
	d := start(t)
	for name, text := range map[string]string{
		"long": "GET /v1/state HTTP/1.1\r\nHost: " + address(d.Port) + "\r\nOrigin: " + hub + "\r\nX-Long: " + strings.Repeat("x", 24<<10) + "\r\n\r\n",
		"head": "GET /v1/state HTTP/1.1\r\nHost: " + address(d.Port) + "\r\n",
		"body": "POST /v1/presence HTTP/1.1\r\nHost: " + address(d.Port) + "\r\nOrigin: " + hub + "\r\nContent-Type: application/json\r\nX-Lanyard-Agent: 1\r\nContent-Length: 99\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := net.Dial("tcp", address(d.Port))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := fmt.Fprint(c, text); err != nil {
				t.Fatal(err)
			}
			if err := c.SetReadDeadline(time.Now().Add(15 * time.Second)); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err == nil {
				_ = resp.Body.Close()
				if resp.StatusCode == 200 {
					t.Error("it was answered")
				}
			}
			if time.Since(began) > 8*time.Second {
				t.Error("it was left open")
			}
		})
	}
}
