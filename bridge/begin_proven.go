package bridge

import "context"

// BeginProven takes a request together with its proof, from a client that has no pages to be shown (SAML ECP). The session is a new
// one, and no browser can show it. The dispatcher's answer is always StepIssue: what would need a page is a refusal with
// reason InteractionRequired.
func (h *Hub) BeginProven(ctx context.Context, req Request, proof Proof) (Next, error) {
	req.Passive = false // the proof is here: nothing has to be asked for it
	b := Browser{Binding: h.NewSecret()}
	next, err := h.Begin(ctx, b, req)
	if err != nil {
		return next, err
	}
	if b.Session, err = h.Authenticate(ctx, b, next.Transaction, proof); err != nil {
		return next, err
	}
	tx, err := h.transaction(ctx, b, next.Transaction.ID)
	if err != nil {
		return next, err
	}
	next, err = h.Next(ctx, b, tx)
	switch {
	case err != nil:
		return next, err
	case next.Step == StepRole:
		return next, Refuse(InteractionRequired, "There is more than one role to choose from, and none was named.")
	case next.Step != StepIssue:
		return next, Refuse(AssuranceTooLow, "The app asks for another way of signing in than was used.")
	}
	return next, nil
}
