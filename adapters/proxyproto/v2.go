package proxyproto

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
)

// maxRest bounds addresses and TLVs of version 2, in bytes: room for a certificate, which nobody reads.
const maxRest = 8 << 10

// readV2 reads what follows the signature (specification, section 2.2): version and command, family, length, addresses, TLVs.
func readV2(r io.Reader) (Header, error) {
	var fixed [4]byte
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return Header{}, fmt.Errorf("proxyproto: %w", err)
	}
	size := binary.BigEndian.Uint16(fixed[2:])
	if size > maxRest {
		return Header{}, malformed("%d bytes", size)
	}
	rest := make([]byte, size)
	if _, err := io.ReadFull(r, rest); err != nil {
		return Header{}, fmt.Errorf("proxyproto: %w", err)
	}
	switch fixed[0] {
	case 0x20: // LOCAL: the proxy speaks for itself, as in a health check
		return Header{}, nil
	case 0x21: // PROXY
		return relayed(fixed[1], rest)
	}
	return Header{}, malformed("version and command %#x", fixed[0])
}

// relayed reads the addresses of a connection that is passed on: source, destination, source port, destination port.
func relayed(family byte, rest []byte) (Header, error) {
	var size int
	switch family {
	case 0x00, 0x31: // not specified; a unix socket at the proxy
		return Header{}, nil
	case 0x11:
		size = 4 // TCP over IPv4
	case 0x21:
		size = 16 // TCP over IPv6
	default:
		return Header{}, malformed("family %#x", family)
	}
	if len(rest) < 2*size+4 {
		return Header{}, malformed("short addresses")
	}
	addr, _ := netip.AddrFromSlice(rest[:size]) // of 4 or 16 bytes, always one
	return named(netip.AddrPortFrom(addr, binary.BigEndian.Uint16(rest[2*size:])))
}
