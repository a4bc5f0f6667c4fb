package loopback

import (
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
)

// tells are the operating systems that say whose a connection is.
var tells = map[string]bool{"linux": true, "windows": true, "darwin": true}

// TestSystem asks the kernel about connections of this test.
func TestSystem(t *testing.T) {
	if !tells[runtime.GOOS] {
		t.Skip("this operating system is not asked whose a connection is")
	}
	for _, network := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(network, func(t *testing.T) { askAbout(t, network) })
	}
}

func askAbout(t *testing.T, network string) {
	l, err := alone().Listen(t.Context(), "tcp", network)
	if err != nil {
		t.Skipf("no %s here: %v", network, err)
	}
	defer l.Close()
	touch(t, l.(*net.TCPListener))
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := System{}
	own := s.Own()
	user, err := s.Owner(c.LocalAddr().(*net.TCPAddr), c.RemoteAddr().(*net.TCPAddr))
	if wine() && !strings.HasPrefix(network, "127") {
		if !errors.Is(err, ErrUnknownPeer) { // it knows no processes of IPv6 sockets
			t.Errorf("%q, %v; Wine knows more than it did: strike this case out", user, err)
		}
		return
	}
	if err != nil || user != own || user == "" {
		t.Errorf("%q, %v; want %q", user, err, own)
	}
	if _, err := s.Owner(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, l.Addr().(*net.TCPAddr)); err == nil {
		t.Error("a connection that does not exist has an owner")
	}
	if strings.HasPrefix(network, "127") {
		if user, err := s.Listener(l.Addr().(*net.TCPAddr).Port); err != nil || user != own {
			t.Errorf("who listens: %q, %v", user, err)
		}
	}
}
