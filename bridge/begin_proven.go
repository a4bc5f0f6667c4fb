package bridge

import "context"

// BeginProven takes a request together with its proof, from a client that has no pages to be shown (SAML ECP). The session is a new
// one, and no browser can show it. The dispatcher's answer is always StepIssue: what would need a page is a refusal with
// reason InteractionRequired. A refusal ends the session again: nobody could use it.
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
	case next.Step == StepEmergency: // needs a page
		err = next.Refused
	case next.Step == StepRole:
		err = Refuse(InteractionRequired, "There is more than one role to choose from, and none was named.")
	case next.Step != StepIssue:
		err = Refuse(AssuranceTooLow, "The app asks for another way of signing in than was used.")
	}
	if err == nil {
		return next, nil
	}
	return next, h.Unused(ctx, tx, err)
}

// Unused ends the session of a proven sign-on that was refused, and returns why.
func (h *Hub) Unused(ctx context.Context, tx Transaction, why error) error {
	if _, err := h.Logout(ctx, tx.Session, LogoutCause{Reason: EndedUnused, Ref: tx.Ref}); err != nil {
		return err
	}
	return why
}
