package jose

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// Bounds of JSON that somebody else wrote.
const (
	maxMembers = 256 // of one object
	maxDepth   = 16  // objects and arrays inside each other
)

var errNotObject = errors.New("not a JSON object")

// member is one name of an object with the JSON of its value.
type member struct {
	name string
	raw  []byte
}

// readObject reads a JSON object (RFC 8259) in UTF-8 in which no name stands twice, at any depth. It takes no copy of values.
func readObject(data []byte) ([]member, error) {
	switch {
	case !utf8.Valid(data):
		return nil, errors.New("not UTF-8")
	case !json.Valid(data):
		var first json.RawMessage
		if json.NewDecoder(bytes.NewReader(data)).Decode(&first) == nil && first[0] == '{' {
			return nil, errors.New("something follows the JSON object")
		}
		return nil, errNotObject
	}
	s := scanner{data: data}
	if s.space(); s.data[s.at] != '{' {
		return nil, errNotObject
	}
	return s.object(1)
}

// scanner walks JSON that is known to be valid.
type scanner struct {
	data []byte
	at   int
}

func (s *scanner) space() {
	for s.at < len(s.data) && (s.data[s.at] == ' ' || s.data[s.at] == '\t' || s.data[s.at] == '\n' || s.data[s.at] == '\r') {
		s.at++
	}
}

// object reads from { to }.
func (s *scanner) object(depth int) ([]member, error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deep")
	}
	out := make([]member, 0, 8)
	s.at++
	for s.space(); s.data[s.at] != '}'; s.space() {
		if s.data[s.at] == ',' {
			s.at++
			s.space()
		}
		name, err := s.name()
		if err != nil {
			return nil, err
		}
		for _, m := range out {
			if m.name == name {
				return nil, errors.New(shown(name) + " is there twice")
			}
		}
		if len(out) == maxMembers {
			return nil, errors.New("an object has too many members")
		}
		s.space()
		s.at++ // the colon
		s.space()
		from := s.at
		if err := s.value(depth); err != nil {
			return nil, err
		}
		out = append(out, member{name, s.data[from:s.at]})
	}
	s.at++
	return out, nil
}

func (s *scanner) name() (string, error) {
	from := s.at
	s.text()
	raw := s.data[from:s.at]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	var name string
	err := json.Unmarshal(raw, &name)
	return name, err
}

// text passes a string, from quote to quote.
func (s *scanner) text() {
	for s.at++; s.data[s.at] != '"'; s.at++ {
		if s.data[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
}

// value passes any value; objects in it have to be as strict.
func (s *scanner) value(depth int) error {
	switch s.data[s.at] {
	case '{':
		_, err := s.object(depth + 1)
		return err
	case '[':
		return s.array(depth + 1)
	case '"':
		s.text()
		return nil
	}
	for s.at < len(s.data) && !bytes.ContainsRune([]byte(" \t\n\r,]}"), rune(s.data[s.at])) {
		s.at++
	}
	return nil
}

func (s *scanner) array(depth int) error {
	if depth > maxDepth {
		return errors.New("nested too deep")
	}
	s.at++
	for s.space(); s.data[s.at] != ']'; s.space() {
		if s.data[s.at] == ',' {
			s.at++
			s.space()
		}
		if err := s.value(depth); err != nil {
			return err
		}
	}
	s.at++
	return nil
}
