package channel

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// What may come of a message to the hub.
var (
	// ErrSilent: the hub did not answer, or said that it cannot now.
	ErrSilent = errors.New("channel: the hub does not answer")
	// ErrRefused: the hub answered, and does not believe or accept the message.
	ErrRefused = errors.New("channel: the hub refused")
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 256 << 10

// Hub is the hub as one OS session of a workstation sees it. Its methods are safe for concurrent use.
type Hub struct {
	Identity Identity
	Client   *http.Client // follows no redirects
	Now      func() time.Time
	User     string // opaque id of the OS session, at most 64 characters

	mu     sync.Mutex
	last   Status
	heard  time.Time // when the hub answered last
	failed error
	left   int // how many cards left their reader
}

// Verdict is what the hub did about a card that came or went.
type Verdict struct {
	Act       string `json:"act"` // logout, lock or ignore: what the workstation is to do
	Ended     int    `json:"ended"`
	Suspended int    `json:"suspended"`
	Left      int    `json:"left"`
}

// Event tells the hub what happened at the workstation.
type Event struct {
	Event       string    `json:"event"` // inserted, removed, started or stopping
	Reader      string    `json:"reader,omitempty"`
	Certificate []byte    `json:"certificate,omitempty"` // DER
	At          time.Time `json:"at,omitzero"`           // when, for one that is told late
	Since       time.Time `json:"since,omitzero"`        // of a removal that nobody saw: when the card was known to be in, last
}

// Send tells the hub of an event.
func (h *Hub) Send(ctx context.Context, e Event) (Verdict, error) {
	more := map[string]any{"event": e.Event, "user": h.User, "reader": e.Reader}
	if e.Certificate != nil {
		more["certificate"] = base64.StdEncoding.EncodeToString(e.Certificate)
	}
	if !e.At.IsZero() {
		more["at"] = e.At.Unix()
	}
	if !e.Since.IsZero() {
		more["since"] = e.Since.Unix()
	}
	var v Verdict
	return v, h.post(ctx, "/workstation/event", "event", more, &v)
}

// Status is what the hub says about the sessions at this workstation.
type Status struct {
	Sessions []Session `json:"sessions"`
	Offline  int64     `json:"offline"` // seconds without the hub during which proofs may be made; 0: none may
}

// Session is one that lives and is not suspended.
type Session struct {
	Tracking     string        `json:"tracking"`
	Card         string        `json:"card"` // SHA-256 of the certificate, hexadecimal; empty if signed in otherwise
	Until        int64         `json:"until"`
	Participants []Participant `json:"participants"`
}

// Participant is a partner that was told about a session.
type Participant struct {
	Protocol string `json:"protocol"`
	Partner  string `json:"partner"`
	Index    string `json:"sid"`
	Subject  string `json:"sub"`
}

// Refresh asks the hub for the sessions at this workstation. An answer during which a card left may be older than that, and is not
// taken.
func (h *Hub) Refresh(ctx context.Context) error {
	h.mu.Lock()
	left := h.left
	h.mu.Unlock()
	var s Status
	err := h.post(ctx, "/workstation/status", "status", map[string]any{"user": h.User}, &s)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed = err
	switch {
	case err == nil && left == h.left:
		h.last, h.heard = s, h.Now()
	case errors.Is(err, ErrRefused):
		h.last = Status{} // it is not believed any more: nothing it heard holds
	}
	return err
}

// CardLeft forgets the sessions of a card that left its reader, until the hub tells of them anew: who puts it back has shown no PIN.
func (h *Hub) CardLeft(certificate []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.left++
	card := Fingerprint(certificate)
	h.last.Sessions = slices.DeleteFunc(slices.Clone(h.last.Sessions), func(s Session) bool { return s.Card == card })
}

// Heard returns the last status, when it was heard, and why it is not newer.
func (h *Hub) Heard() (Status, time.Time, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last, h.heard, h.failed
}

func (h *Hub) post(ctx context.Context, path, act string, more map[string]any, into any) error {
	message, err := h.Identity.message(act, h.Now(), more)
	if err != nil {
		return err
	}
	return post(ctx, h.Client, h.Identity.Issuer+path, "application/jwt", []byte(message), into)
}

// post sends a body and reads JSON.
func post(ctx context.Context, client *http.Client, url, kind string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSilent, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrSilent, err)
	case len(text) > maxAnswer:
		return fmt.Errorf("%w: an answer of more than %d bytes", ErrSilent, maxAnswer)
	case resp.StatusCode == http.StatusOK:
		if err := json.Unmarshal(text, into); err != nil {
			return fmt.Errorf("%w: its answer is not JSON", ErrSilent)
		}
		return nil
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 || resp.StatusCode < 400:
		return fmt.Errorf("%w: status %d", ErrSilent, resp.StatusCode)
	}
	return Refusal{resp.StatusCode, code(text)}
}

// Refusal is an ErrRefused with the hub's stable code.
type Refusal struct {
	Status int
	Code   string
}

func (r Refusal) Error() string {
	return fmt.Sprintf("%v: %s (status %d)", ErrRefused, r.Code, r.Status)
}

// Is makes every Refusal an ErrRefused.
func (r Refusal) Is(target error) bool { return target == ErrRefused }

// code reads the stable code of a refusal; only what is a plain word is repeated.
func code(text []byte) string {
	var refusal struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(text, &refusal) != nil || refusal.Error == "" || len(refusal.Error) > 40 ||
		strings.Trim(refusal.Error, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "unknown"
	}
	return refusal.Error
}
