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
	for _, f := range tree().leaves() {
		want = append(want, f.path)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
