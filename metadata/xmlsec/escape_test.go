package xmlsec

import "testing"

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Dr O'Neil <A&E>": "Dr O'Neil <A&E>", "a\tb\r\nc": "a b  c", "a\x00\x1fb": "ab", "Zoë\x7f": "Zoë\x7f", "\ufffe\uffffé": "é", "a\xffb": "a\ufffdb",
	} {
		if got := OneLine(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
