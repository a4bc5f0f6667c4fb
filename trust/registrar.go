package trust

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Sentinels of registration.
var (
	ErrFull      = errors.New("trust: as many clients have registered themselves as may")
	ErrNameTaken = errors.New("trust: an approved partner has this name")
)

// Registrar stores what clients register of themselves. Nothing passes it that a template does not permit. All fields are set once.
type Registrar struct {
	Store interface {
		PartnerStore
		InvitationStore
	}
	Registry *Registry
	Compiler Compiler
	Options  func() CompileOptions
	Template Template              // of clients whose invitation has none, and of those without one
	Max      int                   // how many clients that registered themselves there may be
	Reload   func(context.Context) // reads the registry anew, so that this process answers the client at once
}

// Invited finds an invitation by its token; ErrInvitation unless it may be used now.
func (r *Registrar) Invited(ctx context.Context, token string) (Invitation, error) {
	return Invited(ctx, r.Store, token, r.Options().Now)
}

// TemplateOf is what the holder of an invitation may have; the zero invitation stands for nobody's.
func (r *Registrar) TemplateOf(i Invitation) (Template, error) {
	if len(i.Template) == 0 {
		return r.Template, nil
	}
	return ReadTemplate(i.Template, true, r.Compiler, r.Options())
}

// Add stores a new client, and that its invitation was used once more. The zero invitation stands for none.
func (r *Registrar) Add(ctx context.Context, d Document, i Invitation, event ledger.Event) (Partner, error) {
	t, err := r.TemplateOf(i)
	if err != nil {
		return Partner{}, err
	}
	if err := r.room(); err != nil {
		return Partner{}, err
	}
	p, record, err := r.compile(d, t)
	if err != nil {
		return Partner{}, err
	}
	if i.ID == "" {
		_, err = r.Store.SavePartner(ctx, record, 0, event)
	} else {
		err = r.addInvited(ctx, record, i, event)
	}
	return p, r.stored(ctx, err)
}

// addInvited uses an invitation once more. Others may use it at the same moment.
func (r *Registrar) addInvited(ctx context.Context, record Record, i Invitation, event ledger.Event) error {
	const tries = 5
	for n := 1; ; n++ {
		if !i.Open(record.Updated) {
			return ErrInvitation
		}
		i.Used++
		_, err := r.Store.AddInvited(ctx, record, i, event)
		if !errors.Is(err, ErrConflict) || n == tries {
			return err
		}
		if i, err = r.Store.Invitation(ctx, i.ID); err != nil {
			return err
		}
	}
}

// Current is a stored client's document, and its revision; ErrUnknownPartner if there is none.
func (r *Registrar) Current(ctx context.Context, id string) (Document, int64, error) {
	record, err := find(ctx, r.Store, Document{Partner: id, Protocol: OIDC})
	if err != nil {
		return Document{}, 0, err
	}
	if record.Revision == 0 {
		return Document{}, 0, ErrUnknownPartner
	}
	docs, err := ReadDocuments(bytes.NewReader(record.Document))
	if err != nil {
		return Document{}, 0, err
	}
	return docs[0], record.Revision, nil
}

// TemplateFor is what a client that is registered may change itself to.
func (r *Registrar) TemplateFor(ctx context.Context, current Document) (Template, error) {
	var i Invitation
	if current.OIDC == nil || current.OIDC.Registration == nil {
		return Template{}, ErrUnknownPartner
	}
	if id := current.OIDC.Registration.Invitation; id != "" {
		var err error
		if i, err = r.Store.Invitation(ctx, id); err != nil {
			return Template{}, err
		}
	}
	t, err := r.TemplateOf(i)
	if err != nil {
		return Template{}, err
	}
	return t.Around(current), nil
}

// Replace stores a client's document in place of the one of a revision; ErrConflict if that one is not there any more.
func (r *Registrar) Replace(ctx context.Context, d Document, t Template, from int64, event ledger.Event) (Partner, error) {
	p, record, err := r.compile(d, t)
	if err != nil {
		return Partner{}, err
	}
	_, err = r.Store.SavePartner(ctx, record, from, event)
	return p, r.stored(ctx, err)
}

// Remove deletes a client. Its grants end with it: who asks with a token of theirs is a stranger.
func (r *Registrar) Remove(ctx context.Context, id string, from int64, event ledger.Event) error {
	return r.stored(ctx, r.Store.RemovePartner(ctx, OIDC, id, from, event))
}

func (r *Registrar) compile(d Document, t Template) (Partner, Record, error) {
	if err := t.Permits(d); err != nil {
		return Partner{}, Record{}, err
	}
	if err := r.name(d); err != nil {
		return Partner{}, Record{}, err
	}
	o := r.Options()
	p, err := r.Compiler.Compile(d, nil, o)
	if err != nil {
		return Partner{}, Record{}, err
	}
	document, err := d.stored()
	return p, Record{ID: p.ID, Protocol: p.Protocol, Document: document, Updated: o.Now}, err
}

func (r *Registrar) stored(ctx context.Context, err error) error {
	if err == nil {
		r.Reload(ctx)
		return nil
	}
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrInvitation) {
		return err
	}
	return fmt.Errorf("trust: save client: %w", err)
}

// room counts those that registered themselves and wait for an administrator: what was made live is the administrator's own count.
func (r *Registrar) room() error {
	all, err := r.Registry.Partners()
	if err != nil {
		return err
	}
	n := 0
	for _, p := range all {
		if p.Stranger() {
			n++
		}
	}
	if n >= r.Max {
		return ErrFull
	}
	return nil
}

// name keeps a stranger from calling itself as an approved partner does: clinicians read the name when they sign in.
func (r *Registrar) name(d Document) error {
	all, err := r.Registry.Partners()
	if err != nil {
		return err
	}
	for _, p := range all {
		if !p.Stranger() && p.ID != d.Partner && (sameName(p.Name, d.Name) || sameName(p.ID, d.Name)) {
			return ErrNameTaken
		}
	}
	return nil
}

// sameName compares names as people read them: without regard to case and spaces.
func sameName(a, b string) bool {
	plain := func(s string) string { return strings.Join(strings.Fields(s), "") }
	return a != "" && strings.EqualFold(plain(a), plain(b))
}
