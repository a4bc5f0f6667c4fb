package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/lanyard-hub/lanyard/cmd/agent"
	"github.com/lanyard-hub/lanyard/cmd/agent/ticket"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	errs := errorsTo()
	err := newRoot(os.Stdin, os.Stdout, errs).ExecuteContext(ctx)
	if err == nil {
		return
	}
	fmt.Fprintln(errs, "lanyard-agent: "+sentence(err))
	os.Exit(exitCode(err))
}

// Exit codes, as docs/reference/agent.md lists them; those of the ticket command are 10, 20, 30 and 40.
const (
	exitFailure = 1
	exitUsage   = 2
	exitConfig  = 3
)

// usageError is a mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func exitCode(err error) int {
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	if e, ok := errors.AsType[ticket.Error](err); ok {
		return e.Code.Exit()
	}
	if errors.Is(err, agent.ErrConfig) {
		return exitConfig
	}
	return exitFailure
}

// sentence is what a person reads: of the field's errors code, name and sentence.
func sentence(err error) string {
	e, ok := errors.AsType[ticket.Error](err)
	if !ok {
		return err.Error()
	}
	text := fmt.Sprintf("%s %s: %s", e.Code, e.Code.Name(), e.Code.Text())
	if errors.Is(err, agent.ErrNotRunning) {
		text += " Start it with `lanyard-agent run`."
	}
	return text
}
