package loopback

import (
	"errors"
	"net"
	"os"
	"strconv"
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

// TestSessionOf: a process that may not be opened is named by its session, as this one is for others.
func TestSessionOf(t *testing.T) {
	pid := uint32(os.Getpid())
	var session uint32
	if err := windows.ProcessIdToSessionId(pid, &session); err != nil {
		t.Fatal(err)
	}
	user, err := sessionOf(&link{pid: pid})
	if want := User("session " + strconv.FormatUint(uint64(session), 10)); err != nil || user != want || user == (System{}).Own() {
		t.Errorf("%q, %v; want %q", user, err, want)
	}
	if user, err := sessionOf(&link{pid: pid, made: 1}); !errors.Is(err, ErrUnknownPeer) {
		t.Errorf("a process that is younger than the connection: %q, %v", user, err)
	}
	if user, err := sessionOf(&link{pid: 0xfffffff0}); !errors.Is(err, ErrUnknownPeer) {
		t.Errorf("no process: %q, %v", user, err)
	}
	// The same of the token: a number that was another process's is nobody's.
	if user, err := makerOf(&link{pid: pid, made: 1}); !errors.Is(err, ErrUnknownPeer) {
		t.Errorf("%q, %v", user, err)
	}
	if user, err := makerOf(&link{pid: pid}); err != nil || user != (System{}).Own() {
		t.Errorf("%q, %v", user, err)
	}
}
