package xmlsec

// EscapeText appends s to w as character data in canonical form (Canonical XML 1.0, 2.3).
func EscapeText(w []byte, s string) []byte {
	last := 0
	for i := firstOf(s, 0, classText); i < len(s); i = firstOf(s, last, classText) {
		var esc string
		switch s[i] {
		case '&':
			esc = "&amp;"
		case '<':
			esc = "&lt;"
		case '>':
			esc = "&gt;"
		case '\r':
			esc = "&#xD;"
		}
		w = append(append(w, s[last:i]...), esc...)
		last = i + 1
	}
	return append(w, s[last:]...)
}

// EscapeAttr appends s to w as the inside of a double-quoted attribute value in canonical form.
func EscapeAttr(w []byte, s string) []byte {
	last := 0
	for i := firstOf(s, 0, classAttr); i < len(s); i = firstOf(s, last, classAttr) {
		var esc string
		switch s[i] {
		case '&':
			esc = "&amp;"
		case '<':
			esc = "&lt;"
		case '"':
			esc = "&quot;"
		case '\t':
			esc = "&#x9;"
		case '\n':
			esc = "&#xA;"
		case '\r':
			esc = "&#xD;"
		}
		w = append(append(w, s[last:i]...), esc...)
		last = i + 1
	}
	return append(w, s[last:]...)
}
