package jose

import (
	"errors"
	"fmt"
)

// What can be wrong with a token. Errors of this room wrap one of them, and their text is for the developer of the client.
var (
	ErrSize      = errors.New("token is empty or too long")
	ErrMalformed = errors.New("token is not a signed JWT")
	ErrAlgorithm = errors.New("alg is not accepted")
	ErrExtension = errors.New("token asks for an extension")
	ErrType      = errors.New("typ is not accepted")
	ErrKeyID     = errors.New("no key fits")
	ErrSignature = errors.New("signature is not valid")
	ErrKeys      = errors.New("key set cannot be used")
	ErrClaim     = errors.New("claim is not valid")
	ErrMissing   = errors.New("claim is missing") // wraps nothing; a missing claim is both this and ErrClaim
)

// fault is an error whose text says what was wrong, and which wraps the rule that was broken.
type fault struct {
	rule error
	text string
}

func (f *fault) Error() string { return f.text }
func (f *fault) Unwrap() error { return f.rule }

func broken(rule error, format string, args ...any) error {
	return &fault{rule, fmt.Sprintf(format, args...)}
}

// shown makes a value of somebody else fit for a message: printable ASCII, at most 48 bytes, in quotes that an
// error_description may have (RFC 6749, section 5.2).
func shown(s string) string {
	const most = 48
	out := make([]byte, 0, most+5)
	out = append(out, '\'')
	for i := 0; i < len(s) && len(out) <= most; i++ {
		if c := s[i]; c >= ' ' && c < 0x7f && c != '"' && c != '\\' && c != '\'' {
			out = append(out, c)
		}
	}
	if len(s) > most {
		out = append(out, "..."...)
	}
	return string(append(out, '\''))
}
