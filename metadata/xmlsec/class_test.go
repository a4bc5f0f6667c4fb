package xmlsec

import (
	"strings"
	"testing"
)

// TestFirstOf: every byte at every place, between bytes that look alike, is found as one look at each byte finds it.
func TestFirstOf(t *testing.T) {
	slow := func(s string, i int, class byte) int {
		for i < len(s) && !is(s[i], class) {
			i++
		}
		return i
	}
	for _, filler := range []string{"a", "#", "'", "\x20", "\x7f", "\x80", "\xa6", "\xbc", "\xff", "\x00", "%", "="} {
		for c := range 256 {
			for n := range 26 {
				for at := range n {
					s := strings.Repeat(filler, at) + string([]byte{byte(c)}) + strings.Repeat(filler, n-at-1)
					for _, class := range []byte{classAttr, classText} {
						if got, want := firstOf(s, at/3, class), slow(s, at/3, class); got != want {
							t.Fatalf("%q from %d: %d, want %d", s, at/3, got, want)
						}
					}
				}
			}
		}
	}
}
