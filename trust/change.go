package trust

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Change is what applying a document would do.
type Change struct {
	Partner Partner // as it would be
	New     bool
	Same    bool // nothing differs
	record  Record
	from    int64
}

// Propose compiles a document and compares it with what is stored. Nothing is written. metadata is nil
// when the stored one is to stay.
func Propose(ctx context.Context, store PartnerStore, c Compiler, d Document, metadata []byte, o CompileOptions) (Change, error) {
	current, err := find(ctx, store, d)
	if err != nil {
		return Change{}, err
	}
	if metadata == nil {
		metadata = current.Metadata
	}
	p, err := c.Compile(d, metadata, o)
	if err != nil {
		return Change{}, err
	}
	if d.SAML != nil && d.SAML.SigningKey == nextKey {
		named := *d.SAML
		named.SigningKey, d.SAML = p.SAML.Key, &named
	}
	document, err := d.stored()
	if err != nil {
		return Change{}, err
	}
	return Change{
		Partner: p, New: current.Revision == 0, from: current.Revision,
		Same:   bytes.Equal(document, current.Document) && bytes.Equal(metadata, current.Metadata),
		record: Record{ID: p.ID, Protocol: p.Protocol, Document: document, Metadata: metadata},
	}, nil
}

func find(ctx context.Context, store PartnerStore, d Document) (Record, error) {
	records, _, err := store.Partners(ctx)
	if err != nil {
		return Record{}, fmt.Errorf("trust: read registry: %w", err)
	}
	for _, r := range records {
		if r.ID == d.Partner && r.Protocol == d.Protocol {
			return r, nil
		}
	}
	return Record{}, nil
}

// Apply stores a proposed change, and the events that record it, in one commit; ErrConflict if the partner changed
// since Propose. Nothing is written when nothing differs.
func (c Change) Apply(ctx context.Context, store PartnerStore, now time.Time, events ...ledger.Event) error {
	if c.Same {
		return nil
	}
	c.record.Updated = now
	_, err := store.SavePartner(ctx, c.record, c.from, events...)
	if errors.Is(err, ErrConflict) {
		return err
	}
	if err != nil {
		return fmt.Errorf("trust: save partner: %w", err)
	}
	return nil
}
