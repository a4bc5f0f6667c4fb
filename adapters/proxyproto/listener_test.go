package proxyproto

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// front starts an HTTP server behind a Listener; it answers with the peer's address.
func front(t *testing.T, within time.Duration) (address string, refusals func() []error) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var refused []error
	l := &Listener{Listener: inner, Within: within, Refused: func(_ net.Addr, err error) {
		mu.Lock()
		defer mu.Unlock()
		refused = append(refused, err)
	}}
	s := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) })}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return inner.Addr().String(), func() []error {
		mu.Lock()
		defer mu.Unlock()
		return refused
	}
}

// say sends bytes and returns all that comes back.
func say(t *testing.T, address, sent string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, sent); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(c) // a reset is an end too
	return string(answer)
}

const request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

func TestListener(t *testing.T) {
	address, refusals := front(t, 5*time.Second)
	for name, c := range map[string]struct{ sent, want string }{
		"v1":                {"PROXY TCP4 192.0.2.7 10.1.1.1 8080 443\r\n" + request, "\r\n\r\n192.0.2.7:8080"},
		"v2":                {v2(0x21, 0x21, six+ssl) + request, "\r\n\r\n[2001:db8::7]:8080"},
		"v2 for itself":     {v2(0x20, 0, "") + request, "\r\n\r\n127.0.0.1:"},
		"a second header":   {"PROXY TCP4 192.0.2.7 10.1.1.1 8080 443\r\nPROXY TCP4 192.0.2.8 10.1.1.1 8080 443\r\n" + request, "400 Bad Request"},
		"a second one, v2":  {v2(0x21, 0x21, six) + v2(0x21, 0x11, four) + request, "400 Bad Request"},
		"a header too late": {request + "PROXY TCP4 192.0.2.7 10.1.1.1 8080 443\r\n", ""},
	} {
		answer := say(t, address, c.sent)
		if c.want == "" && strings.Contains(answer, "200 OK") || !strings.Contains(answer, c.want) {
			t.Errorf("%s: %q", name, answer)
		}
	}
	if got := refusals(); len(got) != 1 || !errors.Is(got[0], ErrHeader) {
		t.Errorf("refused: %v", got)
	}
}

// TestListenerWaits: who sends no header, or half of one, is cut off in time, and keeps nobody out meanwhile.
func TestListenerWaits(t *testing.T) {
	address, refusals := front(t, 300*time.Millisecond)
	for _, part := range []string{"", "PROXY TCP4 192.0.2.7", signature + "\x21\x11"} {
		silent, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = silent.Close() }()
		if _, err := io.WriteString(silent, part); err != nil {
			t.Fatal(err)
		}
	}
	if got := say(t, address, "PROXY TCP4 192.0.2.7 10.1.1.1 8080 443\r\n"+request); !strings.Contains(got, "192.0.2.7:8080") {
		t.Errorf("another client: %q", got)
	}
	for deadline := time.Now().Add(5 * time.Second); len(refusals()) < 3; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("refused: %v", refusals())
		}
	}
	for _, err := range refusals() {
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("refused: %v", err)
		}
	}
}

// TestConnIsPatient: the time for the header is not that for what follows.
func TestConnIsPatient(t *testing.T) {
	far, near := net.Pipe()
	defer func() { _ = far.Close() }()
	c := &Conn{Conn: near, listener: &Listener{Within: 200 * time.Millisecond, Refused: func(_ net.Addr, err error) { t.Error(err) }}}
	go func() {
		_, _ = io.WriteString(far, "PROXY TCP4 192.0.2.7 10.1.1.1 8080 443\r\n") // the reader reports
		time.Sleep(400 * time.Millisecond)
		_, _ = io.WriteString(far, "x")
	}()
	if source, ok := c.Source(); !ok || source.String() != "192.0.2.7:8080" {
		t.Fatal(source)
	}
	if n, err := c.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Error(n, err)
	}
}
