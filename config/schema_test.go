package config

import (
	"encoding/json"
	"slices"
	"testing"
)

// TestSchema keeps the checked-in schema equal to the structs.
func TestSchema(t *testing.T) {
	golden(t, "lanyard.schema.json", string(Schema()))
}

// TestSchemaKnowsEveryKey walks the JSON as an editor would.
func TestSchemaKnowsEveryKey(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, node map[string]any) []string
	walk = func(path string, node map[string]any) []string {
		if alternatives, ok := node["oneOf"].([]any); ok && node["properties"] == nil {
			node = alternatives[1].(map[string]any)
		}
		if named, ok := node["additionalProperties"].(map[string]any); ok {
			return walk(join(path, placeholder), named)
		}
		properties, ok := node["properties"].(map[string]any)
		if !ok {
			return []string{path}
		}
		if node["additionalProperties"] != false {
			t.Errorf("%s is open", path)
		}
		var out []string
		for name, child := range properties {
			out = append(out, walk(join(path, name), child.(map[string]any))...)
		}
		return out
	}
	got := walk("", root)
	var want []string
	all := tree()
	name(all)
	for _, f := range all.leaves() {
		want = append(want, f.path)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// name makes one group of every mapping from names.
func name(f *field) {
	for _, c := range f.children {
		if c.named {
			c.instance(placeholder, 0)
		}
		name(c)
	}
}
