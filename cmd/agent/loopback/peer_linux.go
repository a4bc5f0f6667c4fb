package loopback

import (
	"bufio"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
)

// System asks the kernel, by /proc/net/tcp and tcp6.
type System struct{}

// Own implements Peers.
func (System) Own() User { return User(strconv.Itoa(os.Getuid())) }

// States of a connection in the kernel's table.
const (
	established = "01"
	listening   = "0A"
)

// Owner implements Peers. The other end of a connection of this machine is a row of its own.
func (System) Owner(remote, local *net.TCPAddr) (User, error) {
	return search(func(r row) bool { return r.state == established && r.local.is(remote) && r.remote.is(local) })
}

// Listener implements Peers.
func (System) Listener(port int) (User, error) {
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
	return search(func(r row) bool { return r.state == listening && r.local.is(loopback) })
}

func search(match func(row) bool) (User, error) {
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(name)
		if err != nil {
			continue // a machine without IPv6
		}
		uid, err := find(f, match)
		_ = f.Close()
		if err == nil {
			return User(strconv.Itoa(uid)), nil
		}
	}
	return "", ErrUnknownPeer
}

// end is one end of a connection.
type end struct {
	ip   net.IP
	port int
}

func (e end) is(a *net.TCPAddr) bool { return e.port == a.Port && e.ip.Equal(a.IP) }

// row is a line of the table.
type row struct {
	local, remote end
	state         string
	uid           int
}

func find(table io.Reader, match func(row) bool) (int, error) {
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		if r, err := readRow(lines.Text()); err == nil && match(r) {
			return r.uid, nil
		}
	}
	return 0, errors.Join(ErrUnknownPeer, lines.Err())
}

var errRow = errors.New("loopback: not a row")

func readRow(line string) (row, error) {
	f := strings.Fields(line)
	if len(f) < 8 {
		return row{}, errRow
	}
	local, err := readEnd(f[1])
	remote, wrong := readEnd(f[2])
	uid, bad := strconv.Atoi(f[7])
	return row{local, remote, f[3], uid}, errors.Join(err, wrong, bad)
}

// readEnd reads an address: 32-bit words in the machine's order (little-endian where this runs), then the port.
func readEnd(text string) (end, error) {
	address, number, ok := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	port, wrong := strconv.ParseUint(number, 16, 16)
	if !ok || err != nil || wrong != nil || len(raw) != 4 && len(raw) != 16 {
		return end{}, errRow
	}
	for i := 0; i < len(raw); i += 4 {
		slices.Reverse(raw[i : i+4])
	}
	return end{raw, int(port)}, nil
}
