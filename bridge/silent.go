package bridge

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Silence is what becomes of a card session when the agent of its workstation is heard no more: whether the card left cannot be told.
type Silence string

// What may become of it.
const (
	SilenceLock    Silence = "lock"    // it is suspended; where the removal of its card would be ignored it is left
	SilenceRemoval Silence = "removal" // what the removal of its card does to it
)

// AgentSilent does to card sessions at a workstation what OnSilence says, on record: its agent was not heard for so long. Participants are told
// by the loop that retries. An error is of those that failed, and keeps no other from it.
func (h *Hub) AgentSilent(ctx context.Context, sessions []Session, at trust.Workstation, after time.Duration) error {
	var done Removed
	cause := LogoutCause{Reason: EndedBySilence, Ref: h.NewRef(), Station: at.Name, By: "workstation " + at.ID, Later: true}
	failed := each(ctx, h, sessions, func(s Session) (func(*Removed), error) {
		word, err := h.removalOf(ctx, s, at)
		if err != nil {
			return nil, err
		}
		if word == trust.RemovalLogout && h.OnSilence != SilenceRemoval {
			word = trust.RemovalLock
		}
		return h.remove(ctx, s, word, cause)
	}, func(count func(*Removed)) { count(&done) })
	if done.Ended.Sessions+done.Suspended.Sessions > 0 {
		failed = append(failed, h.record(ctx, ledger.Event{Kind: ledger.AgentSilent, Ref: cause.Ref, Detail: map[string]string{
			"workstation": at.ID, "after_s": strconv.Itoa(int(after / time.Second)),
			"ended": strconv.Itoa(done.Ended.Sessions), "suspended": strconv.Itoa(done.Suspended.Sessions), "left": strconv.Itoa(done.Left),
		}}))
	}
	return errors.Join(failed[:min(len(failed), errorsTold)]...)
}

// AgentsSilent records an alarm: so many of the workstations that are watched are silent at once that nothing is done to their sessions.
func (h *Hub) AgentsSilent(ctx context.Context, silent, watched int) error {
	return h.record(ctx, ledger.Event{Kind: ledger.Alarm, Reason: "agents_silent", Ref: h.NewRef(), Detail: map[string]string{
		"silent": strconv.Itoa(silent), "watched": strconv.Itoa(watched),
	}})
}

func (h *Hub) record(ctx context.Context, e ledger.Event) error {
	e.Time = h.Clock()
	if err := h.Journal.Commit(ctx, Append{e}); err != nil {
		return fmt.Errorf("bridge: record %s: %w", e.Kind, err)
	}
	return nil
}
