package fido

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Limits of what a browser may send.
const (
	maxResponse = 64 << 10 // bytes
	maxDepth    = 8        // nested objects and arrays
)

var errJSON = errors.New("fido: JSON is not acceptable")

// checkJSON accepts exactly one JSON value in valid UTF-8 without duplicate member names. Names that differ in
// case only count as duplicates, because the decoder that follows does not tell them apart.
func checkJSON(data []byte) error {
	switch {
	case len(data) > maxResponse:
		return fmt.Errorf("%w: larger than %d bytes", errJSON, maxResponse)
	case !utf8.Valid(data):
		return fmt.Errorf("%w: not UTF-8", errJSON)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := checkValue(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more than one value", errJSON)
	}
	return nil
}

func checkValue(d *json.Decoder, depth int) error {
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("%w: %w", errJSON, err)
	}
	open, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return fmt.Errorf("%w: too deep", errJSON)
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			if err := checkName(d, seen); err != nil {
				return err
			}
		}
		if err := checkValue(d, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("%w: %w", errJSON, err)
	}
	return nil
}

func checkName(d *json.Decoder, seen map[string]bool) error {
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("%w: %w", errJSON, err)
	}
	name, _ := token.(string)
	folded := strings.ToLower(strings.ToUpper(name)) // both, as some letters fold in one direction only
	if seen[folded] {
		return fmt.Errorf("%w: member %q is there twice", errJSON, name)
	}
	seen[folded] = true
	return nil
}

// clientData is what the browser says it did, by the exact names of the specification (WebAuthn Level 3,
// section 5.8.1). Unknown members are ignored.
type clientData struct {
	kind        string
	challenge   string
	origin      string
	crossOrigin bool
	embedded    bool // topOrigin is there
}

// parseClientData reads the bytes that were hashed. A byte order mark is skipped, as UTF-8 decoding does
// (sections 7.1, step 5, and 7.2, step 9); plain returns what is left.
func parseClientData(raw []byte) (c clientData, plain []byte, err error) {
	plain = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if err := checkJSON(plain); err != nil {
		return c, nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(plain, &members); err != nil {
		return c, nil, fmt.Errorf("%w: %w", errJSON, err)
	}
	for name, into := range map[string]any{"type": &c.kind, "challenge": &c.challenge, "origin": &c.origin, "crossOrigin": &c.crossOrigin} {
		value, ok := members[name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(value, into); err != nil {
			return c, nil, fmt.Errorf("%w: %s: %w", errJSON, name, err)
		}
	}
	_, c.embedded = members["topOrigin"]
	return c, plain, nil
}
