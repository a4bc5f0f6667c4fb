package main

import (
	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/cmd/agent"
	"github.com/lanyard-hub/lanyard/cmd/agent/loopback"
)

func (p *program) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show readers and card of the running agent, as JSON", Args: noArgs,
		Example: "  lanyard-agent status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			running, err := p.running(cmd)
			if err != nil {
				return err
			}
			state, err := running.State(cmd.Context())
			if err != nil {
				return err
			}
			_, err = p.out.Write(state)
			return err
		},
	}
}

// running finds the agent of this user.
func (p *program) running(cmd *cobra.Command) (agent.Running, error) {
	config, err := p.load()
	if err != nil {
		return agent.Running{}, err
	}
	return agent.Find(cmd.Context(), config.Ports, loopback.System{})
}
