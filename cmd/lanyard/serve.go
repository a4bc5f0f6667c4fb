package main

import (
	"context"
	"errors"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/cmd/hub"
)

func (p *program) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Run the hub", Args: cobra.NoArgs,
		Example: "  lanyard serve --config /etc/lanyard/lanyard.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.load()
			if err != nil {
				return err
			}
			o := hub.Options{Config: c, Log: p.logger(c.Log), Lab: p.lab, Mode: "0", Version: version()}
			if p.lab {
				o.Banner, o.Mode = "REHEARSAL - not for patients", "1"
				o.Log.Warn("rehearsal: http and *.localhost partners are permitted; never for patients")
			}
			h, err := hub.New(cmd.Context(), o)
			if err != nil {
				return startError(err)
			}
			if err := h.Start(cmd.Context()); err != nil {
				return exitError{exitFailure, errors.Join(err, h.Close(cmd.Context()))}
			}
			debug.FreeOSMemory() // what only starting needed
			go hub.TendMemory(cmd.Context())
			<-cmd.Context().Done()
			o.Log.Info("draining")
			return h.Close(context.WithoutCancel(cmd.Context()))
		},
	}
}

// startError tells a store that does not answer, and keys that must not be used, from everything else.
func startError(err error) error {
	switch {
	case errors.Is(err, hub.ErrStore):
		return exitError{exitStore, err}
	case errors.Is(err, hub.ErrDemo):
		return exitError{exitRefused, err}
	}
	return exitError{exitFailure, err}
}
