package sqlstore

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/lanyard-hub/lanyard/adapters/storetest"
)

func openTemp(tb testing.TB) *Store {
	tb.Helper()
	s, err := OpenSQLite(context.Background(), filepath.Join(tb.TempDir(), "hub ?#%.db"), Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func TestContractSQLite(t *testing.T) {
	storetest.All(t, func(t *testing.T) storetest.Store { return openTemp(t) })
}
