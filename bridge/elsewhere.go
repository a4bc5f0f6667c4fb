package bridge

import (
	"context"
	"errors"
)

// elsewhere does what OnElsewhere says to the other sessions of a subject who has just opened or resumed one. Only those count that
// are known to be at another workstation: a browser without an agent may stand anywhere, so its session is never taken away by a guess.
// The sign-in has happened by then; what fails here is in the trace, and the sessions stay as they are. Participants are told by
// the hub's loop, at once.
func (h *Hub) elsewhere(ctx context.Context, opened Session, ref string) {
	if opened.Workstation == "" || h.OnElsewhere != YieldSuspend && h.OnElsewhere != YieldEnd {
		return
	}
	cause := LogoutCause{Reason: EndedElsewhere, Ref: ref, By: opened.Workstation, Station: h.stationName(ctx, opened.Workstation), Later: true}
	err := h.EachLiving(ctx, SessionQuery{UID: opened.UID}, func(page []Session) error {
		var failed []error
		for _, s := range page {
			if s.ID == opened.ID || s.Workstation == "" || s.Workstation == opened.Workstation {
				continue
			}
			failed = append(failed, h.yield(ctx, s, cause))
		}
		return errors.Join(failed...)
	})
	if err != nil {
		h.trace(ref, "elsewhere_failed", "reason", AsRefusal(err).AuditCode())
	}
}

func (h *Hub) yield(ctx context.Context, s Session, cause LogoutCause) error {
	var err error
	if h.OnElsewhere == YieldEnd {
		_, err = h.Logout(ctx, s.ID, cause)
	} else {
		_, err = h.suspend(ctx, s, cause, !h.KeepApps)
	}
	return err
}

// stationName is what a workstation is called; empty if that cannot be told.
func (h *Hub) stationName(ctx context.Context, id string) string {
	if h.Workstations == nil {
		return ""
	}
	w, err := h.Workstations.Workstation(ctx, id)
	if err != nil {
		return ""
	}
	return w.Name
}
