package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// second starts another node of the same hub: same store, same keys, other sockets.
func (h *hub) second() (address string) {
	h.t.Helper()
	address = fmt.Sprintf("127.0.0.1:%d", components.FreePort(h.t))
	metrics := fmt.Sprintf("127.0.0.1:%d", components.FreePort(h.t))
	data, err := os.ReadFile(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	text := strings.Replace(string(data), h.address(), address, 1)
	h.write("node2.yaml", strings.Replace(text, h.metrics, metrics, 1))
	components.Start(h.t, components.Command{Path: h.bin, Args: []string{"serve", "--lab", "--config", h.path("node2.yaml")}, Env: h.env}).
		WaitURL(http.DefaultClient, "http://"+metrics+"/readyz", 20*time.Second)
	return address
}

// address is where the first node listens.
func (h *hub) address() string {
	return strings.Replace(h.issuer, "https://hub.localhost", "127.0.0.1", 1)
}

// via makes a browser reach the hub at one node, as a load balancer would.
func (s *surfer) via(node string) *surfer {
	port := s.hub.issuer[strings.LastIndexByte(s.hub.issuer, ':'):]
	if transport, ok := s.client.Transport.(*http.Transport); ok {
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasSuffix(address, port) {
				address = node
			}
			return components.DialLocalhost(ctx, network, address)
		}
		transport.DisableKeepAlives = true
	}
	return s
}

// TestFleet signs on at one node and out at another: any node serves any request.
func TestFleet(t *testing.T) {
	components.Gate(t)
	h := startHub(t, components.StartPostgres(t).DSN)
	other := h.second()
	path := h.pathology() // applied once, noticed by both
	at := h.newSurfer(doctor).via(h.address())
	at.open(h.issuer + "/ticket/start?partner=pathology")
	at.signInByCard(doctorRole2)
	at.autopost()
	token := path.last(t)

	there := h.newSurfer(doctor).via(other)
	there.client.Jar = at.client.Jar
	there.open(h.issuer + "/")
	there.see("Dr Asha Example")
	there.open(h.issuer + "/ticket/start?partner=pathology")
	there.autopost()
	if second := path.last(t); second == token {
		t.Error("two tickets are the same")
	}
	there.open(h.issuer + "/")
	there.submit("Sign out")
	there.see("You are signed out everywhere")
	if a := path.read(t, token); a.status != http.StatusForbidden {
		t.Errorf("signed out at one node, the ticket lives at the other: %+v", a)
	}
	at.open(h.issuer + "/")
	at.see("Nobody is signed in")
}

// TestSignOnAcrossNodes begins at one node, proves at the other and finishes at the first.
func TestSignOnAcrossNodes(t *testing.T) {
	components.Gate(t)
	h := startHub(t, components.StartPostgres(t).DSN)
	other := h.second()
	path := h.pathology()
	s := h.newSurfer(nurse).via(h.address())
	s.open(h.issuer + "/ticket/start?partner=pathology")
	s.see("Sign in")
	s.via(other).submit("smartcard")
	s.via(h.address()).autopost()
	if a := path.read(t, path.last(t)); a.uid != nurse {
		t.Errorf("assertion %+v", a)
	}
}
