package loopback

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/cmd/agent/ticket"
)

// maxListeners is how many pages may listen at a time.
const maxListeners = 32

// pulse keeps the connection of a listener alive, and finds out that it went.
const pulse = 20 * time.Second

// writeTime is how long a page may take to read an event.
const writeTime = 10 * time.Second

// Events tells pages of what comes and goes. The zero value has no listeners.
type Events struct {
	mu        sync.Mutex
	listeners map[chan card.Event]bool
}

// Tell tells all listeners; one that does not listen loses the event.
func (e *Events) Tell(event card.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range e.listeners {
		select {
		case l <- event:
		default:
		}
	}
}

// join returns nil if there is no room.
func (e *Events) join() chan card.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.listeners) >= maxListeners {
		return nil
	}
	if e.listeners == nil {
		e.listeners = map[chan card.Event]bool{}
	}
	l := make(chan card.Event, 16)
	e.listeners[l] = true
	return l
}

func (e *Events) leave(l chan card.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.listeners, l)
}

// events answers with server-sent events until the page or the agent goes.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	l := s.Events.join()
	if l == nil {
		s.refuse(w, ticket.Error{Code: ticket.ResourceAlloc})
		return
	}
	defer s.Events.leave(l)
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	patient(w)
	beat := time.NewTicker(pulse)
	defer beat.Stop()
	text := ": listening\n\n"
	for {
		if err := errors.Join(out.SetWriteDeadline(time.Now().Add(writeTime)), send(w, text), out.Flush()); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			text = ": alive\n\n"
		case e := <-l:
			data, err := json.Marshal(map[string]string{"reader": e.Reader})
			if err != nil {
				return
			}
			text = fmt.Sprintf("event: %s\ndata: %s\n\n", e.Happened, data)
		}
	}
}

func send(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	return err
}
