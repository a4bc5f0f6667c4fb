package components

import (
	"net"
	"path/filepath"
	"testing"
	"time"
)

// HAProxy runs a configuration in the foreground, with its other files beside it, and waits until the proxy takes connections at an address.
func HAProxy(tb testing.TB, dir, address string) *Process {
	tb.Helper()
	config := filepath.Join(dir, "haproxy.cfg")
	must(tb, Command{Path: "haproxy", Args: []string{"-c", "-f", config}})
	p := Start(tb, Command{Path: "haproxy", Args: []string{"-db", "-f", config}})
	p.waitFor(20*time.Second, "connection to "+address, func() bool {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		_ = c.Close()
		return true
	})
	return p
}
