package hub

import (
	"context"

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
	h.registry.SAML = samlDefaults(h.options.Config.SAML)
	return h.reloadRegistry(ctx)
}

// samlDefaults are the configuration's, in the words of the terms.
func samlDefaults(c config.SAML) trust.SAMLDefaults {
	d := trust.SAMLDefaults{Encrypt: c.Encrypt, Algorithm: string(keyring.RS256)}
	if c.Encrypt == "required-by-terms" {
		d.Encrypt = "never"
	}
	if c.Sign == "ecdsa-sha256" {
		d.Algorithm = string(keyring.ES256)
	}
	return d
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
