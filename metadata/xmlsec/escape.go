package xmlsec

import (
	"strings"
	"unicode/utf8"
)

// EscapeText appends s to w as character data in canonical form (Canonical XML 1.0, 2.3).
func EscapeText(w []byte, s string) []byte { return escape(w, s, classText) }

// EscapeAttr appends s to w as the inside of a double-quoted attribute value in canonical form.
func EscapeAttr(w []byte, s string) []byte { return escape(w, s, classAttr) }

// escape writes the bytes of a class as references.
func escape(w []byte, s string, class byte) []byte {
	last := 0
	for i := firstOf(s, 0, class); i < len(s); i = firstOf(s, last, class) {
		w = append(append(w, s[last:i]...), escaped(s[i])...)
		last = i + 1
	}
	return append(w, s[last:]...)
}

// escaped is how canonical form writes a byte of classText or classAttr.
func escaped(c byte) string {
	switch c {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '"':
		return "&quot;"
	case '\t':
		return "&#x9;"
	case '\n':
		return "&#xA;"
	case '\r':
		return "&#xD;"
	}
	return ""
}

// OneLine leaves out what XML does not have, and makes tabs and line breaks spaces; almost every text stays what it is.
func OneLine(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= utf8.RuneSelf {
			return strings.Map(lineRune, s)
		}
	}
	return s
}

func lineRune(r rune) rune {
	switch {
	case r == '\n' || r == '\r' || r == '\t':
		return ' '
	case r < ' ' || r == 0xFFFE || r == 0xFFFF:
		return -1
	}
	return r
}
