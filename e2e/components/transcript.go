package components

import (
	"bytes"
	"strings"
	"sync"
)

// transcript collects output from several writers.
type transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.Write(b)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

// without drops the lines that contain the text.
func without(output, text string) string {
	if text == "" {
		return output
	}
	var kept strings.Builder
	for line := range strings.Lines(output) {
		if !strings.Contains(line, text) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// tail keeps the last 8 KiB of a log.
func tail(s string) string {
	if limit := 8 << 10; len(s) > limit {
		return "[...]" + s[len(s)-limit:]
	}
	return s
}
