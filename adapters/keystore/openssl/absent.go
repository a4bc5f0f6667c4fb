//go:build !openssl || !linux || (!amd64 && !arm64)

package openssl

func load() (engine, error) { return nil, ErrNotBuilt }
