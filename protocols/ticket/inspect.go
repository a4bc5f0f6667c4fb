package ticket

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// Facts is what a ticket stands for, for administrators.
type Facts struct {
	Partner string // that it was issued to; empty: to an agent, for every system
	Session bridge.Session
	Role    string // role profile; empty: none chosen
	Issued  string // reference of the sign-on
	Expires time.Time
}

// Inspect says what a ticket stands for. The error is a BadGrant refusal for one that is not valid.
func Inspect(ctx context.Context, hub *bridge.Hub, token string) (Facts, error) {
	h, err := find(ctx, hub, token)
	if err != nil {
		return Facts{}, err
	}
	s, err := hub.Sessions.Session(ctx, h.Session)
	if err != nil {
		return Facts{}, fmt.Errorf("ticket: find session: %w", err)
	}
	f := Facts{Partner: h.Partner, Session: s, Role: h.RoleID, Issued: h.Ref, Expires: h.expires}
	if h.Follows {
		f.Role = s.RoleID
	}
	return f, nil
}

// Verify decides what a system would be told if it presented the ticket now. Nothing is told or recorded. A ticket of a browser
// is only good for the system that it was issued to.
func Verify(ctx context.Context, hub *bridge.Hub, token, partner string) (bridge.Issuance, error) {
	h, err := find(ctx, hub, token)
	if err != nil {
		return bridge.Issuance{}, err
	}
	if !h.agents && partner != "" && h.Partner != partner {
		return bridge.Issuance{}, bridge.Refuse(bridge.BadGrant, "The ticket was issued to %s.", h.Partner).WithCode("ticket_unknown")
	}
	if h.agents {
		if partner == "" {
			return bridge.Issuance{}, bridge.Refuse(bridge.UnknownPartner, "The ticket is an agent's: say which system presents it.")
		}
		h.Partner, h.Protocol = partner, trust.Ticket
	}
	return decide(ctx, hub, h)
}

// Revoke ends a ticket at an administrator's wish: one of a browser alone, and with one of an agent the session that it is of. by says who
// decided, for the record.
func Revoke(ctx context.Context, hub *bridge.Hub, token, by string) error {
	h, err := find(ctx, hub, token)
	if err != nil {
		return err
	}
	if !h.agents {
		return spend(ctx, hub, h, by)
	}
	if _, err := hub.Logout(ctx, h.Session, bridge.LogoutCause{Reason: bridge.EndedByAdmin, Ref: bridge.Ref(ctx), By: by}); err != nil {
		return fmt.Errorf("ticket: end session: %w", err)
	}
	return nil
}

// Unknown reports whether an error says that a ticket is not valid.
func Unknown(err error) bool {
	refusal, ok := errors.AsType[*bridge.Refusal](err)
	return ok && (refusal.Reason == bridge.BadGrant || refusal.Reason == bridge.BadRequest)
}
