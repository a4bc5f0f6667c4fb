package bridge

import (
	"context"
	"fmt"
)

// emergenciesAtOnce is how many openings are read at a time.
const emergenciesAtOnce = 500

// ForgetNotes takes the words of person and reviewer out of the openings that were reviewed for as long ago as Emergency.KeepNotes says, and
// returns of how many. That they happened, who reviewed them and how, stays. Those that wait for a review keep theirs.
func (h *Hub) ForgetNotes(ctx context.Context) (int, error) {
	if h.Emergency == nil || h.Emergency.KeepNotes <= 0 {
		return 0, nil
	}
	before := h.Clock().Add(-h.Emergency.KeepNotes)
	forgotten := 0
	q := EmergencyQuery{Limit: emergenciesAtOnce}
	for {
		page, err := h.Emergencies.Emergencies(ctx, q)
		if err != nil {
			return forgotten, fmt.Errorf("bridge: list emergencies: %w", err)
		}
		var writes []Write
		for _, e := range page {
			if e.Reviewed() && e.Review.At.Before(before) && (e.Note != "" || e.Review.Note != "") {
				e.Note, e.Review.Note = "", ""
				writes = append(writes, ForgetNotes{e})
			}
		}
		if len(writes) > 0 {
			if err := h.Journal.Commit(ctx, writes...); err != nil {
				return forgotten, fmt.Errorf("bridge: forget notes: %w", err)
			}
			forgotten += len(writes)
		}
		if len(page) < q.Limit {
			return forgotten, nil
		}
		q.Past = page[len(page)-1].Place()
	}
}
