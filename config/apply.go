package config

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxAliases bounds how often anchors may be referred to in one file.
const maxAliases = 64

func (l *loader) at(n *yaml.Node) place {
	return place{layer: layerFile, source: l.path, line: max(n.Line, 1), col: max(n.Column, 1)}
}

// failAtKey reports a mistake in a key itself, with the line. meant is the key
// that was probably meant, or nil.
func (l *loader) failAtKey(n *yaml.Node, meant *field, message string) {
	at, span := l.at(n), utf8.RuneCountInString(n.Value)
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		span += 2
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || strings.Contains(n.Value, "\n") {
		span = 1
	}
	l.add(Problem{Source: at.source, Line: at.line, Col: at.col, Message: message,
		Excerpt: l.doc.excerpt(at.line, at.col, span, !l.harmless(at, meant)), Span: span})
}

func (l *loader) applyRoot(n *yaml.Node) {
	if n = l.resolve(n); n == nil || null(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		l.fail(l.at(n), `the file must be a mapping of keys to values, such as "version: 1"`)
		return
	}
	l.applyMapping(l.root, n)
}

// resolve follows an alias, within limits, and refuses explicit tags. It
// returns nil when it has reported a problem.
func (l *loader) resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		if l.aliases++; l.aliases > maxAliases {
			if l.aliases == maxAliases+1 {
				l.fail(l.at(n), "more than %d aliases in one file", maxAliases)
			}
			return nil
		}
		n = n.Alias
	}
	if n.Style&yaml.TaggedStyle != 0 {
		l.fail(l.at(n), "tags (%s) are not allowed", n.Tag)
		return nil
	}
	return n
}

func null(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func (l *loader) applyMapping(group *field, n *yaml.Node) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			l.fail(l.at(key), "%sa key must be a plain word", prefix(group))
			continue
		}
		if line, seen := first[key.Value]; seen {
			l.failAtKey(key, group.child(key.Value), fmt.Sprintf("%sduplicate key %q, first on line %d", prefix(group), key.Value, line))
			continue
		}
		first[key.Value] = key.Line
		child := group.child(key.Value)
		if child == nil {
			l.unknown(group, key)
			continue
		}
		l.apply(child, key, value)
	}
}

func prefix(group *field) string {
	if group.path == "" {
		return ""
	}
	return group.path + ": "
}

// unknown reports a key that this version does not obey, with the most likely
// remedy: a near name here, the same name elsewhere, or all names here.
func (l *loader) unknown(group *field, key *yaml.Node) {
	message := fmt.Sprintf("%sunknown key %q", prefix(group), key.Value)
	guess := nearest(key.Value, group.names())
	meant := group.child(guess)
	if guess == "" {
		guess = l.elsewhere(key.Value)
	}
	switch {
	case key.Value == "<<":
		message = prefix(group) + "merge keys are not supported, write the keys out"
	case guess != "":
		message += fmt.Sprintf(", did you mean %q?", guess)
	case group.path != "":
		message += ", known are " + strings.Join(group.names(), ", ")
	}
	l.failAtKey(key, meant, message)
}

// elsewhere finds the one key anywhere in the file's tree with a name.
func (l *loader) elsewhere(name string) string {
	found := ""
	var walk func(*field)
	walk = func(f *field) {
		for _, c := range f.children {
			if c.name == name && !c.shorthand {
				if found != "" {
					found = "\x00"
				} else {
					found = c.path
				}
			}
			if !c.named {
				walk(c)
			}
		}
	}
	walk(l.root)
	return strings.TrimPrefix(found, "\x00")
}

// harmless says whether a line can be shown in full: it holds nothing but one
// key that surely is not a secret, and its value.
func (l *loader) harmless(at place, meant *field) bool {
	if meant == nil || meant.group() || meant.secret || at.line > len(l.doc.lines) {
		return false
	}
	text := []rune(l.doc.lines[at.line-1])
	return at.col <= len(text) && strings.TrimSpace(string(text[:at.col-1])) == "" && !strings.ContainsAny(string(text), "{#@")
}

func (l *loader) apply(f *field, key, value *yaml.Node) {
	n := l.resolve(value)
	if n == nil {
		l.markBad(f, l.at(key), l.at(value))
		return
	}
	switch {
	case f.choice:
		l.applyChoice(f, key, n)
	case f.named:
		l.applyNamed(f, key, n)
	case f.group():
		l.groups[f.path] = l.at(key)
		if n.Kind == yaml.MappingNode {
			l.applyMapping(f, n)
		} else if !null(n) {
			l.fail(l.at(n), "%s: must be a mapping with keys such as %s", f.path, f.children[0].name)
		}
	default:
		l.applyLeaf(f, key, n)
	}
}

func (l *loader) applyLeaf(f *field, key, n *yaml.Node) {
	at := l.at(n)
	refuse := func(format string, args ...any) {
		l.markBad(f, l.at(key), at)
		l.fail(at, f.path+": "+format, args...)
	}
	switch {
	case null(n):
		refuse("has no value")
	case f.list() && n.Kind == yaml.SequenceNode:
		l.assign(f, l.items(f, n), l.at(key), at)
	case f.list() && n.Kind == yaml.ScalarNode:
		refuse("must be a list, write [%q]", n.Value)
	case f.list():
		refuse("must be a list")
	case n.Kind != yaml.ScalarNode:
		refuse("must be a single value")
	default:
		l.assign(f, []item{{n.Value, at}}, l.at(key), at)
	}
}

// items returns the scalars of a sequence.
func (l *loader) items(f *field, n *yaml.Node) []item {
	out := make([]item, 0, len(n.Content))
	for _, c := range n.Content {
		switch c = l.resolve(c); {
		case c == nil:
		case c.Kind != yaml.ScalarNode || null(c):
			l.fail(l.at(c), "%s: an item must be a single value", f.path)
		default:
			out = append(out, item{c.Value, l.at(c)})
		}
	}
	return out
}

// applyChoice reads a list of names, or a mapping from names to settings.
func (l *loader) applyChoice(f *field, key, n *yaml.Node) {
	s := setting{written: f.path, key: l.at(key), value: l.at(n)}
	l.groups[f.path] = s.key
	l.cfg.settings[f.path] = s
	switch n.Kind {
	case yaml.SequenceNode:
		l.choose(f, l.items(f, n))
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if c := f.child(n.Content[i].Value); c != nil {
				l.value(c).FieldByName("Enabled").SetBool(true)
			}
		}
		l.applyMapping(f, n)
	default:
		l.fail(l.at(n), "%s: must be a list such as [%s]", f.path, strings.Join(f.names(), ", "))
		l.spoil(f)
	}
}
