package oidc

import (
	"net/http"

	"github.com/lanyard-hub/lanyard/protocols/oidc/schema"
)

const schemasPath = "/oidc/schemas"

// schemas lists the JSON Schemas of what this provider says.
func (p *Provider) schemas(w http.ResponseWriter, _ *http.Request) {
	list := map[string]string{}
	for _, name := range schema.Names() {
		list[name] = p.url(schemasPath) + "/" + name
	}
	w.Header().Set("Cache-Control", publishedAge)
	write(w, http.StatusOK, list)
}

func (p *Provider) schema(w http.ResponseWriter, r *http.Request) {
	data, ok := schema.Read(r.PathValue("name"))
	if !ok {
		writeJSON(w, http.StatusNotFound, oauthError{Error: "not_found", Description: "There is no such schema; " + p.url(schemasPath) + " lists them."})
		return
	}
	w.Header().Set("Cache-Control", publishedAge)
	w.Header().Set("Content-Type", "application/schema+json")
	_, _ = w.Write(data) // the client went away: nothing to do about it
}
