//go:build !((linux && !android) || darwin || windows) || !(amd64 || arm64)

package cryptoki

func native() layout { return unix() }

func load(string) (uintptr, error) { return 0, ErrSystem }

func invoke(uintptr, ...uintptr) uintptr { return uintptr(FunctionNotSupported) }
