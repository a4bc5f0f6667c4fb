package ticket

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/lanyard-hub/lanyard/protocols/ticket/gpobject"
)

// maxAnswer bounds the card's answer, in bytes once decoded.
const maxAnswer = 32 << 10

var errAnswer = errors.New("ticket: not the answer of a card")

// readAnswer takes a card's answer out of its wrapping. The field's agents put CMS in DER into base64, set the header of an S/MIME
// message before it, and put all of that into base64 once more (encoding="base64"). DER straight under that encoding is taken as well.
// A header says how its body is written, and nothing else in it is read.
func readAnswer(p gpobject.Param) ([]byte, error) {
	text := p.Value
	if p.Encoding == "base64" {
		outer, err := base64.StdEncoding.DecodeString(withoutSpace(text))
		if err != nil || len(outer) > maxAnswer {
			return nil, errAnswer
		}
		if len(outer) > 0 && outer[0] == derSequence {
			return outer, nil
		}
		text = string(outer)
	}
	text, err := withoutHeader(text)
	if err != nil {
		return nil, err
	}
	der, err := base64.StdEncoding.DecodeString(withoutSpace(text))
	if err != nil || len(der) == 0 || len(der) > maxAnswer || der[0] != derSequence {
		return nil, errAnswer
	}
	return der, nil
}

const derSequence = 0x30

// withoutHeader cuts the header off up to the first line of nothing but white space, if there is one. Agents indent its lines.
func withoutHeader(text string) (string, error) {
	if !strings.Contains(text, ":") { // base64 has none
		return text, nil
	}
	for rest := text; ; {
		line, after, more := strings.Cut(rest, "\n")
		line = strings.TrimSpace(line)
		if line == "" {
			return after, nil
		}
		name, value, field := strings.Cut(line, ":")
		encoded := strings.EqualFold(strings.TrimSpace(name), "Content-Transfer-Encoding")
		if !more || !field || encoded && !strings.EqualFold(strings.TrimSpace(value), "base64") {
			return "", errAnswer
		}
		rest = after
	}
}

func withoutSpace(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n':
			return -1
		}
		return r
	}, s)
}
