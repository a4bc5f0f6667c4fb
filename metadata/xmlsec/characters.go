package xmlsec

import (
	"strings"
	"unicode/utf8"
)

// Names are ASCII NCNames: no SAML, XML Signature or XML Encryption name needs more, and the tables of XML 1.0's fourth and
// fifth editions, where parsers differ, stay out of play.

// ncName returns the end of the NCName that starts at i, or i if none does.
func ncName(s string, i int) int {
	if i >= len(s) || !is(s[i], classStart) {
		return i
	}
	for i++; i < len(s) && is(s[i], className); i++ {
	}
	return i
}

func isNCName(s string) bool { return s != "" && ncName(s, 0) == len(s) }

// reference decodes the entity or character reference at s[i] == '&' and returns the index after it.
// Only the five predefined entities exist (XML 1.0, 4.1 and 4.6).
func reference(s string, i int) (rune, int, error) {
	end := strings.IndexByte(s[i:min(len(s), i+12)], ';')
	if end < 2 {
		return 0, 0, fail(CodeSyntax, "unfinished reference")
	}
	name, next := s[i+1:i+end], i+end+1
	switch name {
	case "amp":
		return '&', next, nil
	case "lt":
		return '<', next, nil
	case "gt":
		return '>', next, nil
	case "quot":
		return '"', next, nil
	case "apos":
		return '\'', next, nil
	}
	if name[0] != '#' {
		return 0, 0, fail(CodeSyntax, "unknown entity")
	}
	r, ok := characterNumber(name[1:])
	if !ok || !isCharacter(r) {
		return 0, 0, fail(CodeSyntax, "reference to a character that XML does not have")
	}
	return r, next, nil
}

func characterNumber(digits string) (rune, bool) {
	base := rune(10)
	if strings.HasPrefix(digits, "x") {
		base, digits = 16, digits[1:]
	}
	if digits == "" {
		return 0, false
	}
	var r rune
	for i := 0; i < len(digits); i++ {
		d := digitOf(digits[i])
		if d >= base {
			return 0, false
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, false
		}
	}
	return r, true
}

func digitOf(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return 99
}

// attributeValue decodes and normalises a raw attribute value (XML 1.0, 3.3.3 for CDATA attributes). One without characters of
// classAttr is what it is.
func attributeValue(raw string) (string, error) {
	if strings.IndexByte(raw, '<') >= 0 {
		return "", fail(CodeSyntax, "'<' in an attribute value")
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; c {
		case '&':
			r, next, err := reference(raw, i)
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
			i = next - 1
		case '\r':
			if i+1 < len(raw) && raw[i+1] == '\n' {
				i++
			}
			out = append(out, ' ')
		case '\t', '\n':
			out = append(out, ' ')
		default:
			out = append(out, c)
		}
	}
	return string(out), nil
}

// writeContent writes the character data of s, a stretch of content without elements that the gate has passed: decoded, or
// in canonical form. Line ends are normalised (XML 1.0, 2.11), comments contribute nothing.
func writeContent(w *strings.Builder, s string, canonical bool) {
	for {
		j := strings.IndexByte(s, '<')
		if j < 0 {
			writeCharacters(w, s, true, canonical)
			return
		}
		writeCharacters(w, s[:j], true, canonical)
		s = s[j:]
		if strings.HasPrefix(s, cdataOpen) {
			end := strings.Index(s, cdataClose)
			writeCharacters(w, s[len(cdataOpen):end], false, canonical)
			s = s[end+len(cdataClose):]
			continue
		}
		end := strings.Index(s[len(commentOpen):], commentClose) // the gate lets nothing else through
		s = s[len(commentOpen)+end+len(commentClose):]
	}
}

func writeCharacters(w *strings.Builder, s string, references, canonical bool) {
	last := 0
	for i := firstOf(s, 0, classText); i < len(s); i = firstOf(s, last, classText) {
		c := s[i] // '<' stands in CDATA only
		w.WriteString(s[last:i])
		r, next := rune(c), i+1
		switch {
		case c == '&' && references:
			var err error
			if r, next, err = reference(s, i); err != nil { // checked by the gate
				return
			}
		case c == '\r':
			r = '\n'
			if next < len(s) && s[next] == '\n' {
				next++
			}
		}
		writeCharacter(w, r, canonical)
		last = next
	}
	w.WriteString(s[last:])
}

func writeCharacter(w *strings.Builder, r rune, canonical bool) {
	if canonical {
		escaped := ""
		switch r {
		case '&':
			escaped = "&amp;"
		case '<':
			escaped = "&lt;"
		case '>':
			escaped = "&gt;"
		case '\r':
			escaped = "&#xD;"
		}
		if escaped != "" {
			w.WriteString(escaped)
			return
		}
	}
	w.WriteRune(r)
}
