//go:build !windows

package loopback

import (
	"syscall"
	"testing"
)

func touch(*testing.T, syscall.Conn) {}

func wine() bool { return false }
