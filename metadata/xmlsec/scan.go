package xmlsec

import "strings"

const (
	commentOpen  = "<!--"
	commentClose = "-->"
	cdataOpen    = "<![CDATA["
	cdataClose   = "]]>"
)

// scanner reads one document in one pass and builds its elements. It is strict Namespaces in XML 1.0 without DTDs.
type scanner struct {
	s     string
	i     int
	l     Limits
	root  *Element
	open  []frame
	scope []decl     // namespace declarations in scope, innermost last
	kids  []*Element // children of the open elements, those of the innermost last
	ids   idSet
	arena arena
	attrs []rawAttr // of the tag being read
}

// frame is an open element and what to return to when it closes.
type frame struct {
	e           *Element
	scope, kids int
}

type rawAttr struct{ prefix, local, value string }

// parse lets doc through the gate and returns its root element.
func parse(doc []byte, l Limits) (*Element, error) {
	s, err := gate(doc, l)
	if err != nil {
		return nil, err
	}
	return scan(s, l)
}

// scan reads s, which passed checkCharacters.
func scan(s string, l Limits) (*Element, error) {
	n, err := declaration(s)
	if err != nil {
		return nil, err
	}
	sc := scanner{s: s, i: n, l: l, arena: newArena(s, l)}
	for sc.i < len(s) {
		if err := sc.next(); err != nil {
			return nil, err
		}
	}
	if len(sc.open) > 0 || sc.root == nil {
		return nil, fail(CodeSyntax, "unclosed or missing root element")
	}
	return sc.root, nil
}

// next reads one token.
func (sc *scanner) next() error {
	rest := sc.s[sc.i:]
	if rest[0] != '<' {
		return sc.text(rest)
	}
	if len(rest) < 2 {
		return fail(CodeSyntax, "unfinished tag")
	}
	switch rest[1] {
	case '/':
		return sc.endTag()
	case '!':
		return sc.markup(rest)
	case '?':
		return fail(CodeSyntax, "processing instruction")
	}
	return sc.startTag()
}

func (sc *scanner) text(rest string) error {
	n := strings.IndexByte(rest, '<')
	if n < 0 {
		n = len(rest)
	}
	run := rest[:n]
	sc.i += n
	if len(sc.open) == 0 {
		if !allSpace(run) {
			return fail(CodeSyntax, "text outside the root element")
		}
		return nil
	}
	if n > sc.l.MaxText {
		return fail(CodeLimits, "text too long")
	}
	if strings.Contains(run, cdataClose) {
		return fail(CodeSyntax, "']]>' in text")
	}
	return checkReferences(run)
}

// markup reads a comment or a CDATA section and refuses everything else that starts with "<!".
func (sc *scanner) markup(rest string) error {
	switch {
	case strings.HasPrefix(rest, commentOpen):
		if !sc.l.Comments {
			return fail(CodeSyntax, "comment")
		}
		end := strings.Index(rest[len(commentOpen):], "--")
		if end < 0 || !strings.HasPrefix(rest[len(commentOpen)+end:], commentClose) {
			return fail(CodeSyntax, "malformed comment")
		}
		sc.i += len(commentOpen) + end + len(commentClose)
		return nil
	case strings.HasPrefix(rest, cdataOpen):
		if !sc.l.CDATA || len(sc.open) == 0 {
			return fail(CodeSyntax, "CDATA section")
		}
		end := strings.Index(rest, cdataClose)
		if end < 0 {
			return fail(CodeSyntax, "unfinished CDATA section")
		}
		if end > sc.l.MaxText {
			return fail(CodeLimits, "text too long")
		}
		sc.i += end + len(cdataClose)
		return nil
	}
	return fail(CodeDoctype, "DOCTYPE or other declaration")
}

func (sc *scanner) endTag() error {
	if len(sc.open) == 0 {
		return fail(CodeSyntax, "end tag without start tag")
	}
	e := sc.open[len(sc.open)-1].e
	name := e.qname()
	rest := sc.s[sc.i+2:]
	if !strings.HasPrefix(rest, name) {
		return fail(CodeSyntax, "end tag does not match its start tag")
	}
	end := len(name)
	for end < len(rest) && isSpace(rest[end]) {
		end++
	}
	if end == len(rest) || rest[end] != '>' {
		return fail(CodeSyntax, "end tag does not match its start tag")
	}
	e.to = int32(sc.i)
	sc.i += 2 + end + 1
	sc.closeElement()
	return nil
}

// closeElement ends the innermost open element at sc.i.
func (sc *scanner) closeElement() {
	f := sc.open[len(sc.open)-1]
	f.e.end = int32(sc.i)
	f.e.Children = sc.arena.children(sc.kids[f.kids:])
	sc.kids = append(sc.kids[:f.kids], f.e)
	sc.scope = sc.scope[:f.scope]
	sc.open = sc.open[:len(sc.open)-1]
}
