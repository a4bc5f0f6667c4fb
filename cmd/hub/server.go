package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// server is one listener and what it serves.
type server struct {
	name     string
	listener net.Listener
	http     *http.Server
	front    front
	log      *slog.Logger
}

// behind says what stands before the listener.
func (s *server) behind(f front) *server {
	s.front, s.http.ConnContext = f, f.hop
	return s
}

// newServer gives every listener the same limits: slow and large requests are cut off.
func newServer(name, address string, handler http.Handler, conf *tls.Config, log *slog.Logger) *server {
	return &server{name: name, log: log, http: &http.Server{
		Addr: address, Handler: handler, TLSConfig: conf,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 75 * time.Second,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
}

func (s *server) listen(ctx context.Context) error {
	l, err := open(ctx, s.http.Addr)
	if err != nil {
		return fmt.Errorf("hub: listen for %s: %w", s.name, err)
	}
	s.listener = s.front.before(l)
	s.log.InfoContext(ctx, "listening", "listener", s.name, "address", l.Addr().String(), "tls", s.http.TLSConfig != nil)
	return nil
}

func (s *server) serve() {
	var err error
	if s.http.TLSConfig != nil {
		err = s.http.ServeTLS(s.listener, "", "")
	} else {
		err = s.http.Serve(s.listener)
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		s.log.Error("listener stopped", "listener", s.name, "error", err.Error())
	}
}

func (s *server) shutdown(ctx context.Context) error {
	if s.listener == nil {
		return nil
	}
	if err := s.http.Shutdown(ctx); err != nil {
		return fmt.Errorf("hub: stop %s: %w", s.name, errors.Join(err, s.http.Close()))
	}
	return nil
}
