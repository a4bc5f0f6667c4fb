package main

import (
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust"
)

// program is what the commands share.
type program struct {
	out, err io.Writer
	env      []string
	config   string // --config
	lab      bool   // --lab
	json     bool   // --json
}

func newRoot(out, errs io.Writer, env []string) *cobra.Command {
	p := &program{out: out, err: errs, env: env}
	root := &cobra.Command{
		Use: "lanyard", Short: "Federation hub and protocol bridge for hospitals",
		Long:         "A clinician signs in once, with a Smartcard or a FIDO key, and every system gets what it speaks:\na SAML assertion, OIDC tokens or a legacy ticket.",
		Example:      "  lanyard demo\n  lanyard init --dir /etc/lanyard --issuer https://sso.trust.example\n  lanyard serve --config /etc/lanyard/lanyard.yaml",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.SetOut(out)
	root.SetErr(errs)
	root.SetFlagErrorFunc(misused)
	flags := root.PersistentFlags()
	flags.StringVar(&p.config, "config", "/etc/lanyard/lanyard.yaml", "configuration file")
	flags.BoolVar(&p.lab, "lab", false, "rehearse on one machine: permit http and *.localhost; never for patients")
	flags.BoolVar(&p.json, "json", false, "print JSON")
	root.AddCommand(p.serveCommand(), p.demoCommand(), p.initCommand(), p.configCommand(), p.keysCommand(), p.cardsCommand(), p.partnerCommand(), p.metadataCommand(), p.peopleCommand(), p.sessionCommand(), p.ticketCommand(),
		p.emergencyCommand(), p.policyCommand(), p.traceCommand(), p.decodeCommand(), p.auditCommand(), p.healthCommand(), p.versionCommand())
	root.AddCommand(p.workstationCommand())
	strict(root)
	root.SetUsageTemplate(examplesFirst(root.UsageTemplate()))
	return root
}

// load reads the configuration and prints every problem; exit 3 if it cannot be used.
func (p *program) load() (config.Config, error) {
	c, report := config.Load(p.config, p.env, config.Options{Production: true, Lab: p.lab, Now: time.Now()})
	if len(report) > 0 {
		if _, err := report.WriteTo(p.err); err != nil {
			return c, err
		}
	}
	if report.HasErrors() {
		return c, exitError{code: exitConfig}
	}
	return c, nil
}

// open loads the configuration and opens the store, beside a running server or without one.
func (p *program) open(cmd *cobra.Command) (config.Config, hub.Store, error) {
	c, err := p.load()
	if err != nil {
		return c, nil, err
	}
	store, err := hub.OpenStore(cmd.Context(), c)
	if err != nil {
		return c, nil, exitError{exitStore, err}
	}
	return c, store, nil
}

// compiler judges partners as the hub of this configuration does.
func (p *program) compiler(c config.Config) (trust.Compiler, trust.CompileOptions, error) {
	defaults, err := hub.SAMLDefaults(c)
	if err != nil {
		return trust.Compiler{}, trust.CompileOptions{}, exitError{exitConfig, err}
	}
	compiler, err := trust.NewCompiler()
	return compiler, trust.CompileOptions{Lab: p.lab, Now: time.Now(), SAML: defaults}, err
}

// logger writes to standard output, as the configuration says.
func (p *program) logger(c config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(p.out, options))
	}
	return slog.New(slog.NewJSONHandler(p.out, options))
}

// folder is the directory of a named file as a file system, for the files that it names.
func folder(dir string) fs.FS { return os.DirFS(dir) }
