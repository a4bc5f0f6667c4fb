package config

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
)

// schema is the part of JSON Schema draft-07 that the keys need.
type schema struct {
	Schema      string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        string             `json:"type,omitempty"`
	Default     any                `json:"default,omitempty"`
	Enum        []any              `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Unique      bool               `json:"uniqueItems,omitempty"`
	OneOf       []*schema          `json:"oneOf,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Closed      any                `json:"additionalProperties,omitempty"` // false, or the schema of what has a name of its own
}

// Schema returns a JSON Schema (draft-07) of the file for editors. It knows
// keys, types and choices; only [Load] knows the rules between keys.
func Schema() []byte {
	root := schemaOf(tree())
	root.Schema = "http://json-schema.org/draft-07/schema#"
	root.Title = "Lanyard configuration"
	b, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil // only a cycle or an odd type could do this; TestSchema sees it
	}
	return append(b, '\n')
}

func schemaOf(f *field) *schema {
	if f.named {
		return &schema{Description: f.doc, Type: "object", Closed: groupSchema(f)}
	}
	if f.group() {
		return groupSchema(f)
	}
	s := scalarSchema(f)
	if f.list() {
		s = &schema{Type: "array", Items: s}
	}
	s.Description = f.doc
	if f.fallback != "" {
		s.Default = defaultOf(f)
	}
	return s
}

func groupSchema(f *field) *schema {
	s := &schema{Description: f.doc, Type: "object", Properties: map[string]*schema{}, Closed: false}
	for _, c := range f.children {
		s.Properties[c.name] = schemaOf(c)
		if c.required {
			s.Required = append(s.Required, c.name)
		}
	}
	if !f.choice {
		return s
	}
	s.Description = ""
	for _, c := range s.Properties {
		c.OneOf = []*schema{{Type: "object"}, {Type: "null"}}
		c.Type = ""
	}
	names := &schema{Type: "array", Unique: true, Items: &schema{Type: "string", Enum: anys(f.names())}}
	return &schema{Description: f.doc, OneOf: []*schema{names, s}}
}

func scalarSchema(f *field) *schema {
	switch {
	case f.path == "version":
		return &schema{Type: "integer", Enum: []any{1}}
	case f.duration():
		return &schema{Type: "string", Pattern: `^([0-9.]+(d|h|m|s|ms))+$`}
	case len(f.enum) > 0:
		s := &schema{Type: "string", Enum: anys(f.enum)}
		for other := range f.aliases {
			s.Enum = append(s.Enum, other)
		}
		return s
	case f.typ.Kind() == reflect.Bool:
		return &schema{Type: "boolean"}
	case f.typ.Kind() == reflect.Int:
		return &schema{Type: "integer"}
	case f.elem() == reflect.TypeFor[netip.Prefix]():
		return &schema{Type: "string", Pattern: "/[0-9]+$"}
	default:
		return &schema{Type: "string"}
	}
}

// defaultOf is the default in JSON's own types, as one would write it.
func defaultOf(f *field) any {
	if f.list() {
		return strings.Fields(f.fallback)
	}
	switch f.typ.Kind() {
	case reflect.Bool:
		return f.fallback == "true"
	case reflect.Int:
		n, _ := strconv.Atoi(f.fallback)
		return n
	default:
		return f.fallback
	}
}

func anys(names []string) []any {
	out := make([]any, len(names))
	for i, n := range names {
		out[i] = n
	}
	return out
}
