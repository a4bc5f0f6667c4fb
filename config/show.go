package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Value is one effective key, for display. The value of a secret is masked.
type Value struct {
	Path   string `json:"path"`
	Value  string `json:"value"`
	Origin string `json:"origin"` // "file:line", "LANYARD_X (environment)", "x (credential)" or "default"
}

// Values lists every key this version obeys with its effective value and
// where that came from, in the order of the reference.
func Values(c Config) []Value {
	var out []Value
	root := tree()
	root.revive(c)
	for _, f := range root.children {
		if f.choice {
			out = append(out, Value{f.path, enabled(c, f), c.settings[f.path].value.String()})
		}
		for _, leaf := range f.leaves() {
			if leaf.shorthand || leaf.fromFile {
				continue
			}
			v := leaf.in(reflect.ValueOf(c))
			out = append(out, Value{leaf.path, display(v), c.settings[leaf.target].value.String()})
		}
	}
	return out
}

// Show prints the effective configuration, one key a line with its origin
// behind it. Secrets are masked; see [Secret.String].
func Show(c Config) string {
	values := Values(c)
	width := 0
	for _, v := range values {
		if n := len(v.Path) + len(v.Value); n > width && n <= 70 {
			width = n
		}
	}
	var b strings.Builder
	for _, v := range values {
		pad := max(width-len(v.Path)-len(v.Value), 0)
		fmt.Fprintf(&b, "%s: %s%s  # %s\n", v.Path, v.Value, strings.Repeat(" ", pad), v.Origin)
	}
	return b.String()
}

// enabled lists the members of a choice that are on.
func enabled(c Config, f *field) string {
	var names []string
	for _, m := range f.children {
		if reflect.ValueOf(c).FieldByIndex(m.index).FieldByName("Enabled").Bool() {
			names = append(names, m.name)
		}
	}
	return "[" + strings.Join(names, ", ") + "]"
}

// display writes a value as the file would have it.
func display(v reflect.Value) string {
	if v.Kind() == reflect.Slice {
		items := make([]string, v.Len())
		for i := range items {
			items[i] = display(v.Index(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		return formatDuration(x)
	case string:
		if x == "" || strings.TrimSpace(x) != x || strings.ContainsAny(x, "#\"'{}[],&*!|>%@`") || strings.Contains(x, ": ") {
			return fmt.Sprintf("%q", x)
		}
		return x
	case Secret:
		if x == "" {
			return `""`
		}
		return x.String()
	default:
		return fmt.Sprint(x)
	}
}
