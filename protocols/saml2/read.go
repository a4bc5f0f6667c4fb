package saml2

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// reader reads attributes and children of one verified element and keeps the first thing that is wrong.
type reader struct {
	e   *xmlsec.Element
	err *bridge.Refusal
}

func (r *reader) fail(detail string) {
	if r.err == nil {
		r.err = badRequest("schema", detail)
	}
}

func (r *reader) text(name string) string {
	s, _ := r.e.Attr(name)
	return s
}

// trimmed is the text of a type whose white space collapses: xs:anyURI, xs:boolean, xs:dateTime, numbers (XML Schema 2, 4.3.6). Messages that
// were printed for people have some around every value.
func trimmed(s string) string { return strings.Trim(s, " \t\r\n") }

// uri reads xs:anyURI; empty when absent.
func (r *reader) uri(name string) string { return trimmed(r.text(name)) }

func (r *reader) bool(name string) bool {
	s, present := r.e.Attr(name)
	s = trimmed(s)
	switch {
	case !present, s == "false", s == "0":
		return false
	case s == "true", s == "1":
		return true
	}
	r.fail(name + " is not a boolean.")
	return false
}

// index reads xs:unsignedShort; nil when absent.
func (r *reader) index(name string) *int {
	s, present := r.e.Attr(name)
	if !present {
		return nil
	}
	n, err := strconv.ParseUint(trimmed(s), 10, 16)
	if err != nil {
		r.fail(name + " is not a number.")
		return nil
	}
	i := int(n)
	return &i
}

// sequence checks that the children are among names, in their order. A name may repeat only if it ends in "*".
func (r *reader) sequence(names ...string) {
	at := 0
	for _, c := range r.e.Children {
		for at < len(names) && !matches(c, names[at]) {
			at++
		}
		if at == len(names) {
			r.fail(c.Local + " has no place where it stands in " + r.e.Local + ".")
			return
		}
		if names[at][len(names[at])-1] != '*' {
			at++
		}
	}
}

// oneOf checks that there is at most one child of all these names: a choice.
func (r *reader) oneOf(names ...string) {
	n := 0
	for _, c := range r.e.Children {
		if slices.ContainsFunc(names, func(name string) bool { return matches(c, name) }) {
			n++
		}
	}
	if n > 1 {
		r.fail(r.e.Local + " names its subject twice.")
	}
}

// matches takes "p:Name" for the protocol's namespace and "a:Name" for the assertion's.
func matches(e *xmlsec.Element, name string) bool {
	space := protocolSpace
	if name[0] == 'a' {
		space = assertionSpace
	}
	local := name[2:]
	if local[len(local)-1] == '*' {
		local = local[:len(local)-1]
	}
	return e.Is(space, local)
}
