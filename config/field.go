package config

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// field is one key: a group of keys, or a leaf with a type.
type field struct {
	name     string // last segment, as written in the file
	path     string // dotted path, as written in the file
	target   string // path of the struct field it sets; differs from path for shorthands and *_file
	index    []int  // where in Config
	typ      reflect.Type
	children []*field

	doc, format       string
	fallback, derived string // default as text; default computed from other keys, in words
	enum              []string
	aliases           map[string]string // other spellings of enum values
	min, max          string
	required          bool
	choice            bool // a list of child names may stand for the mapping
	secret            bool // value must not be shown
	fromFile          bool // value is the content of the named file
	shorthand         bool
	named             bool     // a mapping from names, which the file chooses, to groups; children are what each of them may hold
	instances         []*field // of a named field: the groups that the file has
}

func (f *field) group() bool { return f.typ.Kind() == reflect.Struct }

func (f *field) list() bool { return f.typ.Kind() == reflect.Slice && !f.named }

// names returns the names of the keys in a group.
func (f *field) names() []string {
	out := make([]string, 0, len(f.children))
	for _, c := range f.children {
		out = append(out, c.name)
	}
	return out
}

// members are what is right below a field: the keys of a group, or the groups that the file has of a named field.
func (f *field) members() []*field {
	if f.named {
		return f.instances
	}
	return f.children
}

// child finds a key of a group by name, or returns nil.
func (f *field) child(name string) *field {
	for _, c := range f.members() {
		if c.name == name {
			return c
		}
	}
	return nil
}

// leaves returns every leaf below f, in the order of the structs.
func (f *field) leaves() []*field {
	if !f.group() && !f.named {
		return []*field{f}
	}
	var out []*field
	for _, c := range f.members() {
		out = append(out, c.leaves()...)
	}
	return out
}

// find returns the field at a dotted path, or nil.
func (f *field) find(path string) *field {
	at := f
	for _, name := range strings.Split(path, ".") {
		if at = at.child(name); at == nil {
			return nil
		}
	}
	return at
}

// tree derives the keys from the tags of Config, and adds the two shorthands.
func tree() *field {
	root := &field{typ: reflect.TypeFor[Config]()}
	root.children = grow(root)
	for _, s := range [][2]string{{"listen", "listeners.public.address"}, {"tls", "listeners.public.tls"}} {
		short := shorten(root.find(s[1]), s[0], s[0])
		short.doc = "Short for " + s[1] + ". " + short.doc
		at := slices.IndexFunc(root.children, func(c *field) bool { return c.name == "listeners" })
		root.children = slices.Insert(root.children, at, short)
	}
	return root
}

// grow makes the children of a group from the struct's tags.
func grow(parent *field) []*field {
	var out []*field
	for i := range parent.typ.NumField() {
		sf := parent.typ.Field(i)
		if sf.Tag.Get("key") == "" {
			continue
		}
		f := leaf(parent, sf, i)
		switch {
		case f.named:
			f.children = grow(&field{path: join(f.path, placeholder), typ: f.typ.Elem()})
		case f.group():
			f.children = grow(f)
		}
		out = append(out, f)
		if f.secret {
			out = append(out, fileOf(f))
		}
	}
	return out
}

func leaf(parent *field, sf reflect.StructField, i int) *field {
	tag := sf.Tag
	f := &field{
		name: tag.Get("key"), index: append(slices.Clone(parent.index), i), typ: sf.Type,
		doc: tag.Get("doc"), format: tag.Get("format"),
		fallback: tag.Get("default"), derived: tag.Get("derived"),
		enum: choices(tag.Get("enum")), min: tag.Get("min"), max: tag.Get("max"),
		required: tag.Get("required") != "", choice: tag.Get("choice") != "",
		secret: sf.Type == reflect.TypeFor[Secret](), named: tag.Get("named") != "",
	}
	for _, a := range strings.Fields(tag.Get("alias")) {
		other, value, _ := strings.Cut(a, "=")
		f.aliases = map[string]string{other: value}
	}
	f.path = join(parent.path, f.name)
	f.target = f.path
	return f
}

// choices are the words of a tag, or what stands between its bars, where one has spaces in it.
func choices(tag string) []string {
	if strings.Contains(tag, "|") {
		return strings.Split(tag, "|")
	}
	return strings.Fields(tag)
}

// fileOf is the key that names a file holding the value of a secret key.
func fileOf(secret *field) *field {
	f := *secret
	f.name, f.path = secret.name+"_file", secret.path+"_file"
	f.doc = "File whose content is " + secret.path + "; mode 0600. Only one of the two may be given."
	f.fromFile, f.secret, f.format = true, false, "keyfile"
	return &f
}

// shorten copies a field and what is below it under another path.
func shorten(of *field, name, path string) *field {
	f := *of
	f.name, f.path, f.shorthand = name, path, true
	f.children = nil
	for _, c := range of.children {
		f.children = append(f.children, shorten(c, c.name, join(path, c.name)))
	}
	return &f
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// variable is the name of a leaf in the environment.
func (f *field) variable() string {
	return environmentPrefix + strings.ToUpper(strings.ReplaceAll(f.path, ".", "__"))
}

// fileNames says whether the value names files, which resolve against the
// directory of the configuration file.
func (f *field) fileNames() bool {
	switch f.format {
	case "file", "keyfile", "newkeyfile", "path":
		return true
	default:
		return false
	}
}

// secretFile says whether the named file holds a secret.
func (f *field) secretFile() bool { return f.format == "keyfile" || f.format == "newkeyfile" }

func (f *field) duration() bool { return f.typ == reflect.TypeFor[time.Duration]() }
