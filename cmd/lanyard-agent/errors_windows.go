package main

import (
	"io"
	"os"

	"golang.org/x/sys/windows"

	"github.com/lanyard-hub/lanyard/cmd/agent"
)

// errorsTo is where the log and the last sentence of a failure go: a program that was started without a console has a file for it.
func errorsTo() io.Writer {
	if h, err := windows.GetStdHandle(windows.STD_ERROR_HANDLE); err == nil && h != 0 && h != windows.InvalidHandle {
		return os.Stderr
	}
	book, err := agent.OpenLogbook()
	if err != nil {
		return io.Discard // there is nobody to tell
	}
	return book
}
