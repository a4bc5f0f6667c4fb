package proxyproto

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
)

// maxLine is the longest line of version 1 with its CRLF, in bytes (specification, section 2.1).
const maxLine = 107

// readV1 reads the rest of a line that has begun, byte by byte: nothing behind it may be taken.
func readV1(line []byte, r io.Reader) (Header, error) {
	for line[len(line)-1] != '\n' {
		if len(line) == maxLine {
			return Header{}, malformed("line without end")
		}
		line = append(line, 0)
		if _, err := io.ReadFull(r, line[len(line)-1:]); err != nil {
			return Header{}, fmt.Errorf("proxyproto: %w", err)
		}
	}
	text, ended := strings.CutSuffix(string(line[len(firstV1):]), "\r\n")
	if !ended {
		return Header{}, malformed("line that ends in LF alone")
	}
	if family, _, _ := strings.Cut(text, " "); family == "UNKNOWN" {
		return Header{}, nil // whatever stands behind it
	}
	fields := strings.Split(text, " ")
	if len(fields) != 5 {
		return Header{}, malformed("not family, two addresses and two ports")
	}
	source, err := endpoint(fields[0], fields[1], fields[3])
	if err != nil {
		return Header{}, err
	}
	if _, err := endpoint(fields[0], fields[2], fields[4]); err != nil {
		return Header{}, err
	}
	return named(source)
}

// endpoint reads an address of a family and a port, in their one spelling.
func endpoint(family, address, port string) (netip.AddrPort, error) {
	addr, err := netip.ParseAddr(address)
	if err != nil || addr.Zone() != "" {
		return netip.AddrPort{}, malformed("address")
	}
	if !(family == "TCP4" && addr.Is4() || family == "TCP6" && addr.Is6()) {
		return netip.AddrPort{}, malformed("family")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || strconv.FormatUint(n, 10) != port {
		return netip.AddrPort{}, malformed("port")
	}
	return netip.AddrPortFrom(addr, uint16(n)), nil
}
