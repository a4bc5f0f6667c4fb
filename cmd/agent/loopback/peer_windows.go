package loopback

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
)

// System asks the kernel: GetExtendedTcpTable has the process that made each end of a connection, and its token the user.
type System struct{}

// Own implements Peers.
func (System) Own() User {
	user, err := userOf(windows.GetCurrentProcessToken())
	if err != nil {
		return "" // nobody is this user
	}
	return user
}

// Owner implements Peers. The other end of a connection of this machine is a row of its own.
func (System) Owner(remote, local *net.TCPAddr) (User, error) {
	match := func(l *link) bool {
		return l.state == tcpEstablished && same(&l.local, remote) && same(&l.remote, local)
	}
	six := table{windows.AF_INET6, connections, rows6()}
	if remote.IP.To4() == nil {
		return six.search(match)
	}
	user, err := table{windows.AF_INET, connections, rows4()}.search(match)
	if errors.Is(err, errNoRow) {
		return six.search(match) // a socket of both kinds
	}
	return user, err
}

// Listener implements Peers.
func (System) Listener(port int) (User, error) {
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
	return table{windows.AF_INET, listeners, rows4()}.search(func(l *link) bool { return l.state == tcpListening && same(&l.local, loopback) })
}

// table is one of the kernel's.
type table struct {
	family, class uintptr
	rows          layout
}

// Classes of tables (TCP_TABLE_CLASS) that say which process made a socket, and when.
const (
	listeners   = 6 // TCP_TABLE_OWNER_MODULE_LISTENER
	connections = 7 // TCP_TABLE_OWNER_MODULE_CONNECTIONS
)

func (t table) search(match func(*link) bool) (User, error) {
	links, err := t.read()
	if err != nil {
		return "", errors.Join(ErrUnknownPeer, err)
	}
	for i := range links {
		if match(&links[i]) {
			return makerOf(&links[i])
		}
	}
	return "", errNoRow
}

// errNoRow: the table does not have the socket.
var errNoRow = fmt.Errorf("%w: no such connection", ErrUnknownPeer)

// Bounds of what the kernel is asked for.
const (
	firstTable = 64 << 10 // bytes
	maxTable   = 64 << 20
)

func (t table) read() ([]link, error) {
	ask := windows.NewLazySystemDLL("iphlpapi.dll").NewProc("GetExtendedTcpTable")
	if err := ask.Find(); err != nil {
		return nil, err
	}
	for size := uint32(firstTable); size <= maxTable; size *= 2 {
		b, n := make([]byte, size), size
		code, _, _ := ask.Call(uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&n)), 0, t.family, t.class, 0)
		switch {
		case code == uintptr(windows.ERROR_INSUFFICIENT_BUFFER):
			continue
		case code != 0:
			return nil, fmt.Errorf("loopback: GetExtendedTcpTable: %w", windows.Errno(code))
		case n > size:
			return nil, errTable
		}
		return readTable(b, t.rows)
	}
	return nil, errTable
}

// makerOf is the user of the process that made a socket.
func makerOf(l *link) (User, error) {
	if l.pid == 0 {
		return "", ErrUnknownPeer
	}
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, l.pid)
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return sessionOf(l)
	}
	if err != nil {
		return "", errors.Join(ErrUnknownPeer, err)
	}
	defer windows.CloseHandle(h) //nolint:errcheck // a handle that was opened can be closed
	// While the handle is open nobody else gets the number.
	var began, ended, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &began, &ended, &kernel, &user); err != nil {
		return "", errors.Join(ErrUnknownPeer, err)
	}
	if !older(uint64(began.HighDateTime)<<32|uint64(began.LowDateTime), l.made) {
		return "", ErrUnknownPeer
	}
	var t windows.Token
	if err := windows.OpenProcessToken(h, windows.TOKEN_QUERY, &t); err != nil {
		return sessionOf(l)
	}
	defer t.Close() //nolint:errcheck // as above
	return userOf(t)
}

func userOf(t windows.Token) (User, error) {
	u, err := t.GetTokenUser()
	if err != nil {
		return "", errors.Join(ErrUnknownPeer, err)
	}
	return User(u.User.Sid.String()), nil
}

// sessionOf names the user of a process that may not be asked by its session. That is never the agent's own user, and enough to keep
// the users of a terminal server apart in the port service.
func sessionOf(l *link) (User, error) {
	for size := uint32(firstTable); size <= maxTable; size *= 2 {
		b, n := make([]byte, size), uint32(0)
		err := windows.NtQuerySystemInformation(windows.SystemProcessInformation, unsafe.Pointer(&b[0]), size, &n)
		if errors.Is(err, windows.STATUS_INFO_LENGTH_MISMATCH) {
			continue
		}
		if err != nil || n > size {
			return "", errors.Join(ErrUnknownPeer, err)
		}
		p, err := findProcess(b[:n], l.pid, int(unsafe.Sizeof(uintptr(0))))
		if err != nil || !older(p.began, l.made) {
			return "", errors.Join(ErrUnknownPeer, err)
		}
		return User("session " + strconv.FormatUint(uint64(p.session), 10)), nil
	}
	return "", ErrUnknownPeer
}
