package loopback

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// Ports are the field's, in the order in which pages look for a port service.
func Ports() []int { return []int{43487, 44213, 45031, 46478, 48853} }

// look is how often an agent makes sure that there is a port service that knows it.
const look = 2 * time.Second

// Listening is a server that runs. Close ends it.
type Listening struct {
	Port int // of the agent's own API

	server  *Server
	ports   []int
	known   PortService
	api     *http.Server
	running sync.WaitGroup

	mu      sync.Mutex
	service *http.Server // while this agent is the machine's port service
	on      int
	closed  bool
}

// Start listens on a port of its own and takes part in the port service: the first agent of a machine offers it, another takes over
// when that one ends. ports are the ones to use; none: no port service.
func (s *Server) Start(ctx context.Context, ports []int) (*Listening, error) {
	sockets, port, err := s.own(ctx)
	if err != nil {
		return nil, err
	}
	l := &Listening{Port: port, server: s, ports: ports, api: server(s.Handler(), s.Peers)}
	l.serve(l.api, sockets)
	l.join(ctx)
	l.running.Go(func() { l.attend(ctx) })
	return l, nil
}

// own finds a port that is free on both addresses.
func (s *Server) own(ctx context.Context) ([]net.Listener, int, error) {
	var last error
	for range 10 {
		sockets, port, err := listen(ctx, 0)
		if err == nil {
			return sockets, port, nil
		}
		last = err
	}
	return nil, 0, last
}

func (l *Listening) serve(h *http.Server, sockets []net.Listener) {
	room := make(chan struct{}, maxConnections)
	for _, socket := range sockets {
		l.running.Go(func() { _ = h.Serve(limited{socket, room}) }) // it ends with ErrServerClosed
	}
}

// attend keeps this agent known to a port service until ctx ends.
func (l *Listening) attend(ctx context.Context) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.join(ctx)
		}
	}
}

// join goes through the ports in order: free, this agent becomes the port service there; a port service of ours, it registers;
// another program's, the next one.
func (l *Listening) join(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.service != nil || l.closed {
		return
	}
	for _, port := range l.ports {
		sockets, _, err := listen(ctx, port)
		if err == nil {
			l.known.set(l.server.Peers.Own(), l.Port)
			l.service, l.on = server(l.server.serve(l.server.serviceRoutes(&l.known)), l.server.Peers), port
			l.serve(l.service, sockets)
			return
		}
		if announce(ctx, port, l.Port) == nil {
			return
		}
	}
}

// Service is the port of the machine's port service if this agent offers it; else 0.
func (l *Listening) Service() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.on
}

// Close ends all connections. The context that Start was given must have ended.
func (l *Listening) Close() error {
	l.mu.Lock()
	l.closed = true
	err := l.api.Close()
	if l.service != nil {
		err = errors.Join(err, l.service.Close())
	}
	l.mu.Unlock()
	l.running.Wait()
	return err
}
