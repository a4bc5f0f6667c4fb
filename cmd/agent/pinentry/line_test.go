package pinentry

import (
	"bytes"
	"strings"
	"testing"
)

func TestEscape(t *testing.T) {
	for _, s := range []string{"", "plain", "100%", "a\nb\r", "%25"} {
		if line := escape(s); strings.ContainsAny(line, "\n\r") {
			t.Errorf("%q has a line end", line)
		} else if back, err := unescape([]byte(line)); err != nil || string(back) != s {
			t.Errorf("%q came back as %q, %v", s, back, err)
		}
	}
}

func TestWipe(t *testing.T) {
	l := lines{from: strings.NewReader("D 2468\n")}
	if _, err := l.next(); err != nil {
		t.Fatal(err)
	}
	l.wipe()
	if bytes.Contains(l.line[:], []byte("2468")) {
		t.Error("the PIN is still there")
	}
}

// FuzzAnswer: whatever a program writes, an answer ends, is at most one line long and never both data and an error.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("OK Pleased to meet you\n"))
	f.Add([]byte("D 24%2568\nOK\n"))
	f.Add([]byte("ERR 83886179 Operation cancelled <Pinentry>\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := dialogue{lines: lines{from: bytes.NewReader(b)}}
		data, err := d.answer()
		if err != nil && data != nil {
			t.Error("data and an error")
		}
		if len(data) > maxLine {
			t.Errorf("%d bytes", len(data))
		}
	})
}
