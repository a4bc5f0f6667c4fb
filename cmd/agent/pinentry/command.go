package pinentry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
)

// Command asks by a program that prints the PIN and a line end, and exits with 0; anything else means that there is none. The
// question is in its environment: LANYARD_PIN_TEXT, LANYARD_PIN_WRONG (1 after a wrong one), LANYARD_PIN_LAST (1 for the last try:
// the program must say so and let the person stop).
type Command struct {
	Args    []string
	Timeout time.Duration
}

// maxPIN is the longest PIN, in bytes.
const maxPIN = 64

// AskPIN implements card.Prompt.
func (c Command) AskPIN(ctx context.Context, q card.Question) ([]byte, error) {
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Env = append(os.Environ(), "LANYARD_PIN_TEXT="+Text(q), "LANYARD_PIN_WRONG="+flag(q.Wrong), "LANYARD_PIN_LAST="+flag(q.Tries == card.TriesLast))
	cmd.Stderr, cmd.WaitDelay = io.Discard, time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoProgram, err)
	}
	var read [maxPIN + 3]byte
	defer clear(read[:])
	n, short := io.ReadFull(out, read[:])
	ended := cmd.Wait()
	pin := bytes.TrimSuffix(bytes.TrimSuffix(read[:n], []byte{'\n'}), []byte{'\r'})
	if short == nil || ended != nil || len(pin) == 0 || len(pin) > maxPIN || bytes.ContainsAny(pin, "\n\x00") {
		return nil, card.ErrCancelled
	}
	return bytes.Clone(pin), nil
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
