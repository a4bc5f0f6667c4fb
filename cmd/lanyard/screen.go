package main

import (
	"io"
	"os"
	"strings"
	"unicode"
)

// screen is a terminal. What partners, directories and strangers wrote, and commands repeat, moves no cursor there and turns no text. Files
// and pipes get everything as it is.
type screen struct{ io.Writer }

// onScreen is where a command prints.
func onScreen(f *os.File) io.Writer {
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return screen{f}
	}
	return f
}

// Write replaces control characters other than line ends and tabs, and the format characters that turn or hide text.
func (s screen) Write(b []byte) (int, error) {
	_, err := io.WriteString(s.Writer, strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r)) {
			return unicode.ReplacementChar
		}
		return r
	}, string(b)))
	return len(b), err
}
