package xmlsec

import "strings"

// startTag reads a start tag or an empty-element tag, attributes and namespaces included.
func (sc *scanner) startTag() error {
	if sc.done {
		return fail(CodeSyntax, "second root element")
	}
	if sc.count++; sc.count > sc.l.MaxElements || len(sc.open) >= sc.l.MaxDepth {
		return fail(CodeLimits, "too many or too deeply nested elements")
	}
	var t tag
	var i int
	var err error
	t.start = sc.i
	if t.prefix, t.local, i, err = qname(sc.s, t.start+1); err != nil {
		return err
	}
	t.name = sc.s[t.start+1 : i]
	f := frame{name: int32(t.start + 1), end: int32(i), scope: int32(len(sc.scope)), kids: int32(len(sc.kids))}
	i, empty, err := sc.attributes(i)
	if err != nil {
		return err
	}
	t.from, t.attrs, t.decls, t.canonical = i, sc.attrs, sc.scope[f.scope:], sc.canonical && !empty
	if t.space, err = sc.resolve(t.prefix); err != nil {
		return err
	}
	if sc.watch != nil {
		if err := sc.watch.saw(sc, &t); err != nil {
			return err
		}
	}
	if sc.claim != nil {
		sc.claim.saw(sc, &t)
	}
	if f.built = sc.build; f.built {
		sc.element(&t)
	}
	if sc.canon != nil {
		mark, ok := sc.canon.open(&t)
		if !ok {
			return fail(CodeLimits, "canonical form too large")
		}
		f.mark = int32(mark)
	}
	sc.open = append(sc.open, f)
	sc.i = i
	if empty {
		sc.closeElement(i, false)
	}
	return nil
}

// element builds an element from its start tag.
func (sc *scanner) element(t *tag) {
	a := &sc.arena
	e := a.element(t.start)
	e.Space, e.Local, e.from = t.space, t.local, int32(t.from)
	for i := range t.attrs {
		a.attrs = append(a.attrs, t.attrs[i].Attr)
	}
	e.Attrs = last(a.attrs, len(t.attrs))
	if sc.root == nil {
		sc.root = e
	} else {
		e.parent = sc.path[len(sc.path)-1]
	}
	sc.path = append(sc.path, e)
}

// qname reads a qualified name at i.
func qname(s string, i int) (prefix, local string, next int, err error) {
	end := ncName(s, i)
	if end == i {
		return "", "", 0, fail(CodeSyntax, "malformed name")
	}
	local = s[i:end]
	if end < len(s) && s[end] == ':' {
		prefix = local
		i = end + 1
		if end = ncName(s, i); end == i {
			return "", "", 0, fail(CodeSyntax, "malformed name")
		}
		local = s[i:end]
	}
	return prefix, local, end, nil
}

// attributes reads up to the end of the tag: attributes to sc.attrs, their namespaces still open, and namespace declarations to
// sc.scope. It says in sc.canonical whether each of them, and what is between them, is there as canonical form writes it.
func (sc *scanner) attributes(i int) (next int, empty bool, err error) {
	s, mark, count := sc.s, len(sc.scope), 0
	sc.attrs, sc.canonical = sc.attrs[:0], true
	for {
		space := i
		for i < len(s) && isSpace(s[i]) {
			i++
		}
		if i >= len(s) {
			return 0, false, fail(CodeSyntax, "unfinished tag")
		}
		if s[i] == '>' {
			sc.canonical = sc.canonical && i == space
			return i + 1, false, nil
		}
		if s[i] == '/' {
			if i+1 >= len(s) || s[i+1] != '>' {
				return 0, false, fail(CodeSyntax, "malformed tag")
			}
			return i + 2, true, nil
		}
		if i == space {
			return 0, false, fail(CodeSyntax, "malformed tag")
		}
		sc.canonical = sc.canonical && i == space+1 && s[space] == ' '
		if count++; count > sc.l.MaxAttributes {
			return 0, false, fail(CodeLimits, "too many attributes")
		}
		if i, err = sc.attribute(i, mark); err != nil {
			return 0, false, err
		}
	}
}

// attribute reads name="value" at i and files it. Namespace declarations from mark on are those of the same tag.
func (sc *scanner) attribute(i, mark int) (int, error) {
	s := sc.s
	prefix, local, i, err := qname(s, i)
	if err != nil {
		return 0, err
	}
	if i < len(s) && isSpace(s[i]) {
		i, sc.canonical = afterSpace(s, i), false
	}
	if i >= len(s) || s[i] != '=' {
		return 0, fail(CodeSyntax, "attribute without value")
	}
	if i++; i < len(s) && isSpace(s[i]) {
		i, sc.canonical = afterSpace(s, i), false
	}
	if i >= len(s) || s[i] != '"' && s[i] != '\'' {
		return 0, fail(CodeSyntax, "attribute value without quotes")
	}
	n := firstOf(s, i+1, classAttr) - i - 1
	plain := i+1+n < len(s) && s[i+1+n] == s[i] // and a double quote: firstOf does not stop at an apostrophe
	if !plain {
		sc.canonical = false
		if n = strings.IndexByte(s[i+1:], s[i]); n < 0 {
			return 0, fail(CodeSyntax, "unfinished attribute value")
		}
	}
	if n > sc.l.MaxAttributeValue {
		return 0, fail(CodeLimits, "attribute value too long")
	}
	value, end := s[i+1:i+1+n], i+n+2
	if !plain {
		if value, err = attributeValue(value); err != nil {
			return 0, err
		}
	}
	if declared, ok := declaredBy(prefix, local); ok {
		sc.canonical = sc.canonical && len(sc.attrs) == 0
		return end, sc.declare(decl{declared, value}, mark)
	}
	sc.attrs = oneMore(sc.attrs)
	a := &sc.attrs[len(sc.attrs)-1]
	a.Space, a.Local, a.Value, a.prefix = "", local, value, prefix
	return end, nil
}

// declaredBy returns the prefix that an attribute of this name declares, if it is a namespace declaration.
func declaredBy(prefix, local string) (string, bool) {
	switch {
	case prefix == "xmlns":
		return local, true
	case prefix == "" && local == "xmlns":
		return "", true
	}
	return "", false
}

func afterSpace(s string, i int) int {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	return i
}

// declare brings a namespace declaration into scope.
func (sc *scanner) declare(d decl, mark int) error {
	if d != sc.checked { // the same few are declared over and over
		if err := checkDeclaration(d); err != nil {
			return err
		}
		sc.checked = d
	}
	if declares(sc.scope[mark:], d.prefix) {
		return fail(CodeSyntax, "duplicate namespace declaration")
	}
	if len(sc.scope) >= sc.l.MaxNamespaces {
		return fail(CodeLimits, "too many namespaces in scope")
	}
	sc.scope = append(sc.scope, d)
	return nil
}

// checkDeclaration applies Namespaces in XML 1.0, 2.2 and 3, and refuses relative namespace names (Canonical XML 1.0, 1.3).
func checkDeclaration(d decl) error {
	switch {
	case d.prefix == "xmlns" || d.space == xmlnsSpace:
		return fail(CodeSyntax, "declaration of the xmlns namespace")
	case (d.prefix == "xml") != (d.space == xmlSpace):
		return fail(CodeSyntax, "declaration of the xml namespace")
	case d.space == "":
		if d.prefix != "" {
			return fail(CodeSyntax, "prefix declared empty")
		}
		return nil
	}
	for i := 0; i < len(d.space); i++ {
		if c := d.space[i]; c <= ' ' || c >= 0x7F {
			return fail(CodeSyntax, "namespace name is not a URI")
		}
	}
	scheme, _, ok := strings.Cut(d.space, ":")
	if !ok || !isScheme(scheme) {
		return fail(CodeSyntax, "relative namespace name")
	}
	return nil
}

// isScheme is the production scheme of RFC 3986.
func isScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}

// resolve returns the namespace of a tag, gives the attributes just read theirs and checks what depends on them.
func (sc *scanner) resolve(prefix string) (string, error) {
	space, ok := inForce(sc.scope, prefix)
	if !ok || prefix == "xml" {
		return "", fail(CodeSyntax, "undeclared prefix")
	}
	if space == xincludeSpace {
		return "", fail(CodeSyntax, "XInclude")
	}
	identified := false
	for i := range sc.attrs {
		a := &sc.attrs[i]
		if a.prefix != "" {
			if a.Space, ok = inForce(sc.scope, a.prefix); !ok {
				return "", fail(CodeSyntax, "undeclared prefix")
			}
		}
		for k := range sc.attrs[:i] {
			if other := &sc.attrs[k]; other.Local == a.Local && other.Space == a.Space {
				return "", sc.l.duplicate(&a.Attr)
			}
		}
		if a.Space == xmlSpace && a.Local == "base" {
			return "", fail(CodeSyntax, "xml:base")
		}
		if !sc.l.isID(&a.Attr) {
			continue
		}
		if identified || !sc.ids.add(a.Value) {
			return "", fail(CodeDuplicateID, "two elements with one ID, or one element with two")
		}
		if !isNCName(a.Value) {
			return "", fail(CodeSyntax, "ID is not an NCName")
		}
		identified = true
	}
	return space, nil
}

func (l Limits) duplicate(a *Attr) error {
	if l.isID(a) {
		return fail(CodeDuplicateID, "one element with two IDs")
	}
	return fail(CodeSyntax, "duplicate attribute")
}

func (l *Limits) isID(a *Attr) bool { return isID(a) || l.saml11 && isID11(a) }

// isID11 knows the attributes of type ID in the schemas of SAML 1.1.
func isID11(a *Attr) bool {
	return a.Space == "" && (a.Local == "ResponseID" || a.Local == "AssertionID" || a.Local == "RequestID")
}

func isID(a *Attr) bool {
	if a.Space == "" {
		return a.Local == "ID" || a.Local == "Id" || a.Local == "id"
	}
	return a.Space == xmlSpace && a.Local == "id"
}

// inForce returns the namespace that scope, the innermost last, binds a prefix to; "" is bound to no namespace unless declared.
func inForce(scope []decl, prefix string) (string, bool) {
	for i := len(scope) - 1; i >= 0; i-- {
		if scope[i].prefix == prefix {
			return scope[i].space, true
		}
	}
	if prefix == "xml" {
		return xmlSpace, true
	}
	return "", prefix == ""
}
