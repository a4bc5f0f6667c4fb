//go:build !windows

package main

import (
	"io"
	"os"
)

// errorsTo is where the log and the last sentence of a failure go.
func errorsTo() io.Writer { return os.Stderr }
