package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/trust"
)

// KindPlace is the record of where a session is. Its key is the session's id, and it dies with the session.
const KindPlace ArtifactKind = "place"

// Place is where a browser is, by the word of the agent of its workstation. The zero value: nobody said.
type Place struct {
	Workstation string // id
	User        string // session of the operating system there, opaque; empty: it was not told
	Card        string // SHA-256 of the certificate of the card in its reader, hexadecimal; empty: there was none
	// Authenticator is under which id that card is registered. A session that was signed in with another keeps nothing of it.
	Authenticator string
	Key           string // thumbprint of the agent's key (RFC 7638)
}

// PresenceNonce is what the agent of a workstation signs to say that the browser of a transaction or session is at its side. It is
// good for this one alone.
func (h *Hub) PresenceNonce(id string) string { return h.mac("presence", id) }

// SetPlace notes where the browser of a transaction is. The session that comes of it is there.
func (h *Hub) SetPlace(ctx context.Context, tx Transaction, at Place) error {
	tx.Place = at
	return h.saveTransaction(ctx, tx)
}

// PlaceOf returns where a session is; the zero Place if no agent has said, or if a later proof was made elsewhere.
func (h *Hub) PlaceOf(ctx context.Context, s Session) (Place, error) {
	if s.Workstation == "" {
		return Place{}, nil
	}
	a, err := h.Artifacts.Get(ctx, KindPlace, s.ID, h.Clock())
	if errors.Is(err, ErrNotFound) {
		return Place{Workstation: s.Workstation}, nil
	}
	if err != nil {
		return Place{}, fmt.Errorf("bridge: load place: %w", err)
	}
	var at Place
	if err := json.Unmarshal(a.Payload, &at); err != nil {
		return Place{}, fmt.Errorf("bridge: read place: %w", err)
	}
	if at.Workstation != s.Workstation {
		return Place{Workstation: s.Workstation}, nil
	}
	return at, nil
}

// placeFor is where a session is, if the terms of a partner speak of it.
func (h *Hub) placeFor(ctx context.Context, partner trust.Partner, s Session) (Place, error) {
	if !partner.Terms.NeedsPlace() {
		return Place{}, nil
	}
	return h.PlaceOf(ctx, s)
}

// placed are the writes that put a session where its transaction is.
func (h *Hub) placed(s *Session, at Place) ([]Write, error) {
	s.Workstation = at.Workstation
	if at.Workstation == "" {
		return nil, nil
	}
	if at.Authenticator == "" || at.Authenticator != s.Authenticator {
		at.Card, at.Authenticator = "", ""
	}
	payload, err := json.Marshal(at)
	if err != nil {
		return nil, fmt.Errorf("bridge: write place: %w", err)
	}
	record := Artifact{Kind: KindPlace, Key: s.ID, Session: s.ID, Payload: payload, Expires: s.Started.Add(h.Limits.Absolute)}
	return []Write{PutArtifact{Artifact: record, Replace: true}}, nil
}
