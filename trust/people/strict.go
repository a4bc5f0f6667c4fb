package people

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// strict reads a document that administrators write, and gathers every fault with its line.
type strict struct {
	errs []error
	more int // errors beyond importErrors
}

func (s *strict) fail(line int, format string, args ...any) {
	if len(s.errs) >= importErrors {
		s.more++
		return
	}
	s.errs = append(s.errs, fmt.Errorf("%w: line %d: %s", ErrImport, line, fmt.Sprintf(format, args...)))
}

// faults joins what was found; nil if nothing.
func (s *strict) faults() error {
	if s.more > 0 {
		s.errs, s.more = append(s.errs, fmt.Errorf("%w: and %d more", ErrImport, s.more)), 0
	}
	return errors.Join(s.errs...)
}

// text accepts what may be printed and stored anywhere.
func (s *strict) text(line int, what, text string) string {
	text = strings.TrimSpace(text)
	switch {
	case len(text) > importText:
		s.fail(line, "%s is longer than %d bytes", what, importText)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		s.fail(line, "%s holds characters that cannot be printed", what)
	default:
		return text
	}
	return ""
}

// readLimited reads a whole document of at most limit bytes.
func readLimited(r io.Reader, limit int) ([]byte, error) {
	doc, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrImport, err)
	}
	if len(doc) > limit {
		return nil, fmt.Errorf("%w: the document is larger than %d MiB", ErrImport, limit>>20)
	}
	return doc, nil
}

// readYAML reads the one document of a YAML stream of at most limit bytes, aliases unresolved.
func readYAML(r io.Reader, limit int) (*yaml.Node, error) {
	doc, err := readLimited(r, limit)
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	in := yaml.NewDecoder(bytes.NewReader(doc))
	if err := in.Decode(&root); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrImport, err)
	}
	if err := in.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: more than one document", ErrImport)
	}
	if len(root.Content) != 1 {
		return nil, fmt.Errorf("%w: the document is empty", ErrImport)
	}
	return root.Content[0], nil
}

// fields says what to do with the value of each key a mapping may have.
type fields map[string]func(*yaml.Node)

func (s *strict) mapping(n *yaml.Node, what string, known fields) {
	if n.Kind != yaml.MappingNode {
		s.fail(n.Line, "%s must be a mapping", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read, ok := known[key.Value]
		switch {
		case !ok || key.Kind != yaml.ScalarNode:
			s.fail(key.Line, "%s has no key %q", what, shown(key.Value))
		case seen[key.Value]:
			s.fail(key.Line, "%s has %s twice", what, key.Value)
		default:
			read(value)
		}
		seen[key.Value] = true
	}
}

func shown(s string) string { return s[:min(len(s), 60)] }

func (s *strict) list(what string, item func(*yaml.Node)) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
			return
		}
		if n.Kind != yaml.SequenceNode {
			s.fail(n.Line, "%s must be a list", what)
			return
		}
		for _, c := range n.Content {
			item(c)
		}
	}
}

// scalar takes the text as written: a uid without quotes is not a number.
func (s *strict) scalar(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode {
		s.fail(n.Line, "%s must be a single value", what)
		return ""
	}
	if n.Tag == "!!null" {
		return ""
	}
	return s.text(n.Line, what, n.Value)
}

func (s *strict) into(at *string, what string) func(*yaml.Node) {
	return func(n *yaml.Node) { *at = s.scalar(n, what) }
}
