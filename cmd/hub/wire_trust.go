package hub

import (
	"context"
	"fmt"

	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

func (h *Hub) wireTrust(ctx context.Context) error {
	compiler, err := trust.NewCompiler()
	if err != nil {
		return err
	}
	h.registry = trust.NewRegistry(h.store, compiler, h.options.Lab, h.options.Clock)
	if h.registry.SAML, err = SAMLDefaults(h.options.Config.SAML); err != nil {
		return err
	}
	return h.reloadRegistry(ctx)
}

// SAMLDefaults are the configuration's, in the words of the terms. An error is of its authentication context classes.
func SAMLDefaults(c config.SAML) (trust.SAMLDefaults, error) {
	d := trust.SAMLDefaults{Encrypt: c.Encrypt, Algorithm: string(keyring.RS256)}
	if c.Encrypt == "required-by-terms" {
		d.Encrypt = "never"
	}
	if c.Sign == "ecdsa-sha256" {
		d.Algorithm = string(keyring.ES256)
	}
	var err error
	if d.Contexts, err = trust.MergeContexts(trust.DefaultContexts(), c.Contexts); err != nil {
		return d, fmt.Errorf("saml.contexts: %w", err)
	}
	return d, nil
}

func (h *Hub) reloadRegistry(ctx context.Context) error {
	if err := h.registry.Load(ctx); err != nil {
		return err
	}
	if err := h.registry.Broken(); err != nil {
		h.options.Log.WarnContext(ctx, "partners not served", "error", err.Error())
	}
	h.metrics.registry.Set(float64(h.registry.Revision()))
	return nil
}
