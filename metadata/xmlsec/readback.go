package xmlsec

import "strings"

// readBack reads what a canonicalizer wrote, and knows no other XML: no declaration, comment, CDATA section or empty-element tag, one
// space between attributes, double quotes, every character escaped that has to be. It gives what scan gives for the same bytes, but
// does not look again for what the gate has seen to before those bytes were written: limits, IDs and the rules for names of
// namespaces. size is how much to make room for.
func readBack(s string, size canonicalSize) (*Element, error) {
	var frames [12]outer
	var scopes [16]decl
	var raised [32]*Element
	open, scope, kids := frames[:0], scopes[:0], raised[:0]
	var attributes [8]Attr
	a := size.arena(s)
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
			if i, ok = afterEndTag(s, i, e.qname()); !ok {
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
		e, mark := a.element(), len(scope)
		e.doc, e.start = s, int32(i)
		if len(open) > 0 {
			e.parent = open[len(open)-1].e
		}
		list := attributes[:0]
		if scope, list, i, ok = startTagBack(e, scope, list); !ok {
			return nil, errNotCanonical()
		}
		e.from, e.decls, e.Attrs = int32(i), a.declarations(scope[mark:]), a.attributes(list)
		open = append(open, outer{e, mark, len(kids)})
	}
}

// outer is an open element, and what to return to when it closes.
type outer struct {
	e           *Element
	scope, kids int
}

// canonicalSize is how many there are of each in a canonical form.
type canonicalSize struct{ elements, attrs, decls int }

func (n canonicalSize) arena(s string) arena {
	if n.elements == 0 {
		n.elements = strings.Count(s, "<") / 2
	}
	return arena{
		elements: make([]Element, 0, n.elements), pointers: make([]*Element, 0, n.elements),
		attrs: make([]Attr, 0, n.attrs), decls: make([]decl, 0, n.decls),
	}
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

// startTagBack reads the start tag of e. It adds its declarations to scope and its attributes to list, and returns the place after it.
func startTagBack(e *Element, scope []decl, list []Attr) ([]decl, []Attr, int, bool) {
	s, mark := e.doc, len(scope)
	prefix, local, i, err := qname(s, int(e.start)+1)
	if err != nil {
		return nil, nil, 0, false
	}
	e.Prefix, e.Local = prefix, local
	for i < len(s) && s[i] == ' ' {
		if prefix, local, i, err = qname(s, i+1); err != nil || i+1 >= len(s) || s[i] != '=' || s[i+1] != '"' {
			return nil, nil, 0, false
		}
		from := i + 2
		var value string
		if i = firstOf(s, from, classAttr); i < len(s) && s[i] == '"' {
			value = s[from:i]
		} else if value, i, err = escapedBack(s, from); err != nil {
			return nil, nil, 0, false
		}
		i++
		switch {
		case prefix != "xmlns" && (prefix != "" || local != "xmlns"):
			list = append(list, Attr{Prefix: prefix, Local: local, Value: value})
			continue
		case len(list) > 0:
			return nil, nil, 0, false
		case prefix == "":
			local = ""
		}
		scope = append(scope, decl{local, value})
	}
	if i >= len(s) || s[i] != '>' || !resolveBack(e, scope, mark, list) {
		return nil, nil, 0, false
	}
	return scope, list, i + 1, true
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

// resolveBack gives e and the attributes in list their namespaces, and reports whether they have them and nothing is there twice.
func resolveBack(e *Element, scope []decl, mark int, list []Attr) bool {
	for i := mark; i < len(scope); i++ {
		for _, other := range scope[mark:i] {
			if other.prefix == scope[i].prefix {
				return false
			}
		}
	}
	var ok bool
	if e.Space, ok = inForce(scope, e.Prefix); !ok || e.Prefix == "xml" {
		return false
	}
	for i := range list {
		a := &list[i]
		if a.Prefix != "" {
			if a.Space, ok = inForce(scope, a.Prefix); !ok {
				return false
			}
		}
		for k := range list[:i] {
			if other := &list[k]; other.Local == a.Local && other.Space == a.Space {
				return false
			}
		}
	}
	return true
}
