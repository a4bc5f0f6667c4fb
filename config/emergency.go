package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

var acrWord = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{1,64}$`)

// checkReason wants CODE=TEXT.
func checkReason(text string) error {
	// A count after a class of Unicode would repeat it: a hundred times that is megabytes. It is compiled here because few files give reasons.
	m := regexp.MustCompile(`^[a-z0-9_]{1,32}=([^=\pC]+)$`).FindStringSubmatch(text)
	if m == nil || utf8.RuneCountInString(m[1]) > 120 {
		return fmt.Errorf("%q is not CODE=TEXT: a code of small letters, digits and _, and at most 120 characters of text", text)
	}
	return nil
}

// checkWord wants one word, as in a list that is parted by spaces.
func checkWord(text string) error {
	if !acrWord.MatchString(text) {
		return fmt.Errorf("%q is not one word of letters, digits and _ . : / -", text)
	}
	return nil
}

// checkEmergency refuses two reasons of one code: the record could not tell them apart.
func (l *loader) checkEmergency() {
	const path = "emergency.reasons"
	if !l.good(path) {
		return
	}
	seen := map[string]bool{}
	for _, line := range l.cfg.Emergency.Reasons {
		code, _, _ := strings.Cut(line, "=")
		if seen[code] {
			l.fail(l.where(path), "%s: the code %q is given twice", path, code)
		}
		seen[code] = true
	}
}
