//go:build !windows

package loopback

import (
	"errors"
	"syscall"
)

// taken reports whether somebody else has the port.
func taken(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EACCES)
}
