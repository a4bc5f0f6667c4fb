package signin

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// placeHere notes where the browser of a sign-on is, whichever way it will be finished.
func (s *SignIn) placeHere(w http.ResponseWriter, r *http.Request) {
	if s.Agents == nil {
		s.Kit.Refuse(w, r, noAgents())
		return
	}
	_, tx, err := s.Kit.Transaction(w, r, bridge.StepAuthenticate)
	if err != nil {
		s.gone(w, r, err)
		return
	}
	p, err := s.Agents.Reader.ReadPresence(r.Context(), r.PostFormValue("presence"), s.Hub.PresenceNonce(tx.ID))
	if err != nil {
		s.Kit.Refuse(w, r, unfit(err))
		return
	}
	at := p.Place()
	card, err := s.cardOf(r, p)
	if err == nil {
		at.Authenticator = card.ID
		err = s.Hub.SetPlace(r.Context(), tx, at)
	}
	if err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// tapped says whether the card that was put in is that of who is signed in here: then nothing is lost, and nothing is asked.
func (s *SignIn) tapped(w http.ResponseWriter, r *http.Request) {
	if s.Agents == nil || s.Authenticators == nil {
		s.Kit.Refuse(w, r, noAgents())
		return
	}
	session, _, err := s.Hub.Live(r.Context(), s.Kit.Browser(r))
	if err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	p, err := s.Agents.Reader.ReadPresence(r.Context(), r.PostFormValue("presence"), s.Hub.PresenceNonce(session.ID))
	if err != nil {
		s.Kit.Refuse(w, r, unfit(err))
		return
	}
	card, err := s.cardOf(r, p)
	if err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	s.answer(w, struct {
		Same bool `json:"same"`
	}{card.UID == session.UID && card.UsableAt(s.Hub.Clock())})
}

// cardOf finds the card in the reader; zero if it is nobody's.
func (s *SignIn) cardOf(r *http.Request, p agent.Presence) (people.Authenticator, error) {
	handle := agent.Handle(p.Certificate)
	if handle == "" || s.Authenticators == nil {
		return people.Authenticator{}, nil
	}
	card, err := s.Authenticators.Authenticator(r.Context(), people.Smartcard, handle)
	if errors.Is(err, people.ErrNotFound) {
		return people.Authenticator{}, nil
	}
	if err != nil {
		return card, fmt.Errorf("signin: find card: %w", err)
	}
	return card, nil
}

// beside is what a page's script needs to look for the agent of its workstation.
type beside struct {
	Nonce string // to be signed by the agent, for this sign-on or session; empty: nothing is
	Card  bool   // a sign-in through the agent fits
	Tap   bool   // a card that is put in starts it
}

// beside is nil where no agent is looked for.
func (s *SignIn) beside(id string, card bool) *beside {
	if s.Agents == nil {
		return nil
	}
	b := &beside{Card: card && s.Cards != nil, Tap: s.Agents.Tap}
	if id != "" {
		b.Nonce = s.Hub.PresenceNonce(id)
	}
	return b
}

// sources are where such a page may ask besides the hub: this computer, at whatever port the agent has.
func (b *beside) sources() []string {
	if b == nil {
		return nil
	}
	return []string{"http://127.0.0.1:*"}
}
