//go:build !windows

package main

// ending is for Windows: elsewhere signals tell that the session ends.
func ending(func()) (ended func()) { return func() {} }
