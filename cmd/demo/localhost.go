package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const loopback = "127.0.0.1"

// errElsewhere: the demo talks to this machine only.
var errElsewhere = errors.New("demo: not an address of this machine")

// dial reaches *.localhost, which browsers resolve by themselves and most systems do not (RFC 6761, 6.3).
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	if host != "localhost" && host != loopback && !strings.HasSuffix(host, ".localhost") {
		return nil, fmt.Errorf("%w: %s", errElsewhere, host)
	}
	var d net.Dialer
	return d.DialContext(ctx, network, net.JoinHostPort(loopback, port))
}

// newClient is how the sample partners' servers call the hub. It follows no redirect.
func newClient() *http.Client {
	return &http.Client{
		Timeout:       5 * time.Second,
		Transport:     &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ports of everything that listens.
type ports struct{ hub, card, pas, epr, pathology int }

// choosePorts takes the wanted port for the hub, and the next ones for the rest, or free ones where they are
// taken. want 0: any.
func choosePorts(ctx context.Context, want int) (p ports, err error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			err = errors.Join(err, l.Close())
		}
	}()
	take := func(n int) int {
		l, e := listen(ctx, n)
		if e != nil && n != want {
			l, e = listen(ctx, 0)
		}
		if e != nil {
			err = errors.Join(err, e)
			return 0
		}
		held = append(held, l)
		a, ok := l.Addr().(*net.TCPAddr)
		if !ok {
			return 0
		}
		return a.Port
	}
	next := func(n int) int {
		if want == 0 || want+n > 65535 {
			return 0
		}
		return want + n
	}
	p.hub = take(want)
	if err != nil {
		return p, fmt.Errorf("demo: port %d is taken, choose another with --port: %w", want, err)
	}
	p.card, p.pas, p.epr, p.pathology = take(next(1)), take(next(2)), take(next(3)), take(next(4))
	return p, err
}

// quietFrom and quietTo bound ports that no system hands out for outgoing connections: one that is free now stays free until it is listened to again.
const quietFrom, quietTo = 20000, 32000

// listen takes a port; 0: any that is free.
func listen(ctx context.Context, port int) (net.Listener, error) {
	for range 20 {
		if port != 0 {
			break
		}
		if l, err := listen(ctx, quietFrom+rand.IntN(quietTo-quietFrom)); err == nil { //nolint:gosec // a port is no secret
			return l, nil
		}
	}
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
}

// origin is the address of a host of the demo.
func origin(host string, port int) string {
	return "http://" + net.JoinHostPort(host, strconv.Itoa(port))
}
