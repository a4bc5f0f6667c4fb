//go:build !windows

package pinentry

import (
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
)

// New asks by a pinentry; without a path by the first that is found.
func New(path string, timeout time.Duration) card.Prompt {
	return Program{Path: path, Timeout: timeout}
}
