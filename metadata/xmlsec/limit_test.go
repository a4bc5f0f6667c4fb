package xmlsec

import (
	"strings"
	"testing"
)

// TestCharactersAtTheirLimits walks the edges of the production Char (XML 1.0, 2.2), alone and inside a run of eight.
func TestCharactersAtTheirLimits(t *testing.T) {
	for s, want := range map[string]bool{
		"\t": true, "\n": true, "\r": true, " ": true, "\x7f": true, "\x00": false, "\x08": false, "\x0b": false, "\x0c": false, "\x0e": false, "\x1f": false,
		"\u0080": true, "\ud7ff": true, "\ue000": true, "\ufffd": true, "\ufffe": false, "\uffff": false, "\U00010000": true, "\U0010ffff": true,
		"\xed\xa0\x80": false, "\xf4\x90\x80\x80": false, "\x80": false, "\xc0\xaf": false, "\xe0\x80\xaf": false, "\xff": false, "\xc3": false,
	} {
		for _, around := range []string{"", "a", "1234567", "12345678", "123456789"} {
			for _, doc := range []string{s + around, around + s, around + s + around} {
				if got := CheckCharacters([]byte(doc)) == nil; got != want {
					t.Errorf("%q: accepted %v, want %v", doc, got, want)
				}
			}
		}
	}
}

func TestGateAtItsLimits(t *testing.T) {
	l := Limits{MaxBytes: 8}
	for doc, want := range map[string]string{
		"12345678": "<nil>", "123456789": CodeLimits, byteOrderMark + "12345": "<nil>", byteOrderMark + "123456": CodeLimits, byteOrderMark + byteOrderMark: CodeEncoding,
	} {
		s, err := gate([]byte(doc), l)
		if codeOf(err) != want || err == nil && s != strings.TrimPrefix(doc, byteOrderMark) {
			t.Errorf("%q: %q, %v, want code %q", doc, s, err, want)
		}
	}
}

// TestDeclarations lists what an XML declaration may say (XML 1.0, 2.8), and how.
func TestDeclarations(t *testing.T) {
	for s, want := range map[string]string{
		`<?xml version="1.0"?>`: "<nil>", `<?xml version='1.0'?>`: "<nil>", `<?xml version = "1.0" ?>`: "<nil>", "<?xml\tversion\r=\n\"1.0\"?>": "<nil>",
		`<?xml version="1.0" encoding="utf-8"?>`: "<nil>", `<?xml version="1.0" standalone="yes"?>`: "<nil>", `<?xml version="1.0" encoding="UTF-8" standalone="no"?>`: "<nil>",
		`<?xml encoding="UTF-8"?>`: CodeSyntax, `<?xml ?>`: CodeSyntax, `<?xml version="1.0"`: CodeSyntax, `<?xml version="1.0?>`: CodeSyntax,
		`<?xml version"1.0"?>`: CodeSyntax, `<?xml version=1.0?>`: CodeSyntax, `<?xml version=?>`: CodeSyntax, `<?xml version="1.0" standalone="maybe"?>`: CodeSyntax,
		`<?xml version="1.0" x="y"?>`: CodeSyntax, `<?xml version="1.0"encoding="UTF-8"?>`: CodeSyntax, `<?xml version="1.0" standalone="yes" encoding="UTF-8"?>`: CodeSyntax,
		`<?xml version="1.0" version="1.0"?>`: CodeSyntax, `<?xml version="1.1"?>`: CodeSyntax, `<?xml version="1.0" encoding="UTF-16"?>`: CodeEncoding,
		`<?xml version="1.0"` + strings.Repeat(" ", 200-len(`<?xml version="1.0"`)) + `?>`: "<nil>",
		`<?xml version="1.0"` + strings.Repeat(" ", 201-len(`<?xml version="1.0"`)) + `?>`: CodeSyntax,
	} {
		n, err := declaration(s + "<x/>")
		if codeOf(err) != want || err == nil && n != len(s) {
			t.Errorf("%s: %d, %v, want code %q", s, n, err, want)
		}
	}
	for _, s := range []string{"", "<x/>", "<?xml", "<?xml-model?>", "<?xmlversion='1.0'?>"} {
		if n, err := declaration(s); n != 0 || err != nil {
			t.Errorf("%q: %d, %v", s, n, err)
		}
	}
}
