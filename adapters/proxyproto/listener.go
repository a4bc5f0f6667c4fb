package proxyproto

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Listener hands out connections that begin with a header.
type Listener struct {
	net.Listener
	Within  time.Duration                // how long the header may take to arrive
	Refused func(peer net.Addr, _ error) // hears of every connection whose header could not be read; must not block
}

// Accept does not wait for the header: a peer that sends none must not keep others out.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, fmt.Errorf("proxyproto: %w", err)
	}
	return &Conn{Conn: c, listener: l}, nil
}

// Conn is a connection whose header is read by the first call of Read, RemoteAddr or Source, which waits for it. A connection without a proper
// header gives an error to every Read.
type Conn struct {
	net.Conn
	listener *Listener
	once     sync.Once
	source   netip.AddrPort
	err      error
}

func (c *Conn) header() {
	c.once.Do(func() {
		var h Header
		if c.err = c.SetReadDeadline(time.Now().Add(c.listener.Within)); c.err == nil {
			h, c.err = Read(c.Conn)
		}
		if c.err == nil {
			c.source, c.err = h.Source, c.SetReadDeadline(time.Time{})
		}
		if c.err != nil {
			c.listener.Refused(c.Conn.RemoteAddr(), c.err)
		}
	})
}

// Read reads what follows the header.
func (c *Conn) Read(b []byte) (int, error) {
	if c.header(); c.err != nil {
		return 0, c.err
	}
	return c.Conn.Read(b) //nolint:wrapcheck // a reader's errors are compared
}

// Source is the client that the header names; false if it names none.
func (c *Conn) Source() (netip.AddrPort, bool) {
	c.header()
	return c.source, c.source.IsValid()
}

// RemoteAddr is the client's address, or that of the socket where the header names none.
func (c *Conn) RemoteAddr() net.Addr {
	if source, ok := c.Source(); ok {
		return net.TCPAddrFromAddrPort(source)
	}
	return c.Conn.RemoteAddr()
}
