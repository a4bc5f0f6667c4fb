package xmlsec

import (
	"math"
	"strings"
	"unicode/utf8"
)

const byteOrderMark = "\uFEFF"

// Octets is a document as it arrived. One in a string is read without a copy.
type Octets interface{ string | []byte }

// gate checks the encoding of doc and returns it as a string without its byte order mark (XML 1.0, 2.2 and 4.3.3).
func gate[T Octets](doc T, l Limits) (string, error) {
	if len(doc) > l.MaxBytes || len(doc) > math.MaxInt32 {
		return "", fail(CodeLimits, "document too large")
	}
	s := strings.TrimPrefix(string(doc), byteOrderMark)
	if strings.HasPrefix(s, byteOrderMark) {
		return "", fail(CodeEncoding, "second byte order mark")
	}
	return s, checkCharacters(s)
}

// CheckCharacters refuses a document of ours that is not UTF-8, or has characters that XML does not have and cannot escape (XML
// 1.0, 2.2). Errors match [ErrSyntax].
func CheckCharacters(doc []byte) error { return checkCharacters(doc) }

// checkCharacters refuses what is not UTF-8 or not an XML character, eight ASCII bytes at a time where it can.
func checkCharacters[T Octets](s T) error {
	for i := 0; i < len(s); {
		if i+8 <= len(s) && plainWord(word(s[i:i+8])) {
			i += 8
			continue
		}
		c := s[i]
		if c < utf8.RuneSelf {
			if c < 0x20 && !isSpace(c) {
				return fail(CodeEncoding, "control character")
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		if r == utf8.RuneError && n == 1 || !isCharacter(r) {
			return fail(CodeEncoding, "not UTF-8 or not an XML character")
		}
		i += n
	}
	return nil
}

// plainWord reports whether eight bytes are all in 0x20..0x7F.
func plainWord(w uint64) bool {
	return (w|(w-0x20*ones))&highs == 0
}

// isCharacter is the production Char of XML 1.0.
func isCharacter(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func allSpace(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isSpace(s[i]) {
			return false
		}
	}
	return true
}

// declaration reads an XML declaration at the start of s and returns its length; 0 if there is none.
func declaration(s string) (int, error) {
	if !strings.HasPrefix(s, "<?xml") || len(s) < 6 || !isSpace(s[5]) {
		return 0, nil
	}
	end := strings.Index(s, "?>")
	if end < 0 || end > 200 {
		return 0, fail(CodeSyntax, "unfinished XML declaration")
	}
	rest := s[5:end]
	for step, name := range [...]string{"version", "encoding", "standalone"} {
		value, after, ok := pseudoAttribute(rest, name)
		if !ok {
			if step == 0 {
				return 0, fail(CodeSyntax, "XML declaration without version")
			}
			continue
		}
		rest = after
		if err := checkDeclared(name, value); err != nil {
			return 0, err
		}
	}
	if !allSpace(rest) {
		return 0, fail(CodeSyntax, "malformed XML declaration")
	}
	return end + 2, nil
}

func checkDeclared(name, value string) error {
	switch {
	case name == "version" && value != "1.0":
		return fail(CodeSyntax, "XML version is not 1.0")
	case name == "encoding" && !strings.EqualFold(value, "UTF-8"):
		return fail(CodeEncoding, "declared encoding is not UTF-8")
	case name == "standalone" && value != "yes" && value != "no":
		return fail(CodeSyntax, "malformed XML declaration")
	}
	return nil
}

// pseudoAttribute reads ` name="value"` at the start of s.
func pseudoAttribute(s, name string) (value, rest string, ok bool) {
	t := strings.TrimLeft(s, " \t\r\n")
	if len(t) == len(s) || !strings.HasPrefix(t, name) {
		return "", s, false
	}
	t = strings.TrimLeft(t[len(name):], " \t\r\n")
	if !strings.HasPrefix(t, "=") {
		return "", s, false
	}
	t = strings.TrimLeft(t[1:], " \t\r\n")
	if t == "" || t[0] != '"' && t[0] != '\'' {
		return "", s, false
	}
	end := strings.IndexByte(t[1:], t[0])
	if end < 0 {
		return "", s, false
	}
	return t[1 : 1+end], t[end+2:], true
}
