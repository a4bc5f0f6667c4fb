package loopback

import (
	"context"
	"errors"
	"net"
)

// ErrUnknownPeer: nobody can say whose a connection is.
var ErrUnknownPeer = errors.New("loopback: the owner of the connection is not known")

// User names a user of the operating system: the number on Unix, the SID on Windows. It is compared and not read.
type User string

// Peers says whose the ends of connections of this machine are.
type Peers interface {
	// Owner of the other end of a connection: a user of the operating system.
	Owner(remote, local *net.TCPAddr) (User, error)
	// Listener is the owner of what listens on a port of 127.0.0.1.
	Listener(port int) (User, error)
	// Own is the user that the agent runs as.
	Own() User
}

// peer is who asks.
type peer struct {
	user  User
	known bool
	own   bool // the agent's own user
}

type ownerKey struct{}

func owner(p Peers, c net.Conn) peer {
	remote, ok := c.RemoteAddr().(*net.TCPAddr)
	local, fine := c.LocalAddr().(*net.TCPAddr)
	if !ok || !fine {
		return peer{}
	}
	user, err := p.Owner(remote, local)
	if err != nil || user == "" {
		return peer{}
	}
	return peer{user, true, user == p.Own()}
}

func ownerOf(ctx context.Context) peer {
	p, _ := ctx.Value(ownerKey{}).(peer)
	return p
}
