package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/cmd/demo"
)

func (p *program) demoCommand() *cobra.Command {
	o := demo.Options{Version: version()}
	var quiet, verbose bool
	cmd := &cobra.Command{
		Use: "demo", Short: "Run the hub with sample partners, invented people and software cards on this machine", Args: cobra.NoArgs,
		Long: "One process on loopback: the hub, a SAML, an OpenID Connect and a legacy ticket app, invented people, and a software card\n" +
			"and security key for each of them that really sign. Not for patients.",
		Example: "  lanyard demo\n  lanyard demo --dir /tmp/demo --port 8420 --no-browser",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Port < 0 || o.Port > 65535 {
				return exitError{exitUsage, fmt.Errorf("--port %d is not a port", o.Port)}
			}
			if verbose {
				o.Log = slog.New(slog.NewTextHandler(p.err, nil))
			}
			d, err := demo.Start(cmd.Context(), o)
			if errors.Is(err, demo.ErrFence) {
				return exitError{exitRefused, err}
			}
			if err != nil {
				return err
			}
			out, bold := p.out, false
			if s, ok := out.(screen); ok {
				out, bold = s.Writer, true
			}
			if err := d.Describe(out, bold); err != nil {
				return errors.Join(err, d.Close(cmd.Context()))
			}
			if !quiet {
				openBrowser(cmd.Context(), d.URL())
			}
			<-cmd.Context().Done()
			return d.Close(context.WithoutCancel(cmd.Context()))
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Dir, "dir", "", "directory to keep keys, cards, store, demo.json and demo.yaml in; a temporary one if left out")
	f.IntVar(&o.Port, "port", 8420, "port of the hub; the next ones are used for cards and apps; 0: any that is free")
	f.BoolVar(&quiet, "no-browser", false, "do not open a browser")
	f.BoolVar(&verbose, "verbose", false, "log to standard error")
	return cmd
}

// openBrowser does its best: the address is on the terminal anyway.
func openBrowser(ctx context.Context, target string) {
	var opener *exec.Cmd
	switch runtime.GOOS {
	case "darwin":
		opener = exec.CommandContext(ctx, "open", target)
	case "windows":
		opener = exec.CommandContext(ctx, "rundll32", "url.dll,FileProtocolHandler", target)
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return
		}
		opener = exec.CommandContext(ctx, "xdg-open", target)
	}
	if opener.Start() == nil {
		go func() { _ = opener.Wait() }() // whatever became of it
	}
}
