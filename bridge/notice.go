package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Notice says to whoever comes back to a browser why its session ended, or was suspended, while nobody was looking.
type Notice struct {
	Reason  EndReason
	At      time.Time
	Station string // name of the workstation it has to do with; empty: not known
}

// Notice finds what became of a session that was ended or suspended by something elsewhere; zero if nothing is known.
func (h *Hub) Notice(ctx context.Context, s Session) (Notice, error) {
	a, err := h.Artifacts.Get(ctx, KindNotice, s.ID, h.Clock())
	if errors.Is(err, ErrNotFound) {
		return Notice{}, nil
	}
	if err != nil {
		return Notice{}, fmt.Errorf("bridge: load notice: %w", err)
	}
	var n Notice
	if err := json.Unmarshal(a.Payload, &n); err != nil {
		return n, fmt.Errorf("bridge: read notice: %w", err)
	}
	if !n.At.Equal(s.Ended) && !n.At.Equal(s.Suspended) { // of a suspension that is over
		return Notice{}, nil
	}
	return n, nil
}

// notice is the write that keeps one, for as long as apps left open are told of.
func (h *Hub) notice(session string, cause LogoutCause, at time.Time) PutArtifact {
	payload, _ := json.Marshal(Notice{cause.Reason, at, cause.Station}) // of such a struct it cannot fail
	return PutArtifact{Replace: true, Artifact: Artifact{Kind: KindNotice, Key: session, Payload: payload, Expires: at.Add(leftFor)}}
}

// noticed reports whether a session that ends for this reason leaves a notice: its browser does not see it happen.
func (r EndReason) noticed() bool {
	return r == EndedByCard || r == EndedElsewhere || r == EndedBySilence
}
