package web

import (
	"strings"
	"unicode"
)

// longest is how much of a foreign text is printed, in characters.
const longest = 200

// Plain makes a text that came from metadata, a directory or a query fit to be printed: control
// characters and the format characters that turn or hide text (Unicode categories Cc and Cf: bidi
// overrides and isolates, zero-width marks) are left out, space is folded, and what is very long is cut.
func Plain(s string) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			continue
		}
		if n++; n > longest {
			return b.String() + "…"
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}
