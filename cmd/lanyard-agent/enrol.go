package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/cmd/agent"
	"github.com/lanyard-hub/lanyard/cmd/agent/channel"
)

// maxSecret bounds what is read of a secret, in bytes.
const maxSecret = 1024

func (p *program) enrolCommand() *cobra.Command {
	var hub, file string
	c := &cobra.Command{
		Use: "enrol", Short: "Make the hub believe this workstation, by a one-time secret", Args: noArgs,
		Long:    "Makes a key for this workstation and has the hub believe it. The secret comes from `lanyard workstation add` and is good once.",
		Example: "  lanyard-agent enrol --hub https://sso.trust.example --secret-file -",
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := p.load()
			if err != nil {
				return err
			}
			if hub = strings.TrimSuffix(hub, "/"); hub != "" && hub != config.Hub.Issuer {
				return usageError{fmt.Errorf("--hub is not hub.issuer of %s, which is %s", p.config, config.Hub.Issuer)}
			}
			secret, err := p.secret(file)
			if err != nil {
				return err
			}
			client, err := agent.Client(config.Hub, p.lab)
			if err != nil {
				return err
			}
			i, err := channel.Enrol(cmd.Context(), client, config.Hub.Issuer, secret, config.StateDir, time.Now())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.out, "enrolled %q as workstation %s of %s\n", i.Name, i.ID, i.Issuer)
			return err
		},
	}
	c.Flags().StringVar(&hub, "hub", "", "the hub's address; it must be hub.issuer of the configuration")
	c.Flags().StringVar(&file, "secret-file", "-", "file with the one-time secret; - is standard input")
	return c
}

// secret reads the one line of a file or of standard input.
func (p *program) secret(file string) (string, error) {
	from := p.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxSecret+1))
	secret := strings.TrimSpace(string(text))
	if err != nil || secret == "" || len(text) > maxSecret {
		return "", errors.Join(channel.ErrSecret, err)
	}
	return secret, nil
}
