package signin

import (
	"context"
	"errors"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
)

func noCards() *bridge.Refusal {
	return bridge.Refuse(bridge.UnsupportedRequest, "Smartcards are not used here.")
}

// lost is outOfDate for a record that is spent or not there, and the error itself when the store failed.
func lost(err error, code string) error {
	if err == nil || errors.Is(err, bridge.ErrNotFound) || errors.Is(err, bridge.ErrSpent) {
		return outOfDate(code)
	}
	return err
}

func (s *SignIn) startCard(w http.ResponseWriter, r *http.Request) {
	if s.Cards == nil {
		s.Kit.Refuse(w, r, noCards())
		return
	}
	b, tx, ok := s.allowed(w, r, bridge.MethodSmartcard)
	if !ok {
		return
	}
	s.sendToCard(w, r, attempt{Browser: bridge.Key(b.Binding), Tx: tx.ID, Ref: tx.Ref, Partner: tx.Request.Partner}, "")
}

// sendToCard makes a host name that no browser has ever seen: browsers remember for a whole day which
// certificate was chosen for a host, and also that none was.
func (s *SignIn) sendToCard(w http.ResponseWriter, r *http.Request, a attempt, query string) {
	label := s.Hub.NewID()
	if err := s.keep(r.Context(), bridge.KindCardAttempt, label, attemptLife, a); err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	http.Redirect(w, r, s.CardURL(label)+cardPath+query, http.StatusSeeOther)
}

// finishCard takes the proof that a card host left for this browser and this sign-on.
func (s *SignIn) finishCard(w http.ResponseWriter, r *http.Request) {
	b, tx, err := s.Kit.Transaction(w, r, bridge.StepAuthenticate)
	if err != nil {
		s.gone(w, r, err)
		return
	}
	found, err := s.collect(r.Context(), b, r.FormValue("proof"))
	if err == nil && (found.Proof == nil || found.Attempt.Tx != tx.ID) {
		err = outOfDate("card_proof_other")
	}
	if err != nil {
		s.deny(w, r, b, tx, bridge.MethodSmartcard, err)
		return
	}
	if found.Refused != "" {
		s.reachBrink(w, r, b, tx, found)
		return
	}
	s.Accept(w, r, b, tx, *found.Proof)
}

// collect takes what a card host found, once, for the browser that was sent there.
func (s *SignIn) collect(ctx context.Context, b bridge.Browser, secret string) (seen, error) {
	key := bridge.Key(secret)
	var found seen
	if spent, err := s.look(ctx, bridge.KindCardProof, key, &found); err != nil || spent {
		return seen{}, lost(err, "card_proof")
	}
	if b.Binding == "" || found.Attempt.Browser != bridge.Key(b.Binding) {
		return seen{}, outOfDate("card_proof_other")
	}
	if err := s.take(ctx, bridge.KindCardProof, key); err != nil {
		return seen{}, lost(err, "card_proof")
	}
	return found, nil
}
