package xmlsec

import "strings"

// arena hands out elements and their lists from a few large slices, so that a document costs a handful of allocations.
type arena struct {
	elements []Element
	pointers []*Element
	attrs    []Attr
	decls    []decl
}

func newArena(s string, l Limits) arena {
	n := min(strings.Count(s, "<")-strings.Count(s, "</"), l.MaxElements)
	return arena{
		elements: make([]Element, 0, n),
		pointers: make([]*Element, 0, n),
		attrs:    make([]Attr, 0, n+n/2),
	}
}

func (a *arena) element() *Element {
	if len(a.elements) == cap(a.elements) {
		a.elements = make([]Element, 0, 64)
	}
	a.elements = a.elements[:len(a.elements)+1]
	return &a.elements[len(a.elements)-1]
}

func (a *arena) children(list []*Element) []*Element {
	if len(list) == 0 {
		return nil
	}
	a.pointers = append(room(a.pointers, len(list)), list...)
	return a.pointers[len(a.pointers)-len(list) : len(a.pointers) : len(a.pointers)]
}

func (a *arena) attributes(list []Attr) []Attr {
	if len(list) == 0 {
		return nil
	}
	a.attrs = append(room(a.attrs, len(list)), list...)
	return a.attrs[len(a.attrs)-len(list) : len(a.attrs) : len(a.attrs)]
}

func (a *arena) declarations(list []decl) []decl {
	if len(list) == 0 {
		return nil
	}
	a.decls = append(room(a.decls, len(list)), list...)
	return a.decls[len(a.decls)-len(list) : len(a.decls) : len(a.decls)]
}

// room returns s, or a new slice where s has no space for n more: what was handed out must not move.
func room[T any](s []T, n int) []T {
	if cap(s)-len(s) >= n {
		return s
	}
	return make([]T, 0, max(16, 2*n))
}

// idSet holds the IDs of a document: a list while there are few, a map from then on.
type idSet struct {
	few  []string
	many map[string]struct{}
}

// add reports whether id is new.
func (s *idSet) add(id string) bool {
	if s.many == nil && len(s.few) < 8 {
		for _, known := range s.few {
			if known == id {
				return false
			}
		}
		s.few = append(s.few, id)
		return true
	}
	if s.many == nil {
		s.many = make(map[string]struct{}, 32)
		for _, known := range s.few {
			s.many[known] = struct{}{}
		}
	}
	if _, known := s.many[id]; known {
		return false
	}
	s.many[id] = struct{}{}
	return true
}
