package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/sqlstore"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/trace"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Store is every storage port together, as one adapter implements them.
type Store interface {
	bridge.Artifacts
	bridge.Journal
	bridge.Sessions
	bridge.Roster
	bridge.Participants
	bridge.Deliveries
	bridge.Emergencies
	people.Store
	people.AuthenticatorStore
	trust.PartnerStore
	trust.InvitationStore
	trust.WorkstationStore
	ledger.Reader
	trace.Store
	// Watch calls changed when the registry changed, until ctx is done.
	Watch(ctx context.Context, changed func())
	// Purge removes what expired.
	Purge(ctx context.Context, now time.Time) (int, error)
	io.Closer
}

var _ Store = (*sqlstore.Store)(nil)

// ErrStore: the durable store cannot be opened.
var ErrStore = errors.New("hub: store")

// OpenStore opens the durable store that the configuration names. Commands use it beside a running server.
func OpenStore(ctx context.Context, c config.Config) (Store, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("%w: data directory: %w", ErrStore, err)
	}
	if c.Store.Driver == "postgres" {
		s, err := sqlstore.OpenPostgres(ctx, c.Store.DSN.Reveal(), sqlstore.Options{})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrStore, err)
		}
		return s, nil
	}
	s, err := sqlstore.OpenSQLite(ctx, c.Store.Path, sqlstore.Options{})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return s, nil
}

func (h *Hub) wireStore(ctx context.Context) error {
	s, err := OpenStore(ctx, h.options.Config)
	h.store = s
	return err
}
