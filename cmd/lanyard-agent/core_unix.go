//go:build !windows

package main

import "syscall"

// noCore keeps a crash from writing memory, which may hold a PIN, to a file.
func noCore() error { return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
