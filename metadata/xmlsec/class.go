package xmlsec

import "math/bits"

// Classes of bytes, for the loops that look at every one.
const (
	className  = 1 << iota // may stand in an NCName
	classStart             // may start one
	classAttr              // is escaped in an attribute value, or needs normalising there
	classText              // is escaped in text, or needs decoding there
)

// classes has the classes of each byte, sixteen in a row; a constant, since Go has no constant arrays. Bytes beyond ASCII have none.
const classes = "" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x04\x00\x00\x0c\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x04\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x01\x01\x00" +
	"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x0c\x00\x08\x00" +
	"\x00\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03" +
	"\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x00\x00\x00\x00\x03" +
	"\x00\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03" +
	"\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x00\x00\x00\x00\x00" +
	none64 + none64

const none64 = "" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// is reports whether c is in one of the classes.
func is(c byte, class byte) bool { return classes[c]&class != 0 }

// firstOf returns the place of the first byte of s from i on that is of classAttr or classText, as asked; len(s) if there is none. It
// looks at eight bytes at a time.
func firstOf(s string, i int, class byte) int {
	for i+8 <= len(s) {
		m := remarkable(word(s[i : i+8]))
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) / 8
		if is(s[i], class) {
			return i
		}
		i++
	}
	for ; i < len(s); i++ {
		if is(s[i], class) {
			return i
		}
	}
	return i
}

// word is eight bytes in one number.
func word[T Octets](s T) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// remarkable has the high bit of the first byte that is below 0x20, or one of " # & ' < >, and no bit below it. Bits above it mean
// nothing: subtracting borrows from what follows. It is zero if there is no such byte.
func remarkable(w uint64) uint64 {
	angle := (w | 2*ones) ^ 0x3E*ones // zero where < or > is
	quote := (w | 5*ones) ^ 0x27*ones // zero where " # & or ' is
	return ((w-0x20*ones)&^w | (angle-ones)&^angle | (quote-ones)&^quote) & highs
}
