//go:build !unix

package sqlstore

// walIndex cannot be read here: nothing is cached.
type walIndex struct{}

func openWALIndex(string) (walIndex, bool) { return walIndex{}, false }

func (walIndex) state() walState { return walState{} }
