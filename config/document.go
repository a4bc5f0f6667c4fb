package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxSize bounds the configuration file and the files that hold secrets.
const maxSize = 1 << 20

// document is one parsed file: its lines, for excerpts, and the root node,
// which is nil when the file is empty.
type document struct {
	lines []string
	root  *yaml.Node
}

// fault is a mistake at a place in the file.
type fault struct {
	line, col int
	message   string
}

// readBounded reads at most maxSize bytes of a regular file.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, plain(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, plain(err)
	} else if info.IsDir() {
		return nil, errors.New("is a directory")
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, plain(err)
	}
	if len(b) > maxSize {
		return nil, errors.New("is larger than 1 MiB")
	}
	return b, nil
}

// plain drops the operation and the path, which the reader of a report knows.
func plain(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// parseDocument turns bytes into nodes. Values are not interpreted here, so
// aliases are not expanded.
func parseDocument(b []byte) (document, *fault) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	doc := document{lines: strings.Split(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n")}
	if f := unprintable(b); f != nil {
		return doc, f
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	var first, second yaml.Node
	switch err := dec.Decode(&first); {
	case errors.Is(err, io.EOF):
		return doc, nil
	case err != nil:
		return doc, doc.syntax(err)
	}
	switch err := dec.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return doc, doc.syntax(err)
	default:
		return doc, &fault{line: max(second.Line, 1), col: max(second.Column, 1),
			message: "a second YAML document begins here; the file must hold one"}
	}
	if len(first.Content) > 0 {
		doc.root = first.Content[0]
	}
	return doc, nil
}

// unprintable finds the first byte that YAML 1.2 section 5.1 does not allow,
// because the parser reports those without a place.
func unprintable(b []byte) *fault {
	line, col := 1, 1
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			return &fault{line: line, col: col, message: "not UTF-8 text"}
		case r == '\n':
			line, col = line+1, 0
		case r < ' ' && r != '\t' && r != '\r', r >= 0x7f && r < 0xa0 && r != 0x85:
			return &fault{line: line, col: col, message: fmt.Sprintf("control character %U", r)}
		}
		b, col = b[n:], col+1
	}
	return nil
}

// syntax gives a parser error its place.
func (d document) syntax(err error) *fault {
	f := &fault{line: 1, col: 1, message: "not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := regexp.MustCompile(`^yaml: line (\d+): (?s:(.*))$`).FindStringSubmatch(err.Error()); m != nil {
		f.line, _ = strconv.Atoi(m[1])
		f.message = "not YAML: " + m[2]
	} else if m := regexp.MustCompile(`unknown anchor '(.*)' referenced`).FindStringSubmatch(err.Error()); m != nil {
		// The name may be a password that someone forgot to quote.
		f.line, f.col = d.find("*" + m[1])
		f.message = "not YAML: refers to an anchor that is not there; quote a text that begins with *"
	}
	f.line = min(max(f.line, 1), len(d.lines))
	return f
}

// find returns the first place of a text.
func (d document) find(text string) (line, col int) {
	for i, l := range d.lines {
		if at := strings.Index(l, text); at >= 0 {
			return i + 1, utf8.RuneCountInString(l[:at]) + 1
		}
	}
	return 1, 1
}

// maxExcerpt is how many characters of a line are worth showing.
const maxExcerpt = 100

// excerpt returns a line fit for a terminal, or nothing when the place is too
// far right. With hide only the span itself is shown.
func (d document) excerpt(line, col, span int, hide bool) string {
	if line < 1 || line > len(d.lines) || col+span > maxExcerpt {
		return ""
	}
	runes := []rune(strings.TrimRight(d.lines[line-1], " \t\r"))
	for i, r := range runes {
		if r == '\t' || !strconv.IsPrint(r) || hide && i < col-1 {
			runes[i] = ' '
		}
	}
	end := min(len(runes), maxExcerpt)
	if hide {
		end = min(end, col-1+span)
	}
	if end < len(runes) {
		return string(runes[:end]) + " ..."
	}
	return string(runes)
}
