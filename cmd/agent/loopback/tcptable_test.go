package loopback

import (
	"encoding/binary"
	"errors"
	"net"
	"testing"
)

// packed writes rows as Windows does.
func packed(l layout, links ...link) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(links)))
	b = append(b, 0, 0, 0, 0)
	for _, k := range links {
		row := make([]byte, l.size)
		put := func(end net.TCPAddr, address, port int) {
			if ip := end.IP.To16(); ip != nil {
				copy(row[address:], ip[16-l.address:])
			}
			binary.BigEndian.PutUint16(row[port:], uint16(end.Port))
			row[port+2] = 0xab // the upper half may hold anything
		}
		put(k.local, l.local, l.localPort)
		put(k.remote, l.remote, l.remotePort)
		binary.LittleEndian.PutUint32(row[l.state:], k.state)
		binary.LittleEndian.PutUint32(row[l.owner:], k.pid)
		binary.LittleEndian.PutUint64(row[l.created:], k.made)
		b = append(b, row...)
	}
	return b
}

func TestReadTable(t *testing.T) {
	four := link{local: net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 43487}, remote: net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 50000}, state: tcpEstablished, pid: 284, made: 1}
	six := link{local: net.TCPAddr{IP: net.IPv6loopback, Port: 43487}, remote: net.TCPAddr{IP: net.IPv6loopback, Port: 50000}, state: tcpListening, pid: 285, made: 2}
	for name, c := range map[string]struct {
		rows layout
		want link
	}{"IPv4": {rows4(), four}, "IPv6": {rows6(), six}} {
		b := packed(c.rows, link{}, c.want)
		got, err := readTable(append(b, 0, 0, 0), c.rows) // the buffer may be longer
		if err != nil || len(got) != 2 {
			t.Fatalf("%s: %v, %v", name, got, err)
		}
		g := got[1]
		if !same(&g.local, &c.want.local) || !same(&g.remote, &c.want.remote) || g.state != c.want.state || g.pid != c.want.pid || g.made != c.want.made {
			t.Errorf("%s: %+v, want %+v", name, g, c.want)
		}
		for _, cut := range [][]byte{b[:len(b)-1], b[:tableHead], b[:3], nil, {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}} {
			if _, err := readTable(cut, c.rows); !errors.Is(err, errTable) {
				t.Errorf("%s: %d bytes: %v", name, len(cut), err)
			}
		}
	}
	if empty, err := readTable(packed(rows4()), rows4()); err != nil || len(empty) != 0 {
		t.Errorf("%v, %v", empty, err)
	}
}

// listed writes entries of a list of processes, each with a thread's bytes behind it.
func listed(word int, processes map[uint32]process) []byte {
	id := 56 + 2*word + word
	var b []byte
	left := len(processes)
	for pid, p := range processes {
		entry := make([]byte, id+3*word+8+40)
		if left--; left > 0 {
			binary.LittleEndian.PutUint32(entry, uint32(len(entry)))
		}
		binary.LittleEndian.PutUint64(entry[32:], p.began)
		binary.LittleEndian.PutUint32(entry[id:], pid)
		binary.LittleEndian.PutUint32(entry[id+2*word+4:], p.session)
		b = append(b, entry...)
	}
	return b
}

func TestFindProcess(t *testing.T) {
	all := map[uint32]process{4: {}, 284: {session: 2, began: 77}, 999: {session: 3, began: 78}}
	for _, word := range []int{4, 8} {
		b := listed(word, all)
		for pid, want := range all {
			if got, err := findProcess(b, pid, word); err != nil || got != want {
				t.Errorf("%d: %+v, %v", pid, got, err)
			}
		}
		if _, err := findProcess(b, 285, word); !errors.Is(err, ErrUnknownPeer) {
			t.Error(err)
		}
		if _, err := findProcess(b[:40], 4711, word); !errors.Is(err, errTable) {
			t.Error(err)
		}
		binary.LittleEndian.PutUint32(b, 1) // an entry in the middle of this one
		if _, err := findProcess(b, 4711, word); !errors.Is(err, errTable) {
			t.Error(err)
		}
		binary.LittleEndian.PutUint32(b, 1<<31)
		if _, err := findProcess(b, 4711, word); !errors.Is(err, errTable) {
			t.Error(err)
		}
	}
}

// TestOlder: the number of a process that ended is given to another one, perhaps of the agent's user; the connection is not its own.
func TestOlder(t *testing.T) {
	for _, c := range []struct {
		began, made uint64
		want        bool
	}{{10, 11, true}, {10, 10, true}, {11, 10, false}, {11, 0, true}} {
		if got := older(c.began, c.made); got != c.want {
			t.Errorf("began %d, made %d: %v", c.began, c.made, got)
		}
	}
}

// FuzzTables: no bytes make a reader leave its buffer or go on for ever.
func FuzzTables(f *testing.F) {
	one := link{local: net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, remote: net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2}, state: tcpEstablished, pid: 3}
	f.Add(packed(rows4(), one))
	f.Add(packed(rows6(), one, one))
	f.Add(listed(8, map[uint32]process{4: {}, 284: {2, 77}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, l := range []layout{rows4(), rows6()} {
			if got, err := readTable(b, l); err == nil && len(got)*l.size > len(b) {
				t.Errorf("%d rows in %d bytes", len(got), len(b))
			}
		}
		for _, word := range []int{4, 8} {
			if _, err := findProcess(b, 284, word); err != nil && !errors.Is(err, errTable) && !errors.Is(err, ErrUnknownPeer) {
				t.Error(err)
			}
		}
	})
}
