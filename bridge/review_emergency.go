package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// What keeps a review from being taken.
var (
	ErrOwnReview = errors.New("bridge: nobody reviews what they opened themselves")
	ErrReviewer  = errors.New("bridge: the reviewer is not a registered, active person")
	ErrBadReview = errors.New("bridge: a review is justified or not_justified, with a note of 1 to 2000 characters")
)

const maxReviewNote = 2000 // characters

// ReviewEmergency records what somebody found of an opening. ErrNotFound if there is no such one, ErrSpent if it was reviewed already,
// ErrOwnReview, ErrReviewer or ErrBadReview where the review itself cannot stand. A review is never changed.
func (h *Hub) ReviewEmergency(ctx context.Context, id string, r Review) (Emergency, error) {
	r.Note = strings.TrimSpace(r.Note)
	if r.Outcome != Justified && r.Outcome != NotJustified || r.Note == "" || !utf8.ValidString(r.Note) || utf8.RuneCountInString(r.Note) > maxReviewNote {
		return Emergency{}, ErrBadReview
	}
	e, err := h.Emergencies.Emergency(ctx, id)
	if err != nil {
		return e, fmt.Errorf("bridge: load emergency: %w", err)
	}
	if e.UID == r.By {
		return e, ErrOwnReview
	}
	if e.Reviewed() {
		return e, fmt.Errorf("bridge: review: %w", ErrSpent)
	}
	_, active, err := h.active(ctx, r.By)
	switch {
	case err != nil:
		return e, err
	case !active:
		return e, ErrReviewer
	}
	r.At = h.Clock()
	e.Review = r
	event := ledger.Event{
		Time: r.At, Kind: ledger.EmergencyReviewed, Reason: string(r.Outcome), Ref: e.Ref, Tracking: e.Session, Subject: e.UID, Partner: e.Partner,
		Detail: map[string]string{"emergency": e.ID, "by": r.By},
	}
	if err := h.Journal.Commit(ctx, ReviewEmergency{e}, Append{event}); err != nil {
		return e, fmt.Errorf("bridge: review: %w", err)
	}
	return e, nil
}
