package main

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

// version is that of the module build, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "devel"
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintln(p.out, "lanyard", version())
			return nil
		},
	}
}

func (p *program) healthCommand() *cobra.Command {
	return &cobra.Command{
		Use: "health", Short: "Ask a running hub whether it is ready; exit 0 or 1", Args: cobra.NoArgs,
		Example: "  lanyard health --config /etc/lanyard/lanyard.yaml",
		RunE: func(*cobra.Command, []string) error {
			c, err := p.load()
			if err != nil {
				return exitError{exitFailure, err}
			}
			client := http.Client{Timeout: 3 * time.Second}
			resp, err := client.Get("http://" + c.Listeners.Metrics.Address + "/readyz")
			if err != nil {
				return exitError{exitFailure, fmt.Errorf("not ready: nothing answers at listeners.metrics.address: %w", err)}
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return exitError{exitFailure, fmt.Errorf("not ready: %s", resp.Status)}
			}
			return nil
		},
	}
}
