package loopback

import (
	"encoding/binary"
	"errors"
	"net"
)

// errTable: the bytes are no table of connections, or no list of processes.
var errTable = errors.New("loopback: the kernel's table is not understood")

// States of a connection (iphlpapi's MIB_TCP_STATE).
const (
	tcpListening   = 2
	tcpEstablished = 5
)

// link is a row of Windows' table of TCP connections: one end of a connection, or a listener.
type link struct {
	local, remote net.TCPAddr
	state, pid    uint32
	made          uint64 // when, in 100 ns since 1601; 0: it is not said
}

// layout says where the fields of a row are, in bytes.
type layout struct {
	size, address                                               int
	state, local, localPort, remote, remotePort, owner, created int
}

// rows4 and rows6 are MIB_TCPROW_OWNER_MODULE and MIB_TCP6ROW_OWNER_MODULE.
func rows4() layout {
	return layout{size: 160, address: 4, state: 0, local: 4, localPort: 8, remote: 12, remotePort: 16, owner: 20, created: 24}
}

func rows6() layout {
	return layout{size: 192, address: 16, local: 0, localPort: 20, remote: 24, remotePort: 44, state: 48, owner: 52, created: 56}
}

// tableHead is the number of rows, and what aligns the first of them.
const tableHead = 8

// readTable reads all rows. A table that says it has more than it holds is refused whole.
func readTable(b []byte, l layout) ([]link, error) {
	if len(b) < tableHead {
		return nil, errTable
	}
	n := uint64(binary.LittleEndian.Uint32(b))
	if n*uint64(l.size) > uint64(len(b)-tableHead) {
		return nil, errTable
	}
	out := make([]link, n)
	for i := range out {
		out[i] = l.read(b[tableHead+i*l.size:][:l.size])
	}
	return out, nil
}

func (l layout) read(row []byte) link {
	return link{
		local: l.end(row, l.local, l.localPort), remote: l.end(row, l.remote, l.remotePort),
		state: binary.LittleEndian.Uint32(row[l.state:]), pid: binary.LittleEndian.Uint32(row[l.owner:]), made: binary.LittleEndian.Uint64(row[l.created:]),
	}
}

// end reads an address and a port, both in the order of the network.
func (l layout) end(row []byte, address, port int) net.TCPAddr {
	ip := append(net.IP(nil), row[address:address+l.address]...)
	return net.TCPAddr{IP: ip, Port: int(binary.BigEndian.Uint16(row[port:]))}
}

func same(a, b *net.TCPAddr) bool { return a.Port == b.Port && a.IP.Equal(b.IP) }

// process is what Windows says of a process to everybody.
type process struct {
	session uint32
	began   uint64 // in 100 ns since 1601
}

// findProcess looks for a process in a list of SYSTEM_PROCESS_INFORMATION; word is the size of a pointer in it.
func findProcess(b []byte, pid uint32, word int) (process, error) {
	const created = 32 // the fields before it, and the 56 bytes before the name, are the same for every size of word
	id := 56 + 2*word + word
	for {
		if len(b) < id+3*word+8 {
			return process{}, errTable
		}
		if binary.LittleEndian.Uint32(b[id:]) == pid {
			return process{session: binary.LittleEndian.Uint32(b[id+2*word+4:]), began: binary.LittleEndian.Uint64(b[created:])}, nil
		}
		next := binary.LittleEndian.Uint32(b)
		if next == 0 {
			return process{}, ErrUnknownPeer
		}
		if uint64(next) < uint64(id) || uint64(next) > uint64(len(b)) {
			return process{}, errTable
		}
		b = b[next:]
	}
}

// older reports whether a process can have made a connection: one that began after it has the number of one that ended, and may be
// anybody's.
func older(began, made uint64) bool { return made == 0 || began <= made }
