package loopback

import (
	"encoding/binary"
	"errors"
	"net"
	"testing"
)

// list is a list of sockets as macOS writes it.
type list []byte

func (l list) head(count uint32) list {
	l = binary.LittleEndian.AppendUint32(l, headLength)
	l = binary.LittleEndian.AppendUint32(l, count)
	return append(l, make([]byte, 16)...)
}

// record adds one: its length and kind, what write puts into it, and the padding.
func (l list) record(length int, kind uint32, write func([]byte)) list {
	r := make([]byte, (length+7)&^7)
	binary.LittleEndian.PutUint32(r, uint32(length))
	binary.LittleEndian.PutUint32(r[4:], kind)
	if write != nil {
		write(r)
	}
	return append(l, r...)
}

// socket adds the six records of one, in the lengths of macOS 13 and later; those of a socket had 76 bytes before.
func (l list) socket(p pcb) list {
	ip4 := p.local.IP.To4() != nil && p.remote.IP.To4() != nil
	l = l.record(104, recordInternet, func(r []byte) {
		put := func(end net.TCPAddr, address, port int) {
			binary.BigEndian.PutUint16(r[port:], uint16(end.Port))
			if ip4 {
				copy(r[address+12:], end.IP.To4())
			} else {
				copy(r[address:], end.IP.To16())
			}
		}
		put(p.local, 64, 18)
		put(p.remote, 48, 16)
		r[44] = 2
		if ip4 {
			r[44] = 1
		}
	})
	l = l.record(104, recordSocket, func(r []byte) {
		if p.owned {
			binary.LittleEndian.PutUint64(r[8:], 0xfeed)
		}
		binary.LittleEndian.PutUint32(r[64:], p.user)
		binary.LittleEndian.PutUint32(r[68:], 4711) // the process
	})
	for _, kind := range []uint32{2, 4} {
		l = l.record(32, kind, nil)
	}
	l = l.record(136, 8, nil)
	return l.record(204, recordTCP, func(r []byte) { binary.LittleEndian.PutUint32(r[36:], p.state) })
}

func sockets(all ...pcb) list {
	l := list{}.head(uint32(len(all)))
	for _, p := range all {
		l = l.socket(p)
	}
	return l.head(uint32(len(all)))
}

// pair is a socket of a user.
func pair(ip string, local, remote int, state, user uint32) pcb {
	return pcb{net.TCPAddr{IP: net.ParseIP(ip), Port: local}, net.TCPAddr{IP: net.ParseIP(ip), Port: remote}, state, user, true}
}

func TestPCBs(t *testing.T) {
	listener := pcb{net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5001}, net.TCPAddr{IP: net.IPv4zero}, pcbListening, 501, true}
	agent, browser := pair("127.0.0.1", 5001, 50000, pcbEstablished, 501), pair("127.0.0.1", 50000, 5001, pcbEstablished, 502)
	six := pair("::1", 50001, 5001, pcbEstablished, 503)
	closing := pair("127.0.0.1", 50002, 5001, 5, 501)
	nobody := pair("127.0.0.1", 50003, 5001, pcbEstablished, 0)
	nobody.owned = false
	all, err := readPCBs(sockets(agent, listener, browser, six, closing, nobody))
	if err != nil || len(all) != 6 {
		t.Fatalf("%v, %v", all, err)
	}
	here := func(ip string, port int) *net.TCPAddr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: port} }
	for name, c := range map[string]struct {
		remote, local *net.TCPAddr
		want          User
	}{
		"IPv4":                   {here("127.0.0.1", 50000), here("127.0.0.1", 5001), "502"},
		"the agent's own end":    {here("127.0.0.1", 5001), here("127.0.0.1", 50000), "501"},
		"IPv6":                   {here("::1", 50001), here("::1", 5001), "503"},
		"no such connection":     {here("127.0.0.1", 50009), here("127.0.0.1", 5001), ""},
		"another address":        {here("127.0.0.2", 50000), here("127.0.0.1", 5001), ""},
		"the other IP":           {here("::1", 50000), here("::1", 5001), ""},
		"not established":        {here("127.0.0.1", 50002), here("127.0.0.1", 5001), ""},
		"nobody's is not root's": {here("127.0.0.1", 50003), here("127.0.0.1", 5001), ""},
	} {
		if user, err := userIn(all, func(p *pcb) bool { return p.isEnd(c.remote, c.local) }); user != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v; want %q", name, user, err, c.want)
		}
	}
	if user, err := userIn(all, func(p *pcb) bool { return p.listens(here("127.0.0.1", 5001)) }); user != "501" {
		t.Errorf("who listens: %q, %v", user, err)
	}
	shared := listener
	shared.user = 502
	if user, err := userIn(append(all, shared), func(p *pcb) bool { return p.listens(here("127.0.0.1", 5001)) }); !errors.Is(err, ErrUnknownPeer) {
		t.Errorf("a port that two users share is %q's, %v", user, err)
	}
}

func TestPCBsRefused(t *testing.T) {
	one := pair("127.0.0.1", 1, 2, pcbEstablished, 501)
	whole := sockets(one, one)
	for cut := range whole {
		if _, err := readPCBs(whole[:cut]); !errors.Is(err, errTable) {
			t.Fatalf("the first %d of %d bytes are a list: %v", cut, len(whole), err)
		}
	}
	for name, l := range map[string]list{
		"no head":                        list{}.socket(one),
		"addresses twice":                list{}.head(1).record(104, recordInternet, nil).record(104, recordInternet, nil).socket(one).head(1),
		"a user without addresses, next": list{}.head(1).record(76, recordSocket, nil).socket(one).head(1),
		"an end within a socket":         list{}.head(1).record(104, recordInternet, nil).head(1),
		"a short socket":                 list{}.head(1).record(64, recordSocket, nil).head(1),
		"short addresses":                list{}.head(1).record(72, recordInternet, nil).head(1),
		"a short state":                  list{}.head(1).record(36, recordTCP, nil).head(1),
		"a record of no length":          append(list{}.head(1), make([]byte, 64)...),
		"a record longer than the list":  append(list{}.head(1), 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0),
	} {
		if got, err := readPCBs(l); !errors.Is(err, errTable) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if got, err := readPCBs(list{}.head(0)); err != nil || len(got) != 0 {
		t.Errorf("no socket at all: %v, %v", got, err)
	}
	if got, err := readPCBs(list{}.head(1).record(40, 0, nil).socket(one).record(40, 0x40, nil).head(1)); err != nil || len(got) != 1 {
		t.Errorf("records of kinds that are not known: %v, %v", got, err)
	}
}

// FuzzPCBs: no bytes make the reader leave its buffer or go on for ever, and no socket comes out of fewer bytes than one takes.
func FuzzPCBs(f *testing.F) {
	f.Add([]byte(sockets(pair("127.0.0.1", 1, 2, pcbEstablished, 501), pair("::1", 1, 2, pcbListening, 0))))
	f.Add([]byte(sockets()))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readPCBs(b)
		if err == nil && len(got)*(socketLeast+internetLeast+tcpLeast) > len(b) {
			t.Errorf("%d sockets in %d bytes", len(got), len(b))
		}
	})
}
