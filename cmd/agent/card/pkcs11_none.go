//go:build !cgo

package card

// Load needs a C compiler when the program is built.
func Load(string) (Module, error) { return nil, ErrUnsupported }
