package config

import (
	"reflect"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// placeholder stands for a name that the file chooses, in the reference.
const placeholder = "NAME"

// chosenName is what a name may look like: it occurs in paths of keys, in names of the environment, and in names of files.
var chosenName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)

// maxNamed bounds how many groups one mapping may have.
const maxNamed = 64

// in is the value of a field within a Config. Of a named group the index leads through the slice of all of them.
func (f *field) in(v reflect.Value) reflect.Value {
	for _, i := range f.index {
		if v.Kind() == reflect.Slice {
			v = v.Index(i)
		} else {
			v = v.Field(i)
		}
	}
	return v
}

// instance makes the group of one name, which is the nth.
func (f *field) instance(name string, n int) *field {
	group := &field{name: name, path: join(f.path, name), typ: f.typ.Elem(), index: append(slices.Clone(f.index), n), doc: f.doc}
	group.target = group.path
	group.children = grow(group)
	f.instances = append(f.instances, group)
	return group
}

// applyNamed reads a mapping from chosen names to groups.
func (l *loader) applyNamed(f *field, key, n *yaml.Node) {
	l.groups[f.path] = l.at(key)
	if null(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		l.fail(l.at(n), "%s: must be a mapping from names to keys such as %s", f.path, f.children[0].name)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		switch {
		case name.Kind != yaml.ScalarNode || !chosenName.MatchString(name.Value):
			l.fail(l.at(name), "%s: a name is of small letters, digits and _, and begins with a letter", f.path)
		case f.child(name.Value) != nil:
			l.fail(l.at(name), "%s: duplicate name %q", f.path, name.Value)
		case len(f.instances) >= maxNamed:
			l.fail(l.at(name), "%s: more than %d names", f.path, maxNamed)
			return
		default:
			all := l.value(f)
			one := reflect.New(f.typ.Elem()).Elem()
			one.FieldByName("Name").SetString(name.Value)
			all.Set(reflect.Append(all, one))
			group := f.instance(name.Value, all.Len()-1)
			l.fallBack(group)
			l.apply(group, name, n.Content[i+1])
		}
	}
}

// revive makes the groups that a Config has, in a tree that has read no file.
func (f *field) revive(c Config) {
	for _, child := range f.children {
		if child.named {
			all := child.in(reflect.ValueOf(c))
			for i := range all.Len() {
				child.instance(all.Index(i).FieldByName("Name").String(), i)
			}
		} else if child.group() {
			child.revive(c)
		}
	}
}
