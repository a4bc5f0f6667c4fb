//go:build !linux && !windows && !darwin

package loopback

import (
	"net"
	"os"
	"strconv"
)

// System cannot say whose a connection is on this operating system: docs/reference/agent.md says what follows from that.
type System struct{}

// Own implements Peers.
func (System) Own() User { return User(strconv.Itoa(os.Getuid())) }

// Owner implements Peers: every peer is taken for the agent's own user.
func (s System) Owner(_, _ *net.TCPAddr) (User, error) { return s.Own(), nil }

// Listener implements Peers.
func (s System) Listener(int) (User, error) { return s.Own(), nil }
