package loopback

import (
	"encoding/binary"
	"errors"
	"net"
	"strconv"
)

// macOS lists its TCP sockets as net.inet.tcp.pcblist_n (XNU, bsd/netinet/in_pcblist.c): a head, for each socket a run of records, and
// a head again. Records begin with their length and kind, and are padded to 8 bytes.

// Kinds of records (bsd/sys/socketvar.h).
const (
	recordSocket   = 0x01 // xsocket_n: whose
	recordInternet = 0x10 // xinpcb_n: the addresses
	recordTCP      = 0x20 // xtcpcb_n: the state
	recordsWanted  = recordSocket | recordInternet | recordTCP
)

// Where their fields are, in bytes; structures are packed to 4 bytes.
const (
	headLength = 24 // xinpgen; every record is longer

	socketBehind = 8 // xso_so: not zero when a socket of a process is behind it
	socketUser   = 64

	remotePort, localPort       = 16, 18 // in the order of the network, as addresses are
	versions                    = 44     // inp_vflag: IPv4, IPv6
	remoteAddress, localAddress = 48, 64
	onlyIPv4                    = 1

	tcpState = 36
)

// The least that a record must have to be read.
const (
	socketLeast   = socketUser + 4
	internetLeast = localAddress + 16
	tcpLeast      = tcpState + 4
)

// States of a connection (bsd/netinet/tcp_fsm.h).
const (
	pcbListening   = 1
	pcbEstablished = 4
)

// pcb is one end of a connection, or a listener.
type pcb struct {
	local, remote net.TCPAddr
	state         uint32
	user          uint32
	owned         bool // without a socket behind it, the user of 0 is nobody
}

// readPCBs reads all sockets. A list that is cut off, or whose records are not what they were, is refused whole: the user of one socket
// must not be taken for that of another.
func readPCBs(b []byte) ([]pcb, error) {
	if len(b) < headLength || binary.LittleEndian.Uint32(b) != headLength {
		return nil, errTable
	}
	if len(b) == headLength && binary.LittleEndian.Uint32(b[4:]) == 0 {
		return nil, nil
	}
	b = b[headLength:]
	var out []pcb
	var now pcb
	have := uint32(0)
	for len(b) >= 8 {
		length, kind := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		if length == headLength && have == 0 && len(b) >= headLength {
			return out, nil
		}
		padded := (uint64(length) + 7) &^ 7
		if length <= headLength || padded > uint64(len(b)) || have&kind&recordsWanted != 0 || !now.take(kind, b[:length]) {
			return nil, errTable
		}
		if have |= kind & recordsWanted; have == recordsWanted {
			out, now, have = append(out, now), pcb{}, 0
		}
		b = b[padded:]
	}
	return nil, errTable
}

// take reads a record; false if it is too short for its kind.
func (p *pcb) take(kind uint32, record []byte) bool {
	switch {
	case kind == recordSocket && len(record) >= socketLeast:
		p.owned = binary.LittleEndian.Uint64(record[socketBehind:]) != 0
		p.user = binary.LittleEndian.Uint32(record[socketUser:])
	case kind == recordInternet && len(record) >= internetLeast:
		p.local, p.remote = pcbEnd(record, localAddress, localPort), pcbEnd(record, remoteAddress, remotePort)
	case kind == recordTCP && len(record) >= tcpLeast:
		p.state = binary.LittleEndian.Uint32(record[tcpState:])
	default:
		return kind&recordsWanted == 0
	}
	return true
}

// pcbEnd reads an address and a port. One of IPv4 is at the end of the room for one of IPv6.
func pcbEnd(record []byte, address, port int) net.TCPAddr {
	ip := record[address:][:16]
	if record[versions] == onlyIPv4 {
		ip = ip[12:]
	}
	return net.TCPAddr{IP: append(net.IP(nil), ip...), Port: int(binary.BigEndian.Uint16(record[port:]))}
}

// userIn is the user of the socket that matches. When several do, as a port can be shared, they have to be of one user.
func userIn(all []pcb, match func(*pcb) bool) (User, error) {
	var found User
	for i := range all {
		if !match(&all[i]) {
			continue
		}
		user := User(strconv.FormatUint(uint64(all[i].user), 10))
		if !all[i].owned || found != "" && found != user {
			return "", ErrUnknownPeer
		}
		found = user
	}
	if found == "" {
		return "", ErrUnknownPeer
	}
	return found, nil
}

// isEnd reports whether this is the other end of a connection that is seen from here as local and remote.
func (p *pcb) isEnd(remote, local *net.TCPAddr) bool {
	return p.state == pcbEstablished && same(&p.local, remote) && same(&p.remote, local)
}

// listens reports whether this listens there.
func (p *pcb) listens(at *net.TCPAddr) bool { return p.state == pcbListening && same(&p.local, at) }

// errGrows: the list grew while it was read, each time.
var errGrows = errors.New("loopback: the kernel's list grows too fast")
