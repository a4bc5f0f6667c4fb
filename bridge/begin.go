package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lanyard-hub/lanyard/trust"
)

// Begin takes a verified request of a partner and decides what comes next. When the session allows the
// answer at once nothing is stored: Issue follows in the same request. Else a transaction is saved.
func (h *Hub) Begin(ctx context.Context, b Browser, req Request) (Next, error) {
	partner, err := h.Partner(req.Protocol, req.Partner)
	if err != nil {
		return Next{}, err
	}
	tx := h.newTransaction(ctx, b, req)
	h.trace(tx.Ref, "request", "partner", req.Partner, "protocol", string(req.Protocol), "force", fmt.Sprint(req.ForceAuthn), "passive", fmt.Sprint(req.Passive))
	if len(req.Requesters) > 0 {
		h.trace(tx.Ref, "asked_for", "requesters", strings.Join(req.Requesters, " "))
	}
	next, err := h.decide(ctx, tx, b, partner)
	if err != nil {
		return next, err
	}
	if next.Step == StepIssue {
		return next, nil
	}
	return next, h.store(ctx, tx)
}

// BeginLocal starts a sign-on to the hub's own pages. resume is the path that takes over.
func (h *Hub) BeginLocal(ctx context.Context, b Browser, req Request) (Next, error) {
	tx := h.newTransaction(ctx, b, req)
	tx.Local = true
	next, err := h.decide(ctx, tx, b, trust.Partner{})
	if err != nil || next.Step == StepIssue {
		return next, err
	}
	return next, h.store(ctx, tx)
}

func (h *Hub) newTransaction(ctx context.Context, b Browser, req Request) Transaction {
	now := h.Clock()
	tx := Transaction{ID: h.NewID(), Ref: Ref(ctx), Request: req, Started: now, Expires: now.Add(h.Limits.Transaction), Unattended: b.Unattended}
	if tx.Ref == "" {
		tx.Ref = h.NewRef()
	}
	if b.Binding != "" {
		tx.Browser = Key(b.Binding)
	}
	return tx
}

// Partner finds a partner that may be answered.
func (h *Hub) Partner(protocol trust.Protocol, id string) (trust.Partner, error) {
	p, err := h.Partners.Partner(protocol, id)
	switch {
	case errors.Is(err, trust.ErrUnknownPartner):
		return trust.Partner{}, Refuse(UnknownPartner, "This system is not registered with this hub.")
	case err != nil:
		return trust.Partner{}, fmt.Errorf("bridge: find partner: %w", err)
	case !p.Answerable():
		return trust.Partner{}, Refuse(PartnerSuspended, "Sign-in to %s is switched off at present.", p.Name)
	}
	return p, nil
}

func (h *Hub) store(ctx context.Context, tx Transaction) error {
	w, err := putTransaction(tx)
	if err != nil {
		return err
	}
	writes := []Write{w}
	if tx.Request.Once.Key != "" {
		writes = append(writes, tx.Request.Once.put())
	}
	return refuseReplay(h.Journal.Commit(ctx, writes...))
}

func (m Mark) put() PutArtifact {
	return PutArtifact{Artifact: Artifact{Kind: KindReplay, Key: m.Key, Expires: m.Expires}}
}

func refuseReplay(err error) error {
	if errors.Is(err, ErrExists) {
		return Refuse(Replayed, "This request was already used. Go back to the app and start again.").Because(err)
	}
	if err != nil {
		return fmt.Errorf("bridge: commit: %w", err)
	}
	return nil
}
