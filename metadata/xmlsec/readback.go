package xmlsec

import "strings"

// readBack reads what a canonicalizer wrote, and knows no other XML: no declaration, comment, CDATA section or empty-element tag, one
// space between attributes, double quotes, every character escaped that has to be. It gives what scan gives for the same bytes, but
// does not look again for what the gate has seen to before those bytes were written: limits, IDs and the rules for names of
// namespaces. size is how much to make room for.
func readBack(s string, size amounts) (*Element, error) {
	var frames [12]outer
	var scopes [16]decl
	var raised [32]*Element
	open, scope, kids := frames[:0], scopes[:0], raised[:0]
	a := newArena(s, size)
	for i := 0; ; {
		var ok bool
		if i, ok = afterText(s, i); !ok || len(open) == 0 && i > 0 {
			return nil, errNotCanonical()
		}
		if s[i+1] == '/' { // afterText looked
			if len(open) == 0 {
				return nil, errNotCanonical()
			}
			f := &open[len(open)-1]
			e := f.e
			e.to = int32(i)
			if i, ok = afterEndTag(s, i, f.name); !ok {
				return nil, errNotCanonical()
			}
			e.end, e.Children = int32(i), a.children(kids[f.kids:])
			kids, scope = append(kids[:f.kids], e), scope[:f.scope]
			if open = open[:len(open)-1]; len(open) > 0 {
				continue
			}
			if i < len(s) {
				return nil, errNotCanonical()
			}
			return e, nil
		}
		prefix, local, after, err := qname(s, i+1)
		if err != nil {
			return nil, errNotCanonical()
		}
		e, f := a.element(i), outer{name: s[i+1 : after], scope: len(scope), kids: len(kids)}
		if e.Local = local; len(open) > 0 {
			e.parent = open[len(open)-1].e
		}
		if scope, i, ok = a.startTagBack(e, prefix, after, scope); !ok {
			return nil, errNotCanonical()
		}
		f.e = e
		open = append(open, f)
	}
}

// outer is an open element, and what to return to when it closes.
type outer struct {
	e           *Element
	name        string // as written
	scope, kids int
}

func errNotCanonical() error { return fail(CodeC14N, "not in canonical form") }

// afterText returns the place of the tag that follows, and whether there is one after nothing but characters and references.
func afterText(s string, i int) (int, bool) {
	for {
		i = firstOf(s, i, classText)
		if i >= len(s)-1 {
			return i, false
		}
		switch s[i] {
		case '<':
			return i, true
		case '&':
			_, next, err := reference(s, i)
			if err != nil {
				return i, false
			}
			i = next
		default:
			return i, false
		}
	}
}

func afterEndTag(s string, i int, name string) (int, bool) {
	i += 2
	end := i + len(name)
	return end + 1, end < len(s) && s[i:end] == name && s[end] == '>'
}

// startTagBack reads the start tag of e from the end of its name, which has this prefix, at i. It adds the declarations, which come
// first, to scope and returns the place after the tag.
func (a *arena) startTagBack(e *Element, prefix string, i int, scope []decl) ([]decl, int, bool) {
	s, mark, attrs, before := a.doc, len(scope), a.attrs, len(a.attrs)
	for i < len(s) && s[i] == ' ' {
		prefix, local, next, err := qname(s, i+1)
		if i = next; err != nil || i+1 >= len(s) || s[i] != '=' || s[i+1] != '"' {
			return nil, 0, false
		}
		from := i + 2
		var value string
		if i = firstOf(s, from, classAttr); i < len(s) && s[i] == '"' {
			value = s[from:i]
		} else if value, i, err = escapedBack(s, from); err != nil {
			return nil, 0, false
		}
		i++
		if declared, ok := declaredBy(prefix, local); ok {
			if len(attrs) > before || declares(scope[mark:], declared) {
				return nil, 0, false
			}
			scope = append(scope, decl{declared, value})
			continue
		}
		space := ""
		if prefix != "" {
			var ok bool
			if space, ok = inForce(scope, prefix); !ok {
				return nil, 0, false
			}
		}
		if hasAttr(attrs[before:], space, local) {
			return nil, 0, false
		}
		attrs = oneMore(attrs)
		own := &attrs[len(attrs)-1]
		own.Space, own.Local, own.Value = space, local, value
	}
	space, ok := inForce(scope, prefix)
	if !ok || prefix == "xml" || i >= len(s) || s[i] != '>' {
		return nil, 0, false
	}
	e.Space, e.from, e.Attrs, a.attrs = space, int32(i+1), last(attrs, len(attrs)-before), attrs
	return scope, i + 1, true
}

func hasAttr(list []Attr, space, local string) bool {
	for i := range list {
		if a := &list[i]; a.Local == local && a.Space == space {
			return true
		}
	}
	return false
}

// escapedBack reads an attribute value with references in it, up to its quote.
func escapedBack(s string, from int) (string, int, error) {
	n := strings.IndexByte(s[from:], '"')
	if n < 0 || strings.ContainsAny(s[from:from+n], "\t\n\r") {
		return "", 0, errNotCanonical()
	}
	value, err := attributeValue(s[from : from+n])
	return value, from + n, err
}
