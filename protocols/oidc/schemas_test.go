package oidc

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/lanyard-hub/lanyard/protocols/oidc/schema"
)

// compiled are the published schemas.
var compiled = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	out := map[string]*jsonschema.Schema{}
	c := jsonschema.NewCompiler()
	for _, name := range schema.Names() {
		data, _ := schema.Read(name)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if err := c.AddResource(name, doc); err != nil {
			return nil, err
		}
		if out[name], err = c.Compile(name); err != nil {
			return nil, err
		}
	}
	return out, nil
})

// conforms validates a JSON document against a published schema.
func conforms(t testing.TB, name string, doc []byte) {
	t.Helper()
	all, err := compiled()
	must(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	must(t, err)
	if err := all[name].Validate(value); err != nil {
		t.Errorf("not as the schema %s says: %v\n%s", name, err, doc)
	}
}

// conformsByShape validates whatever an endpoint of the provider said, and the tokens in it. Every answer that a test of this room
// reads passes here.
func conformsByShape(t testing.TB, got reply) {
	t.Helper()
	if !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
		return
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(got.body), &members) != nil {
		return
	}
	switch {
	case members["error"] != nil:
		conforms(t, "error", []byte(got.body))
	case members["active"] != nil:
		conforms(t, "introspection", []byte(got.body))
	case members["access_token"] != nil:
		conforms(t, "token-response", []byte(got.body))
		var id string
		if json.Unmarshal(members["id_token"], &id) == nil && id != "" {
			conforms(t, "id-token", payloadOf(t, id))
		}
	case members["sub"] != nil && members["issuer"] == nil:
		conforms(t, "userinfo", []byte(got.body))
	}
}

func payloadOf(t testing.TB, token string) []byte {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %s", token)
	}
	raw, err := b64.DecodeString(parts[1])
	must(t, err)
	return raw
}

// TestSchemas: they are published, and say what they are.
func TestSchemas(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	var list map[string]string
	must(t, json.Unmarshal([]byte(b.get(schemasPath).body), &list))
	if len(list) != len(schema.Names()) || len(list) == 0 {
		t.Fatalf("listed %v", list)
	}
	for name, address := range list {
		got := b.get(strings.TrimPrefix(address, issuer))
		var doc struct {
			Dialect string `json:"$schema"`
			ID      string `json:"$id"`
		}
		must(t, json.Unmarshal([]byte(got.body), &doc))
		if doc.ID != "urn:lanyard:schema:"+name || doc.Dialect == "" || got.header.Get("Content-Type") != "application/schema+json" {
			t.Errorf("%s: %+v %v", name, doc, got.header)
		}
	}
	if got := b.get(schemasPath + "/nothing"); got.status != http.StatusNotFound {
		t.Errorf("no such schema: %d", got.status)
	}
}

// TestSchemasBite: a document that lacks what is always there, or has another type, does not pass.
func TestSchemasBite(t *testing.T) {
	all, err := compiled()
	must(t, err)
	for name, doc := range map[string]string{
		"id-token": `{"iss":"https://x","sub":"1"}`, "userinfo": `{"sub":"1","idassurancelevel":3}`, "logout-token": `{"iss":"x","nonce":"n"}`,
		"access-token": `{"iss":"x"}`, "introspection": `{"active":false,"scope":"openid"}`, "token-response": `{"access_token":"x","token_type":"MAC","expires_in":"599"}`, "error": `{"error_description":"x"}`,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(doc))
		must(t, err)
		if all[name].Validate(value) == nil {
			t.Errorf("%s lets %s pass", name, doc)
		}
	}
}
