//go:build (linux || darwin) && (amd64 || arm64)

package cryptoki

import "github.com/ebitengine/purego"

// callback is a function of Go that C can call.
func callback(f any) uintptr { return purego.NewCallback(f) }
