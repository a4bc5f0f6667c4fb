package main

import (
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/cmd/agent"
)

// program is what the commands share.
type program struct {
	in       io.Reader
	out, err io.Writer
	config   string // --config
	lab      bool   // --lab
}

func newRoot(in io.Reader, out, errs io.Writer) *cobra.Command {
	p := &program{in: in, out: out, err: errs}
	root := &cobra.Command{
		Use: "lanyard-agent", Short: "Use the Smartcard of this workstation",
		Long:         "Signs in with the Smartcard in the reader, tells the hub when it comes or goes, and gives tickets to programs of this user.",
		Example:      "  lanyard-agent enrol --hub https://sso.trust.example --secret-file -\n  lanyard-agent run\n  lanyard-agent ticket get",
		SilenceUsage: true, SilenceErrors: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(out)
	root.SetErr(errs)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.PersistentFlags().StringVar(&p.config, "config", agent.ConfigFile(), "configuration file")
	root.PersistentFlags().BoolVar(&p.lab, "lab", false, "rehearse on one machine: permit http on *.localhost; never for patients")
	root.AddCommand(p.runCommand(), p.enrolCommand(), p.statusCommand(), p.ticketCommand(), p.versionCommand())
	return root
}

func (p *program) load() (agent.Config, error) { return agent.LoadConfig(p.config, p.lab) }

// logger writes to standard error: standard output is for answers.
func (p *program) logger(level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(p.err, &slog.HandlerOptions{Level: l}))
}

// noArgs makes words too many a mistake on the command line.
func noArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return usageError{err}
	}
	return nil
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.out, "lanyard-agent", version())
			return err
		},
	}
}

// version is the module's, or the commit that was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (info.Main.Version == "" || info.Main.Version == "(devel)") {
			return s.Value
		}
	}
	return info.Main.Version
}
