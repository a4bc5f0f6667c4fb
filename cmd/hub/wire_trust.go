package hub

import (
	"context"

	"github.com/lanyard-hub/lanyard/trust"
)

func (h *Hub) wireTrust(ctx context.Context) error {
	compiler, err := trust.NewCompiler()
	if err != nil {
		return err
	}
	h.registry = trust.NewRegistry(h.store, compiler, h.options.Lab, h.options.Clock)
	return h.reloadRegistry(ctx)
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
