package loopback

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/cmd/agent/ticket"
)

// Cards are the readers of the workstation.
type Cards interface {
	List() []card.Reader
	Current() (card.Certificate, error)
	Sign(ctx context.Context, purpose string, message []byte) (card.Certificate, []byte, error)
}

// Hub speaks for the workstation. All methods return channel.ErrNotEnrolled while it has no identity.
type Hub interface {
	// Workstation is its id.
	Workstation() (string, error)
	// Presence signs a nonce of the hub's, for a page of an origin; an empty one is that of a program.
	Presence(nonce, origin string, certificate []byte) (string, error)
	// Proof is an offline proof; sid and nonce may be empty.
	Proof(audience, sid, nonce string) (string, error)
}

// Tickets are the Ticket API.
type Tickets interface {
	Get(ctx context.Context, role string) (string, error)
	GetNoAuth() (string, error)
	GetNew(ctx context.Context, role string) (string, error)
	Destroy(ctx context.Context) error
}

// Server is the agent's end of the loopback API.
type Server struct {
	Cards     Cards
	Hub       Hub
	Tickets   Tickets
	Origins   []string            // of pages that may ask
	Audiences map[string][]string // by origin, the partners for which it may have proofs
	// TicketOrigins are those of Origins whose pages may have the person's ticket: who has it acts as them wherever it is taken.
	TicketOrigins []string

	Version string
	Log     *slog.Logger
	Peers   Peers // who is at the other end of a connection
	Events  *Events
}

// Limits of a connection.
const (
	maxBody        = 16 << 10 // bytes
	maxConnections = 64
	headTime       = 5 * time.Second
	bodyTime       = 5 * time.Second
	idleTime       = 30 * time.Second
)

// route is one entry of a table of routes.
type route struct {
	Method, Path string
	Handler      http.HandlerFunc
	Everyone     bool // every user of the machine may ask, not the agent's own alone
	Ticket       bool // of pages, those that may have tickets
}

func (s *Server) routes() []route {
	return []route{
		{Method: http.MethodGet, Path: "/v1/state", Handler: s.state},
		{Method: http.MethodPost, Path: "/v1/presence", Handler: s.presence},
		{Method: http.MethodPost, Path: "/v1/sign", Handler: s.sign},
		{Method: http.MethodGet, Path: "/v1/events", Handler: s.events},
		{Method: http.MethodPost, Path: "/v1/proof", Handler: s.proof},
		{Method: http.MethodPost, Path: "/v1/ticket/get", Ticket: true, Handler: s.ticketGet},
		{Method: http.MethodPost, Path: "/v1/ticket/get-no-auth", Ticket: true, Handler: s.ticketGetNoAuth},
		{Method: http.MethodPost, Path: "/v1/ticket/get-new", Ticket: true, Handler: s.ticketGetNew},
		{Method: http.MethodPost, Path: "/v1/ticket/destroy", Ticket: true, Handler: s.ticketDestroy},
	}
}

// Handler answers on the agent's own port.
func (s *Server) Handler() http.Handler { return s.serve(s.routes()) }

// serve finds the route and asks every check before it.
func (s *Server) serve(routes []route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Cache-Control", "no-store")
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Vary", "Origin")
		a := asked{Request: r, routes: routes}
		for _, c := range s.checks() {
			if status := c.refuse(&a); status != 0 {
				http.Error(w, http.StatusText(status), status)
				return
			}
		}
		allow(head, r)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		a.route.Handler(w, r)
	})
}

// listen opens a port on 127.0.0.1 and, where the machine has it, on [::1].
func listen(ctx context.Context, port int) ([]net.Listener, int, error) {
	lc := alone()
	four, err := lc.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, 0, err
	}
	port = four.Addr().(*net.TCPAddr).Port
	six, err := lc.Listen(ctx, "tcp6", net.JoinHostPort("::1", strconv.Itoa(port)))
	switch {
	case err == nil:
		return []net.Listener{four, six}, port, nil
	case taken(err): // somebody else would answer for us there
		return nil, 0, errors.Join(err, four.Close())
	}
	return []net.Listener{four}, port, nil
}

// server with the limits of the package.
func server(h http.Handler, p Peers) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headTime, ReadTimeout: bodyTime, IdleTimeout: idleTime, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // strangers write what they like
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, ownerKey{}, owner(p, c))
		},
	}
}

// body reads a JSON object strictly. It answers itself when that fails.
func (s *Server) body(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil || d.More() {
		s.refuse(w, ticket.Error{Code: ticket.InvalidParameter, Err: err})
		return false
	}
	patient(w)
	return true
}

// patient lifts the limit on reading from a request that was read whole: its answer may wait for a person.
func patient(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // an asker without deadlines is a test's recorder
}

func (s *Server) answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // the asker went: nothing to tell
}

// refuse answers with the code of an error. Causes are for the log, which has no names and no secrets.
func (s *Server) refuse(w http.ResponseWriter, err error) {
	code := ticket.CodeOf(err)
	s.Log.Info("refused", "code", code.String(), "name", code.Name(), "cause", err)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code.Status())
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": code.String(), "name": code.Name(), "text": code.Text()}})
}

// limited bounds the connections that are open at a time; others wait.
type limited struct {
	net.Listener
	room chan struct{}
}

func (l limited) Accept() (net.Conn, error) {
	l.room <- struct{}{}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.room
		return nil, err
	}
	return &counted{Conn: c, room: l.room}, nil
}
