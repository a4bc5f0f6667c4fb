package xmlsec

// Line is one element of an outline: text for people, from which nothing may be decided.
type Line struct {
	Depth int
	Space string
	Local string
	Attrs []Attr
	Text  string // of an element without child elements
}

// Outline shows what a document says, for someone who reads it. It passes the gate, and no signature is looked at: what
// comes back is no [Verified] and no [Element], so that no decision can rest on it.
func Outline(doc []byte, l Limits) ([]Line, error) {
	root, err := parse(doc, l)
	if err != nil {
		return nil, err
	}
	var out []Line
	var walk func(e *Element, depth int)
	walk = func(e *Element, depth int) {
		line := Line{Depth: depth, Space: e.Space, Local: e.Local, Attrs: e.Attrs}
		if len(e.Children) == 0 {
			line.Text = e.Text()
		}
		out = append(out, line)
		for _, c := range e.Children {
			walk(c, depth+1)
		}
	}
	walk(root, 0)
	return out, nil
}
