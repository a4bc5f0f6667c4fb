package xmlsec

import "strings"

const (
	commentOpen  = "<!--"
	commentClose = "-->"
	cdataOpen    = "<![CDATA["
	cdataClose   = "]]>"
)

// scanner reads one document in one pass. It is strict Namespaces in XML 1.0 without DTDs. It builds elements, or writes the
// canonical form of what it reads, or neither.
type scanner struct {
	s       string
	i       int
	l       Limits
	build   bool            // elements are built from the tags that follow
	canon   *canonicalizer  // writes the tags and texts that follow, unless nil
	watch   *signedDocument // sees every start tag, unless nil
	claim   *claimant       // the same; an interface would have each tag allocated
	root    *Element        // the outermost element that was built
	done    bool            // the root element of the document was closed
	count   int             // elements so far
	open    []frame
	checked decl       // the last namespace declaration that was found good
	scope   []decl     // namespace declarations in scope, innermost last
	path    []*Element // the open elements that are built, innermost last
	kids    []*Element // their children, those of the innermost last
	ids     idSet
	arena   arena
	attrs   []tagAttr // of the tag being read

	canonical bool // the tag being read may stand in canonical form as it is
}

// frame is an open element and what to return to when it closes. It has no pointers, which are dear to write.
type frame struct {
	name, end         int32 // where its name starts and ends
	scope, kids, mark int32
	built             bool
}

// tag is a start tag, resolved. Its lists are valid until the next one is read.
type tag struct {
	name                 string // as written
	space, prefix, local string
	attrs                []tagAttr
	decls                []decl
	start, from          int  // the tag's first byte, and the one after its last
	canonical            bool // scanner.canonical
}

// tagAttr is an attribute as it is written.
type tagAttr struct {
	Attr
	prefix string
}

// scratch is where a scanner's stacks begin; enough for all but odd documents.
type scratch struct {
	open  [8]frame
	scope [8]decl
	path  [4]*Element
	kids  [8]*Element
	attrs [8]tagAttr
	ids   [4]string
}

// parse lets doc through the gate and returns its root element.
func parse[T Octets](doc T, l Limits) (*Element, error) {
	s, err := gate(doc, l)
	if err != nil {
		return nil, err
	}
	return scan(s, l)
}

// scan reads s, which passed checkCharacters, into elements.
func scan(s string, l Limits) (*Element, error) {
	sc := scanner{s: s, l: l, build: true, arena: newArena(s, estimate(s, l))}
	if err := sc.run(); err != nil {
		return nil, err
	}
	return sc.root, nil
}

// run reads the whole document.
func (sc *scanner) run() error {
	var first scratch
	sc.open, sc.scope, sc.kids, sc.attrs = first.open[:0], first.scope[:0], first.kids[:0], first.attrs[:0]
	sc.path, sc.ids.few = first.path[:0], first.ids[:0]
	n, err := declaration(sc.s)
	if err != nil {
		return err
	}
	for sc.i = n; sc.i < len(sc.s); {
		if err := sc.next(); err != nil {
			return err
		}
	}
	if !sc.done {
		return fail(CodeSyntax, "unclosed or missing root element")
	}
	return nil
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
	n := firstOf(rest, 0, classText)
	plain := n == len(rest) || rest[n] == '<'
	if !plain {
		if k := strings.IndexByte(rest[n:], '<'); k < 0 {
			n = len(rest)
		} else {
			n += k
		}
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
	if !plain {
		return sc.escapedText(sc.i-n, run)
	}
	if sc.canon != nil {
		sc.canon.keep(sc.i-n, sc.i)
	}
	return nil
}

// escapedText checks and writes text, which stands at at, with characters that are escaped, or are to be.
func (sc *scanner) escapedText(at int, run string) error {
	last := 0
	for i := firstOf(run, 0, classText); i < len(run); {
		r, next := rune(run[i]), i+1
		switch r {
		case '>':
			if i >= 2 && run[i-2:i] == "]]" {
				return fail(CodeSyntax, "']]>' in text")
			}
		case '&':
			var err error
			if r, next, err = reference(run, i); err != nil {
				return err
			}
			if run[i:next] == "&amp;" { // as it is to be written
				i = firstOf(run, next, classText)
				continue
			}
		case '\r':
			r = '\n'
			if next < len(run) && run[next] == '\n' {
				next++
			}
		}
		if sc.canon != nil {
			sc.canon.keep(at+last, at+i)
			writeCharacter(sc.canon.writer(), r, true)
			last = next
		}
		i = firstOf(run, next, classText)
	}
	if sc.canon != nil {
		sc.canon.keep(at+last, at+len(run))
	}
	return nil
}

// markup reads a comment or a CDATA section and refuses everything else that starts with "<!".
func (sc *scanner) markup(rest string) error {
	if sc.watch != nil && sc.watch.inside(sc) && rest[:min(len(rest), 3)] != "<!D" {
		return fail(CodeSyntax, "comment or CDATA section in the signature")
	}
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
		if sc.canon != nil {
			writeCharacters(sc.canon.writer(), rest[len(cdataOpen):end], false, true)
		}
		return nil
	}
	return fail(CodeDoctype, "DOCTYPE or other declaration")
}

func (sc *scanner) endTag() error {
	if len(sc.open) == 0 {
		return fail(CodeSyntax, "end tag without start tag")
	}
	f := &sc.open[len(sc.open)-1]
	name := sc.s[f.name:f.end]
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
	to := sc.i
	sc.i += 2 + end + 1
	sc.closeElement(to, end == len(name))
	return nil
}

// closeElement ends the innermost open element, whose content ended at to, at sc.i. written says that its end tag is there as it is
// in canonical form.
func (sc *scanner) closeElement(to int, written bool) {
	last := len(sc.open) - 1
	f := &sc.open[last]
	switch {
	case sc.canon == nil:
	case written:
		sc.canon.keepEnd(to, sc.i, int(f.mark))
	default:
		sc.canon.close(sc.s[f.name:f.end], int(f.mark))
	}
	if f.built {
		e := sc.path[len(sc.path)-1]
		sc.path = sc.path[:len(sc.path)-1]
		e.to, e.end = int32(to), int32(sc.i)
		e.Children = sc.arena.children(sc.kids[f.kids:])
		sc.kids = append(sc.kids[:f.kids], e)
	}
	sc.scope = sc.scope[:f.scope]
	sc.open = sc.open[:last]
	sc.done = last == 0
	if sc.watch != nil {
		sc.watch.left(sc)
	}
}

// estimate is how much a document will have.
func estimate(s string, l Limits) amounts {
	n := min(strings.Count(s, "<")-strings.Count(s, "</"), l.MaxElements)
	return amounts{elements: n, attrs: n + n/2}
}
