package workstation

import (
	"context"
	"fmt"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/trust"
)

// maxStatus is how many sessions of one workstation are told. A terminal server has a few hundred.
const maxStatus = 1000

// standing is how things stand at a workstation.
type standing struct {
	Sessions []seated `json:"sessions"`
	Offline  int      `json:"offline"` // seconds
}

// seated is a session at a workstation.
type seated struct {
	Tracking     string        `json:"tracking"`
	Card         string        `json:"card"`
	Until        int64         `json:"until"`
	Participants []participant `json:"participants"`
}

type participant struct {
	Protocol trust.Protocol `json:"protocol"`
	Partner  string         `json:"partner"`
	SID      string         `json:"sid"`
	Subject  string         `json:"sub"`
}

// status tells the sessions at the workstation that asks: those that live, are in use, and are of the user that it names.
func (p *Provider) status(w http.ResponseWriter, r *http.Request) {
	m, err := p.message(r, "status")
	if err != nil {
		p.refuseQuietly(w, r, err)
		return
	}
	answer, err := p.standing(r.Context(), m)
	if err != nil {
		p.refuse(w, r, m.Workstation.ID, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// unseen reports whether a session was signed in with a card that the agent did not see: it could not tell that the card left, and
// without a fingerprint it would take the session for one that needs none.
func unseen(s bridge.Session, at bridge.Place) bool {
	return s.Method == bridge.MethodSmartcard && at.Card == ""
}

func (p *Provider) standing(ctx context.Context, m agent.Message) (standing, error) {
	out := standing{Sessions: []seated{}, Offline: int(p.Offline.Seconds())}
	user, err := m.User()
	if err != nil {
		return out, err
	}
	living, err := p.Hub.Roster.Living(ctx, bridge.SessionQuery{At: m.Workstation.ID, Limit: maxStatus})
	if err != nil {
		return out, fmt.Errorf("workstation: sessions: %w", err)
	}
	now := p.Hub.Clock()
	for _, s := range living {
		until := p.Hub.Ends(s)
		if !s.Suspended.IsZero() || !now.Before(until) {
			continue
		}
		at, err := p.Hub.PlaceOf(ctx, s)
		if err != nil {
			return out, err
		}
		if at.User != user && at.User != "" && user != "" || unseen(s, at) {
			continue
		}
		row := seated{Tracking: s.ID, Card: at.Card, Until: until.Unix(), Participants: []participant{}}
		told, err := p.Hub.Participants.Participants(ctx, s.ID)
		if err != nil {
			return out, fmt.Errorf("workstation: participants: %w", err)
		}
		for _, t := range bridge.LastTold(told) {
			row.Participants = append(row.Participants, participant{t.Protocol, t.Partner, t.Index, t.Subject})
		}
		out.Sessions = append(out.Sessions, row)
	}
	return out, nil
}
