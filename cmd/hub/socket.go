package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// socketMode lets the owner and the group of a unix socket use it: who may, is a proxy to the hub.
const socketMode = 0o660

// open listens at host:port or unix:/PATH.
func open(ctx context.Context, address string) (net.Listener, error) {
	path, isSocket := strings.CutPrefix(address, unixSocket)
	if !isSocket {
		var lc net.ListenConfig
		return lc.Listen(ctx, "tcp", address) //nolint:wrapcheck // the caller says which listener
	}
	if err := clear(path); err != nil {
		return nil, err
	}
	// It is closed to all until its mode is right.
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) { failed = syscall.Fchmod(int(fd), 0) })
		return errors.Join(err, failed)
	}}
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller says which listener
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, fmt.Errorf("mode of %s: %w", path, errors.Join(err, l.Close()))
	}
	return l, nil
}

// clear removes the socket of a hub that was killed. Anything else is left alone, a socket that somebody listens at too.
func clear(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at socket: %w", err)
	case info.Mode()&fs.ModeSocket == 0:
		return fmt.Errorf("%s is there and is no socket", path)
	}
	if c, err := net.Dial("unix", path); err == nil {
		return fmt.Errorf("%s is in use: %w", path, errors.Join(syscall.EADDRINUSE, c.Close()))
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove socket of before: %w", err)
	}
	return nil
}
