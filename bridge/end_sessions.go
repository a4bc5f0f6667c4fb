package bridge

import (
	"context"
	"errors"
	"fmt"
)

// SessionsAtOnce is how many sessions are read at a time where a query does not say.
const SessionsAtOnce = 1000

// EachLiving hands the living sessions that the query selects to do, all of them, newest first, so many at a time as its limit
// says. Those that begin meanwhile are not among them; what is done to one that was handed over moves none of the others.
func (h *Hub) EachLiving(ctx context.Context, q SessionQuery, do func([]Session) error) error {
	if q.Limit <= 0 {
		q.Limit = SessionsAtOnce
	}
	for {
		page, err := h.Roster.Living(ctx, q)
		if err != nil {
			return fmt.Errorf("bridge: living sessions: %w", err)
		}
		if len(page) > 0 {
			if err := do(page); err != nil {
				return err
			}
		}
		if len(page) < q.Limit {
			return nil
		}
		q.Past = page[len(page)-1].Place()
	}
}

// Ended counts what ended in one go.
type Ended struct {
	Sessions int
	Partners int // that there are to tell, one for each session that it was told about
}

// EndAll ends the living sessions that the query selects and that match, however many, for one cause, and tells their
// participants. match nil: all of them. What could not be ended is an error and keeps no other from ending; if nothing of a
// whole page could be, the rest is left alone: the store will be at fault. The count is of those that ended.
func (h *Hub) EndAll(ctx context.Context, q SessionQuery, match func(Session) (bool, error), cause LogoutCause) (Ended, error) {
	var sum Ended
	var errs []error
	vain := false // nothing of the page before could be ended
	err := h.EachLiving(ctx, q, func(page []Session) error {
		if vain {
			return errNothingEnds
		}
		ended, failed := h.endPage(ctx, page, match, cause)
		sum.Sessions, sum.Partners = sum.Sessions+ended.Sessions, sum.Partners+ended.Partners
		errs = append(errs, failed[:min(len(failed), errorsTold-len(errs))]...)
		vain = len(failed) == len(page)
		return ctx.Err()
	})
	return sum, errors.Join(append(errs, err)...)
}

// errorsTold is how many errors of single sessions EndAll returns at most: a hundred thousand of one kind say no more.
const errorsTold = 20

var errNothingEnds = errors.New("bridge: no session of a whole page could be ended; the rest was left alone")

// endPage ends those of a page that match, some at the same time.
func (h *Hub) endPage(ctx context.Context, page []Session, match func(Session) (bool, error), cause LogoutCause) (Ended, []error) {
	var failed []error
	var chosen []Session
	for _, s := range page {
		ok, err := true, error(nil)
		if match != nil {
			ok, err = match(s)
		}
		switch {
		case err != nil:
			failed = append(failed, err)
		case ok:
			chosen = append(chosen, s)
		}
	}
	var ended Ended
	return ended, append(failed, each(ctx, h, chosen, func(s Session) (LogoutReport, error) { return h.Logout(ctx, s.ID, cause) }, ended.add)...)
}

// each does the same to sessions, some at the same time, and adds up what came of those that did not fail.
func each[T any](ctx context.Context, h *Hub, all []Session, do func(Session) (T, error), add func(T)) (failed []error) {
	for len(all) > 0 && ctx.Err() == nil {
		batch := all[:min(len(all), sweepAtOnce)]
		all = all[len(batch):]
		done, errs := make([]T, len(batch)), make([]error, len(batch))
		h.Parallel(len(batch), func(i int) { done[i], errs[i] = do(batch[i]) })
		for i, err := range errs {
			if err != nil {
				failed = append(failed, err)
				continue
			}
			add(done[i])
		}
	}
	return failed
}
