package pinentry

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// maxLine is the longest line of the Assuan protocol, in bytes without its end.
const maxLine = 1000

// maxLines bounds what a program may say before it answers.
const maxLines = 100

var errLine = errors.New("pinentry: not a line of the protocol")

// lines reads lines into one array, without a buffer elsewhere that would keep a PIN.
type lines struct {
	from io.Reader
	line [maxLine + 2]byte
	one  [1]byte
}

// next returns the next line without its end. It is overwritten by the one after it.
func (l *lines) next() ([]byte, error) {
	for n := 0; n <= maxLine; {
		if _, err := io.ReadFull(l.from, l.one[:]); err != nil {
			return nil, err
		}
		if l.one[0] == '\n' {
			return bytes.TrimSuffix(l.line[:n], []byte{'\r'}), nil
		}
		l.line[n] = l.one[0]
		n++
	}
	return nil, errLine
}

// wipe forgets the lines that were read.
func (l *lines) wipe() {
	clear(l.line[:])
	clear(l.one[:])
}

// unescape decodes percent signs in place and returns what is left of the slice.
func unescape(b []byte) ([]byte, error) {
	out := b[:0]
	for i := 0; i < len(b); i++ {
		if b[i] != '%' {
			out = append(out, b[i])
			continue
		}
		if i+2 >= len(b) {
			return nil, errLine
		}
		high, low := nibble(b[i+1]), nibble(b[i+2])
		if high < 0 || low < 0 {
			return nil, errLine
		}
		out = append(out, byte(high<<4|low))
		i += 2
	}
	return out, nil
}

func nibble(c byte) int { return strings.IndexByte("0123456789abcdef", c|0x20) }

// escape makes a text one that a line can carry.
func escape(s string) string {
	return strings.NewReplacer("%", "%25", "\n", "%0A", "\r", "%0D", "\x00", "").Replace(s)
}
