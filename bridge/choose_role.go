package bridge

import (
	"context"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Choice is one role on the role page.
type Choice struct {
	Role    people.RoleProfile
	Current bool   // the session acts in it now
	Refused string // why the partner's terms do not accept it; empty: they do
}

// Choices lists the subject's open roles for a transaction.
func (h *Hub) Choices(ctx context.Context, b Browser, tx Transaction) ([]Choice, people.Person, error) {
	s, person, err := h.live(ctx, b.key(false))
	if errors.Is(err, errNoSession) {
		return nil, person, Refuse(SessionExpired, "You were signed out. Start again from your app.")
	}
	if err != nil {
		return nil, person, err
	}
	now := h.Clock()
	open := person.OpenRoles(now)
	var partner trust.Partner
	var at Place
	if !tx.Local && len(open) > 0 {
		if partner, err = h.Partner(tx.Request.Protocol, tx.Request.Partner); err != nil {
			return nil, person, err
		}
		if at, err = h.placeFor(ctx, partner, s); err != nil {
			return nil, person, err
		}
	}
	var out []Choice
	for _, r := range open {
		c := Choice{Role: r, Current: r.ID == s.RoleID}
		if !tx.Local {
			_, err := h.Translator.Translate(Facts{Session: s, Place: at, Person: person, Role: r, Partner: partner, Contexts: tx.Request.Contexts, RBAC: h.rbac(), Now: now})
			if err != nil {
				c.Refused = AsRefusal(err).Detail
			}
		}
		out = append(out, c)
	}
	return out, person, nil
}

// ChooseRole makes the session act in a role the subject holds. It returns the new secret for the browser.
func (h *Hub) ChooseRole(ctx context.Context, b Browser, tx Transaction, roleID string) (string, error) {
	s, person, err := h.live(ctx, b.key(false))
	if errors.Is(err, errNoSession) {
		return "", Refuse(SessionExpired, "You were signed out. Start again from your app.")
	}
	if err != nil {
		return "", err
	}
	now := h.Clock()
	role, ok := person.OpenRole(roleID, now)
	if !ok {
		return "", h.refuseRole(ctx, tx, s)
	}
	secret, from := h.NewSecret(), s.Key
	s.Key, s.Seen, s.RoleID = Key(secret), now, role.ID
	tx.about(s.ID)
	tx.RoleChosen = true
	w, err := putTransaction(tx)
	if err != nil {
		return "", err
	}
	event := ledger.Event{
		Time: now, Kind: ledger.RoleChosen, Ref: tx.Ref, Tracking: s.ID, Subject: s.UID, Role: role.ID, Org: role.OrgCode,
		Partner: tx.Request.Partner, Peer: Peer(ctx), Detail: map[string]string{"role_code": role.Code},
	}
	if err := h.Journal.Commit(ctx, w, SaveSession{Session: s, From: from}, Append{event}); err != nil {
		return "", refuseSpent(err, "save role")
	}
	h.trace(tx.Ref, "role_chosen", "job_role", role.JobRole())
	return secret, nil
}

func (h *Hub) refuseRole(ctx context.Context, tx Transaction, s Session) error {
	r := Refuse(RoleNotAllowed, "That role is not one of yours, or it is not open.")
	event := ledger.Event{Time: h.Clock(), Kind: ledger.Refused, Reason: r.AuditCode(), Ref: tx.Ref, Tracking: s.ID, Subject: s.UID, Partner: tx.Request.Partner, Peer: Peer(ctx)}
	if err := h.Journal.Commit(ctx, Append{event}); err != nil {
		return fmt.Errorf("bridge: record refusal: %w", err)
	}
	return r
}
