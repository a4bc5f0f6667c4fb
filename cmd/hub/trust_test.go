package hub

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust"
)

// TestUnofferedResponseTypes: whoever runs the hub is told of clients that ask in vain for what their terms allow.
func TestUnofferedResponseTypes(t *testing.T) {
	compiler, err := trust.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	store := memory.NewAt(time.Now)
	d := trust.Document{Partner: "old-app", Protocol: trust.OIDC, Stage: trust.Live, OIDC: &trust.OIDCDocument{
		Auth: trust.AuthNone, RedirectURIs: []string{"https://app.example/cb"}, ResponseTypes: []string{"code", "id_token", "code id_token"},
	}}
	change, err := trust.Propose(t.Context(), store, compiler, d, nil, trust.CompileOptions{})
	if err == nil {
		err = change.Apply(t.Context(), store, time.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	h := &Hub{options: Options{Config: config.Config{OIDC: config.OIDC{ResponseTypes: []string{"id_token"}}}, Log: slog.New(slog.NewTextHandler(&log, nil)), Clock: time.Now}, metrics: newMetrics()}
	h.registry = trust.NewRegistry(store, compiler, false, time.Now)
	if err := h.reloadRegistry(t.Context()); err != nil {
		t.Fatal(err)
	}
	if said := log.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, "partner=old-app") || !strings.Contains(said, `response_type="code id_token"`) {
		t.Errorf("said %q", said)
	}
}

// TestExpiredMetadataIsSaid: whoever runs the hub is told of partners that are not answered any more for the age of their metadata.
func TestExpiredMetadataIsSaid(t *testing.T) {
	compiler, err := trust.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	store := memory.NewAt(func() time.Time { return now })
	for name, until := range map[string]string{"old": ` validUntil="2026-11-26T00:00:00Z"`, "new": ` validUntil="2026-12-26T00:00:00Z"`, "bare": ""} {
		id := "https://" + name + ".example/sp"
		entity := `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + id + `"` + until + `><md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
			`<md:AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs"/></md:SPSSODescriptor></md:EntityDescriptor>`
		change, err := trust.Propose(t.Context(), store, compiler, trust.Document{Partner: id, Protocol: trust.SAML2, Stage: trust.Live}, []byte(entity), trust.CompileOptions{Lab: true, Now: now})
		if err == nil {
			err = change.Apply(t.Context(), store, now)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(24 * time.Hour)
	var log bytes.Buffer
	clock := func() time.Time { return now }
	h := &Hub{options: Options{Lab: true, Log: slog.New(slog.NewTextHandler(&log, nil)), Clock: clock}, metrics: newMetrics()}
	h.registry = trust.NewRegistry(store, compiler, true, clock)
	if err := h.reloadRegistry(t.Context()); err != nil {
		t.Fatal(err)
	}
	if said := log.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, "has expired") || !strings.Contains(said, "partner=https://old.example/sp") {
		t.Errorf("said %q", said)
	}
}
