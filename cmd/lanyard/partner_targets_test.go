package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestHintOfTargets: a partner that terms name and nobody registered is told of, unless the same file brings it.
func TestHintOfTargets(t *testing.T) {
	h := newRehearsed(t)
	const client = "partner: epr\nprotocol: oidc\nstage: live\noidc: { auth: private_key_jwt, jwks_uri: 'https://epr.example/jwks', grants: [client_credentials], resource_servers: [fhir, lab], exchange: [lab], smart: { launches: [fhir] } }\n"
	const server = "---\npartner: fhir\nprotocol: oidc\nstage: live\noidc: { auth: none, access_token: jwt, resource: ['https://fhir.example'] }\n"
	h.with("", map[string]string{"epr.yaml": client, "both.yaml": client + server})
	for _, c := range []struct {
		file string
		want []string
	}{{"both.yaml", []string{"lab"}}, {"epr.yaml", []string{"lab"}}} {
		_, hints, err := h.both("partner", "apply", "-f", filepath.Join(h.dir, c.file))
		if err != nil || strings.Count(hints, "is not registered") != len(c.want) || !strings.Contains(hints, "name the partner "+c.want[0]) {
			t.Errorf("%s: %q, %v", c.file, hints, err)
		}
	}
	other := newRehearsed(t)
	other.with("", map[string]string{"epr.yaml": client})
	if _, hints, err := other.both("partner", "apply", "-f", filepath.Join(other.dir, "epr.yaml")); err != nil || strings.Count(hints, "is not registered") != 2 {
		t.Errorf("alone: %q, %v", hints, err)
	}
}
