package sqlstore

import (
	"context"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Deliveries implements bridge.Deliveries, in the order of their participants.
func (s *Store) Deliveries(ctx context.Context, logout string) ([]bridge.Delivery, error) {
	var out []bridge.Delivery
	err := s.read(ctx, deliveriesOf, func(r row) error { return scanDelivery(r, &out) }, logout)
	return out, err
}

// Due implements bridge.Deliveries.
func (s *Store) Due(ctx context.Context, now, until time.Time, limit int) ([]bridge.Delivery, error) {
	kind := due[bridge.Delivery]{find: deliveriesDue, move: moveDelivery, exclusive: "due", scan: scanDelivery, put: func(d *bridge.Delivery, until time.Time) string {
		d.Next = until
		return d.ID
	}}
	return kind.take(ctx, s, now, until, limit)
}

func scanDelivery(r row, out *[]bridge.Delivery) error {
	var doc []byte
	var due int64
	if err := r.Scan(&doc, &due); err != nil {
		return err
	}
	var d bridge.Delivery
	if err := decode(doc, &d); err != nil {
		return err
	}
	d.Next = instant(due)
	*out = append(*out, d)
	return nil
}

func deliveryOp(d bridge.Delivery) (*op, error) {
	doc, err := encode(d)
	if err != nil {
		return nil, err
	}
	return &op{stmt: saveDelivery, args: []any{d.ID, d.Logout, doc, nano(d.Next), nano(d.Updated)}}, nil
}

func deliveryOps(ds []bridge.Delivery) ([]*op, error) {
	var ops []*op
	for _, d := range ds {
		o, err := deliveryOp(d)
		if err != nil {
			return nil, err
		}
		ops = append(ops, o)
	}
	return ops, nil
}
