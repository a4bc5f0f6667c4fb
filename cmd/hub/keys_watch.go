package hub

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// watchKeys takes the key files when they have changed, so that a new key is published, and signs, within seconds and without a
// restart. Files that cannot be used change nothing: the keys of now go on.
func (h *Hub) watchKeys(ctx context.Context) error {
	now := h.lookAtKeys()
	if now == h.keyFiles {
		return nil
	}
	h.keyFiles = now
	if err := h.takeKeys(); err != nil {
		return fmt.Errorf("the keys of before stay: %w", err)
	}
	var ids []string
	for _, k := range h.keys().Published() {
		ids = append(ids, string(k.State)+" "+k.ID)
	}
	h.options.Log.InfoContext(ctx, "keys were changed", "signing", strings.Join(ids, ", "))
	h.warnUnsigned(ctx)
	return nil
}

// lookAtKeys describes the key files by what changes when they do. `lanyard keys` puts a new file in the place of the old one.
func (h *Hub) lookAtKeys() string {
	var b strings.Builder
	for _, path := range []string{h.options.Config.Keys.Signing, h.options.Config.Keys.Encryption} {
		info, err := os.Stat(path)
		if err != nil {
			b.WriteString("- ")
			continue
		}
		fmt.Fprintf(&b, "%d %d ", info.Size(), info.ModTime().UnixNano())
	}
	return b.String()
}
