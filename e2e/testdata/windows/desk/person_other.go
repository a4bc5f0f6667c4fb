//go:build !windows

package main

import "errors"

// person needs windows to type into.
func person(_, _ string) error { return errors.ErrUnsupported }
