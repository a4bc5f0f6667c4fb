//go:build ((linux && !android) || darwin) && (amd64 || arm64)

package cryptoki

import (
	"fmt"
	"runtime"

	"github.com/ebitengine/purego"
)

func native() layout { return unix() }

// load returns the address of the library's C_GetFunctionList.
func load(path string) (uintptr, error) {
	runtime.LockOSThread() // the loader's reasons are kept for each thread
	defer runtime.UnlockOSThread()
	library, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrLoad, err)
	}
	address, err := purego.Dlsym(library, "C_GetFunctionList")
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrLoad, err)
	}
	return address, nil
}

// invoke calls a function of C. All arguments are numbers: addresses come from a loan.
func invoke(address uintptr, args ...uintptr) uintptr {
	result, _, _ := purego.SyscallN(address, args...)
	return result
}
