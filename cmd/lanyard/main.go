package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	errs := onScreen(os.Stderr)
	err := newRoot(onScreen(os.Stdout), errs, os.Environ()).ExecuteContext(ctx)
	if err == nil {
		return
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(errs, "lanyard: "+text)
	}
	os.Exit(exitCode(err))
}

// Exit codes, as docs/reference/commands.md lists them.
const (
	exitFailure = 1
	exitUsage   = 2
	exitConfig  = 3
	exitMissing = 4
	exitRefused = 5
	exitVerify  = 6
	exitStore   = 8
)

// exitError carries the exit code of a failure whose text was printed, or is to be.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

func exitCode(err error) int {
	if e, ok := errors.AsType[exitError](err); ok {
		return e.code
	}
	return exitFailure
}
