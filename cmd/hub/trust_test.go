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
