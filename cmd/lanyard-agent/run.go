package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/cmd/agent"
	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/cmd/agent/loopback"
)

// Memory: the agent sits on every workstation, and does little.
const (
	memoryLimit = 12 << 20 // bytes of Go's heap and runtime
	gcPercent   = 25
)

func (p *program) runCommand() *cobra.Command {
	var role string
	c := &cobra.Command{
		Use: "run", Short: "Run the agent of this session, until it is ended", Args: noArgs,
		Example: "  lanyard-agent run --config /etc/lanyard/agent.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			debug.SetMemoryLimit(memoryLimit)
			debug.SetGCPercent(gcPercent)
			if err := noCore(); err != nil {
				return err
			}
			config, err := p.load()
			if err != nil {
				return err
			}
			a, err := agent.New(agent.Options{
				Config: config, Log: p.logger(config.Log.Level), Version: version(), Lab: p.lab, Role: role,
				Load: card.Load, Peers: loopback.System{}, Now: time.Now,
			})
			if err != nil {
				return err
			}
			ctx, stop := context.WithCancel(cmd.Context())
			defer stop()
			defer ending(stop)()
			return a.Run(ctx, func(port, service int) {
				fmt.Fprintf(p.out, "port %d service %d\n", port, service)
				go rest(ctx)
			})
		},
	}
	c.Flags().StringVar(&role, "role", "", "id of the role profile to take for tickets when there are several")
	return c
}

// Times at which memory is given back: once the first cards are read, and then now and then.
const (
	firstRest = 5 * time.Second
	laterRest = 10 * time.Minute
)

// rest gives memory back until ctx ends.
func rest(ctx context.Context) {
	for wait := firstRest; ; wait = laterRest {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			debug.FreeOSMemory()
			trim()
		}
	}
}
