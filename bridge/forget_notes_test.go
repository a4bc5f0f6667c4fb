package bridge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// TestForgetNotes: words are kept until an opening was reviewed and for as long after that as the policy says; that it happened stays.
func TestForgetNotes(t *testing.T) {
	w := newEmergencyWorld(t)
	w.hub.Emergency.KeepNotes = 24 * time.Hour
	reviewed := w.now.Add(-25 * time.Hour)
	add := func(id string, review bridge.Review) {
		e := bridge.Emergency{ID: id, UID: uid, Note: "Cardiac arrest.", Opened: w.now.Add(-time.Duration(len(id)) * time.Hour)}
		w.must(w.store.Commit(t.Context(), bridge.AddEmergency{Emergency: e}))
		if e.Review = review; e.Reviewed() {
			w.must(w.store.Commit(t.Context(), bridge.ReviewEmergency{Emergency: e}))
		}
	}
	done := bridge.Review{By: other, Outcome: bridge.Justified, Note: "Confirmed.", At: reviewed}
	for i := range 1100 {
		add(fmt.Sprintf("old%04d", i), done)
	}
	add("waiting", bridge.Review{})
	late := done
	late.At = w.now.Add(-23 * time.Hour)
	add("late", late)
	n, err := w.hub.ForgetNotes(t.Context())
	w.must(err)
	if n != 1100 {
		t.Errorf("%d forgotten", n)
	}
	if e, err := w.store.Emergency(t.Context(), "old0007"); err != nil || e.Note != "" || e.Review.Note != "" || e.UID != uid || e.Review.By != other || e.Review.Outcome != bridge.Justified || !e.Reviewed() {
		t.Errorf("%+v %v", e, err)
	}
	for _, id := range []string{"waiting", "late"} {
		if e, err := w.store.Emergency(t.Context(), id); err != nil || e.Note == "" {
			t.Errorf("%+v %v", e, err)
		}
	}
	if n, err := w.hub.ForgetNotes(t.Context()); err != nil || n != 0 {
		t.Errorf("again: %d %v", n, err)
	}
	w.hub.Emergency.KeepNotes, w.now = 0, w.now.AddDate(9, 0, 0)
	if n, err := w.hub.ForgetNotes(t.Context()); err != nil || n != 0 {
		t.Errorf("kept for good: %d %v", n, err)
	}
}
