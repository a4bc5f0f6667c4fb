package loopback

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/cmd/agent/channel"
	"github.com/lanyard-hub/lanyard/cmd/agent/ticket"
)

// domain begins what the card signs for a sign-in, version 1. What follows is the origin of the page and the hub's challenge.
const domain = "lanyard card sign-in 1\n"

// Bounds of a challenge or nonce, in characters: at least 64 bits in base64.
const (
	minNonce = 11
	maxNonce = 512
)

type described struct {
	Subject  string `json:"subject"`
	NotAfter string `json:"notAfter"`
}

func (s *Server) state(w http.ResponseWriter, _ *http.Request) {
	id, err := s.Hub.Workstation()
	if err != nil && !errors.Is(err, channel.ErrNotEnrolled) {
		s.refuse(w, err)
		return
	}
	var now *described
	if c, err := s.Cards.Current(); err == nil {
		now = &described{c.Subject.String(), c.NotAfter.UTC().Format("2006-01-02T15:04:05Z")}
	}
	s.answer(w, map[string]any{"version": s.Version, "workstation": id, "readers": s.Cards.List(), "card": now})
}

func (s *Server) presence(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Nonce string `json:"nonce"`
	}
	if !s.body(w, r, &in) {
		return
	}
	if !isNonce(in.Nonce) {
		s.refuse(w, ticket.Error{Code: ticket.InvalidParameter})
		return
	}
	var certificate []byte
	if c, err := s.Cards.Current(); err == nil {
		certificate = c.Raw
	}
	presence, err := s.Hub.Presence(in.Nonce, r.Header.Get("Origin"), certificate)
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.answer(w, map[string]string{"presence": presence})
}

// sign has the card sign the challenge for the page's own origin and no other: what a page of another origin obtains is worth nothing
// at the hub.
func (s *Server) sign(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Challenge string `json:"challenge"`
	}
	if !s.body(w, r, &in) {
		return
	}
	origin := r.Header.Get("Origin")
	if origin == "" || !isNonce(in.Challenge) {
		s.refuse(w, ticket.Error{Code: ticket.InvalidParameter})
		return
	}
	cert, signature, err := s.Cards.Sign(r.Context(), "Sign in to "+hostOf(origin)+".", []byte(domain+origin+"\n"+in.Challenge))
	if err != nil {
		s.refuse(w, err)
		return
	}
	presence, err := s.Hub.Presence(in.Challenge, origin, cert.Raw)
	if err != nil && !errors.Is(err, channel.ErrNotEnrolled) {
		s.refuse(w, err)
		return
	}
	s.answer(w, map[string]string{
		"certificate": base64.StdEncoding.EncodeToString(cert.Raw), "signature": base64.StdEncoding.EncodeToString(signature), "presence": presence,
	})
}

// proof is for programs of this user, and for pages whose origin may have proofs for that partner.
func (s *Server) proof(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Audience string `json:"audience"`
		Nonce    string `json:"nonce"`
		Index    string `json:"sid"`
	}
	if !s.body(w, r, &in) {
		return
	}
	if in.Audience == "" || len(in.Audience) > 1024 || len(in.Index) > 256 || in.Nonce != "" && !isNonce(in.Nonce) {
		s.refuse(w, ticket.Error{Code: ticket.InvalidParameter})
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" && !slices.Contains(s.Audiences[origin], in.Audience) {
		s.refuse(w, ticket.Error{Code: ticket.NotValid, Err: errors.New("loopback: the origin may have no proof for that partner")})
		return
	}
	proof, err := s.Hub.Proof(in.Audience, in.Index, in.Nonce)
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.answer(w, map[string]string{"proof": proof})
}

// isNonce: printable ASCII without spaces, neither guessable nor endless.
func isNonce(text string) bool {
	return len(text) >= minNonce && len(text) <= maxNonce && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return origin
	}
	return u.Host
}

type ticketRequest struct {
	Role string `json:"role"`
}

func (s *Server) ticketGet(w http.ResponseWriter, r *http.Request) {
	var in ticketRequest
	if s.body(w, r, &in) {
		s.give(w)(s.Tickets.Get(r.Context(), in.Role))
	}
}

func (s *Server) ticketGetNoAuth(w http.ResponseWriter, r *http.Request) {
	if s.body(w, r, &struct{}{}) {
		s.give(w)(s.Tickets.GetNoAuth())
	}
}

func (s *Server) ticketGetNew(w http.ResponseWriter, r *http.Request) {
	var in ticketRequest
	if s.body(w, r, &in) {
		s.give(w)(s.Tickets.GetNew(r.Context(), in.Role))
	}
}

func (s *Server) ticketDestroy(w http.ResponseWriter, r *http.Request) {
	if s.body(w, r, &struct{}{}) {
		s.give(w)("", s.Tickets.Destroy(r.Context()))
	}
}

func (s *Server) give(w http.ResponseWriter) func(string, error) {
	return func(ticket string, err error) {
		if err != nil {
			s.refuse(w, err)
			return
		}
		s.answer(w, map[string]string{"ticket": ticket})
	}
}
