package loopback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/ticket"
)

// greeting is how a port service of ours is recognised by agents.
const greeting = "lanyard-agent port service"

// noAgent is the field's error for a user without a running agent.
const noAgent = "PR30007"

// PortService tells pages the port of the agent of their user. The zero value knows none.
type PortService struct {
	mu    sync.Mutex
	ports map[User]int
}

func (p *PortService) set(user User, port int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ports == nil {
		p.ports = map[User]int{}
	}
	p.ports[user] = port
}

func (p *PortService) port(user User) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	port, ok := p.ports[user]
	return port, ok
}

// serviceRoutes are those of the port service.
func (s *Server) serviceRoutes(p *PortService) []route {
	return []route{
		{Method: http.MethodGet, Path: "/PRS/ConnectPRService", Everyone: true, Handler: func(w http.ResponseWriter, _ *http.Request) {
			plain(w, http.StatusOK, greeting)
		}},
		{Method: http.MethodGet, Path: "/PRS/GetPortNumber", Everyone: true, Handler: func(w http.ResponseWriter, r *http.Request) {
			s.portNumber(w, r, p)
		}},
		{Method: http.MethodPost, Path: "/PRS/Register", Everyone: true, Handler: func(w http.ResponseWriter, r *http.Request) {
			s.register(w, r, p)
		}},
	}
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the asker went: nothing to tell
}

// portNumber: an agent that ended is not told; another user's program may have its port by now.
func (s *Server) portNumber(w http.ResponseWriter, r *http.Request, p *PortService) {
	who := ownerOf(r.Context())
	port, ok := p.port(who.user)
	if !who.known || !ok || !s.listens(who.user, port) {
		plain(w, http.StatusNotFound, noAgent)
		return
	}
	plain(w, http.StatusOK, strconv.Itoa(port))
}

// register is for programs alone, and only for a port on which the same user listens.
func (s *Server) register(w http.ResponseWriter, r *http.Request, p *PortService) {
	var in struct {
		Port int `json:"port"`
	}
	if !s.body(w, r, &in) {
		return
	}
	who := ownerOf(r.Context())
	if r.Header.Get("Origin") != "" || !who.known || in.Port < 1 || in.Port > 65535 || !s.listens(who.user, in.Port) {
		s.refuse(w, ticket.Error{Code: ticket.InvalidParameter})
		return
	}
	p.set(who.user, in.Port)
	s.answer(w, map[string]int{"port": in.Port})
}

func (s *Server) listens(user User, port int) bool {
	by, err := s.Peers.Listener(port)
	return err == nil && by == user
}

// errNotOurs: something else listens there.
var errNotOurs = errors.New("loopback: not a port service of ours")

// announce registers with the port service on a port.
func announce(ctx context.Context, service, own int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	base := "http://127.0.0.1:" + strconv.Itoa(service)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/PRS/ConnectPRService", http.NoBody)
	if err != nil {
		return err
	}
	text, err := say(client, req)
	if err != nil || text != greeting {
		return errors.Join(errNotOurs, err)
	}
	body, err := json.Marshal(map[string]int{"port": own})
	if err != nil {
		return err
	}
	req, err = http.NewRequestWithContext(ctx, http.MethodPost, base+"/PRS/Register", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(Header, "1")
	_, err = say(client, req)
	return err
}

func say(client *http.Client, req *http.Request) (string, error) {
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("loopback: status %d", resp.StatusCode)
	}
	return string(text), err
}
