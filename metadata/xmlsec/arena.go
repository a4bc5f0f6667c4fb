package xmlsec

// arena hands out elements and their lists from a few large slices, so that a document costs a handful of allocations.
type arena struct {
	doc      string
	elements []Element
	pointers []*Element
	attrs    []Attr
}

// amounts is how many there are of each in a document.
type amounts struct{ elements, attrs int }

func newArena(s string, n amounts) arena {
	return arena{
		doc:      s,
		elements: make([]Element, 0, n.elements),
		pointers: make([]*Element, 0, n.elements),
		attrs:    make([]Attr, 0, n.attrs),
	}
}

// element returns a new one, which starts at start.
func (a *arena) element(start int) *Element {
	if len(a.elements) == cap(a.elements) { // those handed out do not move
		a.elements = make([]Element, 0, 64)
	}
	a.elements = a.elements[:len(a.elements)+1]
	e := &a.elements[len(a.elements)-1]
	e.doc, e.start = a.doc, int32(start)
	return e
}

func (a *arena) children(list []*Element) []*Element {
	a.pointers = append(a.pointers, list...)
	return last(a.pointers, len(list))
}

// oneMore is s and a place at its end, where something old may stand: every field is to be written. To copy a whole one costs more.
func oneMore[T any](s []T) []T {
	if len(s) < cap(s) {
		return s[:len(s)+1]
	}
	var none T
	return append(s, none)
}

// last is the last n of s, which do not change when more is appended to s; nil if n is 0.
func last[T any](s []T, n int) []T {
	if n == 0 {
		return nil
	}
	return s[len(s)-n : len(s) : len(s)]
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
