package cryptoki

import "syscall"

// callback is a function of Go that C can call.
func callback(f any) uintptr { return syscall.NewCallback(f) }
