package cryptoki

import (
	"runtime"
	"unsafe"
)

// loan is what C may read and write during one call. Every address that a call is given comes from a loan that is returned after it:
// what it points to then stays where it is, and is not taken for garbage although C alone knows of it.
type loan struct{ pinner runtime.Pinner }

// of lends b; 0, which is C's NULL, if it is empty.
func (l *loan) of(b []byte) uintptr {
	if len(b) == 0 {
		return 0
	}
	first := unsafe.SliceData(b)
	l.pinner.Pin(first)
	return uintptr(unsafe.Pointer(first))
}

func (l *loan) end() { l.pinner.Unpin() }

// foreign is memory of C. The detour keeps the address from looking like arithmetic on one of Go's pointers.
func foreign(address uintptr, length int) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), length)
}
