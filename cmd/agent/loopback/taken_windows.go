package loopback

import (
	"errors"
	"syscall"
)

// wsaEADDRINUSE is Winsock's error of a port that somebody else has.
const wsaEADDRINUSE = syscall.Errno(10048)

// taken reports whether somebody else has the port.
func taken(err error) bool { return errors.Is(err, wsaEADDRINUSE) || errors.Is(err, syscall.EACCES) }
