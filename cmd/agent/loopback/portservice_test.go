//go:build linux

package loopback_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"
)

// free finds ports that nobody has now.
func free(t *testing.T, n int) []int {
	t.Helper()
	var out []int
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, l.Addr().(*net.TCPAddr).Port)
		defer l.Close()
	}
	return out
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func TestPortService(t *testing.T) {
	ports := free(t, 3)
	foreign, err := net.Listen("tcp4", address(ports[0])) // another program has the first port
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Close()
	other := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second}
	go other.Serve(foreign) //nolint:errcheck // ends with the test
	defer other.Close()

	first := start(t, ports...)
	if first.Service() != ports[1] {
		t.Fatalf("the port service is on %d, want %d", first.Service(), ports[1])
	}
	if status, head, text := call(t, ports[1], "GET", "/PRS/ConnectPRService", "", "Origin: "+hub); status != 200 || text == "" || head.Get("Access-Control-Allow-Origin") != hub {
		t.Errorf("%d %q %v", status, text, head)
	}
	if status, _, text := call(t, ports[1], "GET", "/PRS/GetPortNumber", "", "Origin: "+hub); status != 200 || text != base10(first.Port) {
		t.Errorf("%d %q, want %d", status, text, first.Port)
	}
	if status, _, _ := call(t, ports[1], "GET", "/PRS/GetPortNumber", "", "Origin: https://evil.example"); status != 403 {
		t.Errorf("%d for another origin", status)
	}

	// A second user's agent registers; each user is sent to their own.
	second := &desk{server: first.server, peers: &peers{}}
	theirs := *first.server
	second.peers.uid.Store(1001)
	second.peers.own.Store(1001)
	theirs.Peers = second.peers
	first.peers.uid.Store(1001) // what the port service sees of them
	ctx, cancel := context.WithCancel(t.Context())
	l, err := theirs.Start(ctx, ports)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = l.Close() }()
	if l.Service() != 0 {
		t.Error("two port services")
	}
	if _, _, text := call(t, ports[1], "GET", "/PRS/GetPortNumber", ""); text != base10(l.Port) {
		t.Errorf("the second user is sent to %s, want %d", text, l.Port)
	}
	first.peers.uid.Store(1002)
	if status, _, text := call(t, ports[1], "GET", "/PRS/GetPortNumber", ""); status != 404 || text != "PR30007" {
		t.Errorf("%d %q for a user without an agent", status, text)
	}
	first.peers.uid.Store(0)
	if _, _, text := call(t, ports[1], "GET", "/PRS/GetPortNumber", ""); text != base10(first.Port) {
		t.Errorf("the first user is sent to %s, want %d", text, first.Port)
	}
	for name, headers := range map[string][]string{"a page": page(hub), "no header": {"Content-Type: application/json"}} {
		if status, _, _ := call(t, ports[1], "POST", "/PRS/Register", `{"port":1}`, headers...); status == 200 {
			t.Errorf("%s may register", name)
		}
	}
}

// TestTakeover: when the agent with the port service ends, another one offers it.
func TestTakeover(t *testing.T) {
	t.Parallel()
	ports := free(t, 1)
	first := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	l, err := first.server.Start(ctx, ports)
	if err != nil {
		t.Fatal(err)
	}
	heir := listening(t, first.server, ports)
	if l.Service() == 0 || heir.Service() != 0 {
		t.Fatalf("%d, %d", l.Service(), heir.Service())
	}
	cancel()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other agent offers the port service", func() bool { return heir.Service() == ports[0] })
	if _, _, text := call(t, ports[0], "GET", "/PRS/GetPortNumber", ""); text != base10(heir.Port) {
		t.Errorf("sent to %s, want %d", text, heir.Port)
	}
}
