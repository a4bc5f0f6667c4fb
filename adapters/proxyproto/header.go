package proxyproto

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// ErrHeader is what cannot be read as a header.
var ErrHeader = errors.New("proxyproto: not a PROXY header")

// signature begins a header of version 2. No HTTP request, TLS handshake or header of version 1 can begin so.
const signature = "\r\n\r\n\x00\r\nQUIT\n"

const firstV1 = "PROXY "

// Header is what a proxy says about a connection.
type Header struct {
	Source netip.AddrPort // the client; invalid if none is named: the proxy speaks for itself, or does not know
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrHeader, fmt.Sprintf(format, args...))
}

// Read reads one header and not one byte more: what follows belongs to the server. The error is ErrHeader, or that of the reader.
func Read(r io.Reader) (Header, error) {
	first := make([]byte, len(signature), maxLine)
	if _, err := io.ReadFull(r, first); err != nil {
		return Header{}, fmt.Errorf("proxyproto: %w", err)
	}
	switch {
	case string(first) == signature:
		return readV2(r)
	case bytes.HasPrefix(first, []byte(firstV1)):
		return readV1(first, r)
	}
	return Header{}, malformed("neither version")
}

// named refuses addresses that no client can have.
func named(a netip.AddrPort) (Header, error) {
	if addr := a.Addr(); addr.IsUnspecified() || addr.IsMulticast() || a.Port() == 0 {
		return Header{}, malformed("no client has the address %s", a)
	}
	return Header{Source: netip.AddrPortFrom(a.Addr().Unmap(), a.Port())}, nil
}
