//go:build (linux || darwin || windows) && (amd64 || arm64)

package cryptoki

import (
	"encoding/binary"
	"errors"
	"os"
	"testing"
)

// TestOpen reads lists of functions as C hands them out, and calls through one.
func TestOpen(t *testing.T) {
	var l loan
	defer l.end()
	at := native()
	answers := uintptr(0x32) // of every function: the card was removed
	every := callback(func() uintptr { return answers })
	list := func(major, minor byte, without ...function) []byte {
		out := make([]byte, at.functions+listed*8)
		out[0], out[1] = major, minor
		for f := range function(listed) {
			binary.NativeEndian.PutUint64(out[at.functions+int(f)*8:], uint64(every))
		}
		for _, f := range without {
			binary.NativeEndian.PutUint64(out[at.functions+int(f)*8:], 0)
		}
		return out
	}
	var given uintptr
	code := uintptr(0)
	ask := callback(func(into uintptr) uintptr {
		putPointer(foreign(into, 8), given)
		return code
	})
	old := list(2, 0)[:at.functions+67*8] // ends before C_WaitForSlotEvent
	cases := []struct {
		name  string
		list  []byte
		code  uintptr
		want  error
		waits bool
	}{
		{"2.40", list(2, 40), 0, nil, true},
		{"3.1", list(3, 1), 0, nil, true},
		{"2.00, without the wait", append(old, 1, 1, 1, 1, 1, 1, 1, 1), 0, nil, false},
		{"no wait", list(2, 20, waitForSlotEvent), 0, nil, false},
		{"1.0", list(1, 0), 0, ErrList, false},
		{"not a list", []byte("\x7fELF"), 0, ErrList, false},
		{"none", nil, 0, ErrList, false},
		{"refused", list(2, 40), 5, ErrList, false},
	}
	for _, n := range needed {
		if n.function != waitForSlotEvent {
			cases = append(cases, struct {
				name  string
				list  []byte
				code  uintptr
				want  error
				waits bool
			}{"without " + n.name, list(2, 40, n.function), 0, ErrList, false})
		}
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			given, code = l.of(c.list), c.code
			m, err := open(at, ask)
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err == nil && (!errors.Is(m.Initialize(), DeviceRemoved) || m.waits != c.waits) {
				t.Errorf("waits: %t", m.waits)
			}
		})
	}
}

func TestLoadFails(t *testing.T) {
	self, err := os.Executable() // no library
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{self + ".none", self, "libc.so.6", "kernel32.dll", "./module.so", ""} {
		if _, err := Open(path); !errors.Is(err, ErrLoad) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
