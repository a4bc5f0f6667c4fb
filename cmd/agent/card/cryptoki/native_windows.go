//go:build amd64 || arm64

package cryptoki

import (
	"fmt"
	"syscall"

	win "golang.org/x/sys/windows"
)

func native() layout { return windows() }

// load returns the address of the library's C_GetFunctionList. What the library needs itself is looked for beside it and in the
// system's folder: never in the working folder, in PATH, or beside the agent, where others might have put something by that name.
func load(path string) (uintptr, error) {
	library, err := win.LoadLibraryEx(path, 0, win.LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR|win.LOAD_LIBRARY_SEARCH_SYSTEM32)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrLoad, err)
	}
	address, err := win.GetProcAddress(library, "C_GetFunctionList")
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrLoad, err)
	}
	return address, nil
}

// invoke calls a function of C. All arguments are numbers: addresses come from a loan.
func invoke(address uintptr, args ...uintptr) uintptr {
	result, _, _ := syscall.SyscallN(address, args...)
	return result
}
