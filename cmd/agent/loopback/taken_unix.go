//go:build !windows

package loopback

import (
	"errors"
	"net"
	"syscall"
)

// taken reports whether somebody else has the port.
func taken(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EACCES)
}

// alone: a port has one listener unless that one wants it otherwise.
func alone() *net.ListenConfig { return &net.ListenConfig{} }
