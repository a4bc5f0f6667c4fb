package loopback

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

// wine reports whether this is Wine, and no Windows: its table knows no processes of IPv6 sockets.
func wine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

// touch uses a socket, after which Wine knows whose it is.
func touch(t *testing.T, s syscall.Conn) {
	t.Helper()
	raw, err := s.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { _, err = windows.GetsockoptInt(windows.Handle(fd), windows.IPPROTO_IP, 4) }); err != nil {
		t.Fatal(err)
	}
}

var _ syscall.Conn = (*net.TCPListener)(nil)
