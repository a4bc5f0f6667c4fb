package jose

import (
	"encoding/json"
	"iter"
	"math"
	"strconv"
	"strings"
)

// Claims is a JSON object as it came, read strictly: no name twice at any depth, bounded in members and nesting.
type Claims struct{ members []member }

// ReadClaims reads the claims of a JWT, or any other object that somebody else wrote. It keeps data.
func ReadClaims(data []byte) (Claims, error) {
	members, err := readObject(data)
	if err != nil {
		return Claims{}, broken(ErrClaim, "%s", err)
	}
	return Claims{members}, nil
}

// All are the members as they came: name and the JSON of the value.
func (c Claims) All() iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for _, m := range c.members {
			if !yield(m.name, m.raw) {
				return
			}
		}
	}
}

// Raw is the JSON of a claim; nil if there is none.
func (c Claims) Raw(name string) json.RawMessage {
	for _, m := range c.members {
		if m.name == name {
			return m.raw
		}
	}
	return nil
}

// Has reports whether a claim is there, null included.
func (c Claims) Has(name string) bool { return c.Raw(name) != nil }

// missing is an error of a claim that is not there.
type missing struct{ name string }

func (m missing) Error() string   { return m.name + " is missing" }
func (m missing) Unwrap() []error { return []error{ErrClaim, ErrMissing} }

// need finds a claim, or says that it is missing.
func (c Claims) need(name string) (json.RawMessage, error) {
	if raw := c.Raw(name); raw != nil {
		return raw, nil
	}
	return nil, missing{name}
}

// Text reads a claim that is a string. Without it the error is ErrMissing.
func (c Claims) Text(name string) (string, error) {
	raw, err := c.need(name)
	if err != nil {
		return "", err
	}
	text, ok := readText(raw)
	if !ok {
		return "", broken(ErrClaim, "%s is not a string", name)
	}
	return text, nil
}

// Texts reads a claim that is a string or an array of strings, as aud is (RFC 7519, section 4.1.3).
func (c Claims) Texts(name string) ([]string, error) {
	raw, err := c.need(name)
	if err != nil {
		return nil, err
	}
	if one, ok := readText(raw); ok {
		return []string{one}, nil
	}
	many, ok := readTexts(raw)
	if !ok {
		return nil, broken(ErrClaim, "%s is not a string or an array of strings", name)
	}
	return many, nil
}

// Seconds reads a NumericDate (RFC 7519, section 2): seconds since 1970, with a fraction or without, 3,000 years either way.
func (c Claims) Seconds(name string) (float64, error) {
	raw, err := c.need(name)
	if err != nil {
		return 0, err
	}
	const most = 1e11
	n, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.Abs(n) > most {
		return 0, broken(ErrClaim, "%s is not a time in seconds", name)
	}
	return n, nil
}

// Whole reads a number without a fraction, of 53 bits at most.
func (c Claims) Whole(name string) (int64, error) {
	raw, err := c.need(name)
	if err != nil {
		return 0, err
	}
	const most = 1 << 53
	n, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || n != math.Trunc(n) || math.Abs(n) > most {
		return 0, broken(ErrClaim, "%s is not a whole number", name)
	}
	return int64(n), nil
}

// Bool reads a claim that is true or false.
func (c Claims) Bool(name string) (bool, error) {
	raw, err := c.need(name)
	if err != nil {
		return false, err
	}
	switch string(raw) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, broken(ErrClaim, "%s is not true or false", name)
}

// Object reads a claim that is an object.
func (c Claims) Object(name string) (Claims, error) {
	raw, err := c.need(name)
	if err != nil {
		return Claims{}, err
	}
	members, err := readObject(raw)
	if err != nil {
		return Claims{}, broken(ErrClaim, "%s is %s", name, err)
	}
	return Claims{members}, nil
}

func readText(raw []byte) (string, bool) {
	if raw[0] != '"' {
		return "", false
	}
	if inner := string(raw[1 : len(raw)-1]); !strings.Contains(inner, `\`) {
		return inner, true
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return text, err == nil
}

func readTexts(raw []byte) ([]string, bool) {
	if raw[0] != '[' {
		return nil, false
	}
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil {
		return nil, false
	}
	out := make([]string, len(parts))
	for i, part := range parts {
		text, ok := readText(part)
		if !ok {
			return nil, false
		}
		out[i] = text
	}
	return out, true
}
