package loopback

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/windows"
)

// taken reports whether somebody else has the port.
func taken(err error) bool {
	return errors.Is(err, windows.WSAEADDRINUSE) || errors.Is(err, windows.WSAEACCES)
}

// soExclusive is SO_EXCLUSIVEADDRUSE, ~SO_REUSEADDR.
const soExclusive = ^windows.SO_REUSEADDR

// alone lets nobody else listen on the same port: Windows would allow it to a program that asks for that.
func alone() *net.ListenConfig {
	return &net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, soExclusive, 1)
		})
		return errors.Join(err, failed)
	}}
}
