package pinentry

import (
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
)

// New asks by a pinentry; without a path by a window of our own.
func New(path string, timeout time.Duration) card.Prompt {
	if path != "" {
		return Program{Path: path, Timeout: timeout}
	}
	return &Window{Timeout: timeout}
}
