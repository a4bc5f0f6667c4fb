package loopback

import (
	"errors"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// System asks the kernel for its list of TCP sockets, which has the user of each.
type System struct{}

// Own implements Peers.
func (System) Own() User { return User(strconv.Itoa(os.Getuid())) }

// Owner implements Peers. The other end of a connection of this machine is a socket of its own.
func (System) Owner(remote, local *net.TCPAddr) (User, error) {
	return search(func(p *pcb) bool { return p.isEnd(remote, local) })
}

// Listener implements Peers.
func (System) Listener(port int) (User, error) {
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
	return search(func(p *pcb) bool { return p.listens(loopback) })
}

func search(match func(*pcb) bool) (User, error) {
	list, err := pcbList()
	if err != nil {
		return "", errors.Join(ErrUnknownPeer, err)
	}
	all, err := readPCBs(list)
	if err != nil {
		return "", errors.Join(ErrUnknownPeer, err)
	}
	return userIn(all, match)
}

// listTries is how often the kernel is asked when its list outgrows the room that it asked for.
const listTries = 5

func pcbList() ([]byte, error) {
	for range listTries {
		list, err := unix.SysctlRaw("net.inet.tcp.pcblist_n") // of IPv6 too
		if !errors.Is(err, unix.ENOMEM) {
			return list, err
		}
	}
	return nil, errGrows
}
