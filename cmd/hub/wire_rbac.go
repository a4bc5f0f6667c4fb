package hub

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// ReadRBAC reads the RBAC document that the configuration names; nil if it names none.
func ReadRBAC(c config.RBAC) (*people.RBAC, error) {
	if c.File == "" {
		return nil, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, fmt.Errorf("hub: RBAC document: %w", err)
	}
	defer f.Close()
	return people.ReadRBAC(f)
}

// rbacFile follows the file of the RBAC document. What cannot be read leaves what was read before in force.
type rbacFile struct {
	config  config.RBAC
	log     *slog.Logger
	inForce atomic.Pointer[people.RBAC] // nil until one could be read

	// of the file when it was last read without a fault; for one caller at a time
	modified time.Time
	size     int64
}

// wireRBAC reads the document for the first time. With a mistake in it the hub works on, without effective activities:
// nothing is supposed of them, and everything else is as good as before.
func (h *Hub) wireRBAC(ctx context.Context) error {
	if h.options.Config.RBAC.File == "" {
		return nil
	}
	h.rbac = &rbacFile{config: h.options.Config.RBAC, log: h.options.Log}
	if err := h.rbac.follow(ctx); err != nil {
		h.options.Log.WarnContext(ctx, "no RBAC document is in force", "error", err.Error())
	}
	return nil
}

// follow reads the file unless it is as it was when it was last read. One with a fault is read every time.
func (f *rbacFile) follow(ctx context.Context) error {
	info, err := os.Stat(f.config.File)
	if err != nil {
		return fmt.Errorf("hub: RBAC document: %w", err)
	}
	if f.modified.Equal(info.ModTime()) && f.size == info.Size() {
		return nil
	}
	f.modified, f.size = time.Time{}, 0
	read, err := ReadRBAC(f.config)
	if err != nil {
		return fmt.Errorf("%s: %w", f.config.File, err)
	}
	f.inForce.Store(read)
	f.modified, f.size = info.ModTime(), info.Size()
	activities, roles := read.Size()
	f.log.InfoContext(ctx, "RBAC document in force", "file", f.config.File, "activities", activities, "roles", roles)
	return nil
}
