package channel

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
)

// Why there is no offline proof.
var (
	ErrNoSession = errors.New("channel: no session of that partner at this workstation")
	ErrAmbiguous = errors.New("channel: several sessions of that partner; the sid is needed")
	ErrCardGone  = errors.New("channel: the card of the session is not in a reader")
	ErrOffline   = errors.New("channel: the hub has been silent for longer than proofs are allowed")
)

// Wanted is what a partner asks a proof of.
type Wanted struct {
	Audience string // the partner's id
	Index    string // the sid; may be empty when there is one session
	Nonce    string // may be empty
}

// Proof says that a session of the partner was known to the hub a moment ago and that its card is still here: a JWT for 30 seconds.
// inserted reports whether a card with this SHA-256 of its certificate is in a reader.
func (h *Hub) Proof(w Wanted, inserted func(sha256 string) bool) (string, error) {
	status, heard, failed := h.Heard()
	now := h.Now()
	switch {
	case errors.Is(failed, ErrRefused), heard.IsZero():
		return "", ErrOffline
	case status.Offline <= 0, now.Round(0).Before(heard.Round(0)), Since(heard, now) > time.Duration(status.Offline)*time.Second:
		return "", ErrOffline
	}
	p, err := find(status, w, now, inserted)
	if err != nil {
		return "", err
	}
	claims := map[string]any{
		"iss": h.Identity.ID, "aud": w.Audience, "sub": p.Subject, "sid": p.Index,
		"iat": now.Unix(), "exp": now.Add(proofLife).Unix(), "seen": heard.Unix(),
	}
	if w.Nonce != "" {
		claims["nonce"] = w.Nonce
	}
	return h.Identity.sign(typeProof, claims)
}

// Since is how long ago something was, by the clock on the wall or by the one that only goes forward, whichever says more: the first
// may have been set back, and the second stands still while the computer sleeps.
func Since(then, now time.Time) time.Duration {
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}

func find(status Status, w Wanted, now time.Time, inserted func(string) bool) (Participant, error) {
	var found []Participant
	gone := false
	for _, s := range status.Sessions {
		for _, p := range s.Participants {
			switch {
			case p.Partner != w.Audience, w.Index != "" && p.Index != w.Index, s.Until <= now.Unix():
			case s.Card != "" && !inserted(s.Card):
				gone = true
			default:
				found = append(found, p)
			}
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return Participant{}, ErrAmbiguous
	case gone:
		return Participant{}, ErrCardGone
	}
	return Participant{}, ErrNoSession
}

// Fingerprint is the name of a card in a Status.
func Fingerprint(certificate []byte) string {
	sum := sha256.Sum256(certificate)
	return hex.EncodeToString(sum[:])
}
