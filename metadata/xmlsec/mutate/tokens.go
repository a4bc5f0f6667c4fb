package mutate

import (
	"fmt"
	"strings"
)

// node is one element of canonical XML.
type node struct {
	name               string
	start, open, shut  int // its first byte, the end of its start tag, the start of its end tag
	end                int
	attrs              []span // values, without quotes, namespace declarations included
	depth              int
	text               bool // it has character data and no children
	parent, next, kids int  // by index; -1: none. kids counts children
}

type span struct {
	name     string
	from, to int // of the value
	start    int // of the space before its name
}

// nodes reads canonical XML: no empty-element tags, double quotes, one space between attributes. It fails on anything else.
func nodes(s string) ([]node, error) {
	var all []node
	var open []int
	for i := 0; i < len(s); {
		if s[i] != '<' {
			i++
			continue
		}
		shut := strings.IndexByte(s[i:], '>')
		if shut < 2 {
			return nil, fmt.Errorf("%w: tag", errDocument)
		}
		end := i + shut + 1
		if s[i+1] == '/' {
			if len(open) == 0 || s[i+2:end-1] != all[open[len(open)-1]].name {
				return nil, fmt.Errorf("%w: end tag", errDocument)
			}
			n := &all[open[len(open)-1]]
			n.shut, n.end, n.text = i, end, n.kids == 0 && i > n.open
			open = open[:len(open)-1]
			i = end
			continue
		}
		n, err := startTag(s[:end], i)
		if err != nil {
			return nil, err
		}
		if n.depth, n.parent = len(open), -1; len(open) > 0 {
			n.parent = open[len(open)-1]
			all[n.parent].kids++
		}
		open = append(open, len(all))
		all = append(all, n)
		i = end
	}
	if len(open) > 0 {
		return nil, fmt.Errorf("%w: open element", errDocument)
	}
	last := map[int]int{}
	for i, n := range all {
		if before, ok := last[n.parent]; ok {
			all[before].next = i
		}
		last[n.parent] = i
	}
	return all, nil
}

// startTag reads the one at i that ends where s does.
func startTag(s string, i int) (node, error) {
	bad := fmt.Errorf("%w: start tag", errDocument)
	inner := s[:len(s)-1]
	n := node{start: i, open: len(s), next: -1}
	n.name, _, _ = strings.Cut(inner[i+1:], " ")
	if n.name == "" || strings.ContainsAny(n.name, "!?/<\"'=\t\r\n") {
		return n, bad
	}
	for at := i + 1 + len(n.name); at < len(inner); {
		eq := strings.Index(inner[at:], `="`)
		if eq < 2 || inner[at] != ' ' {
			return n, bad
		}
		to := strings.IndexByte(inner[at+eq+2:], '"')
		if to < 0 {
			return n, bad
		}
		n.attrs = append(n.attrs, span{inner[at+1 : at+eq], at + eq + 2, at + eq + 2 + to, at})
		at += eq + 2 + to + 1
	}
	return n, nil
}
