package main

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

func (p *program) metadataCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "metadata", Short: "SAML metadata: the hub's own, and files of partners"}
	cmd.AddCommand(p.metadataLint(), p.metadataPublish())
	return cmd
}

func (p *program) metadataLint() *cobra.Command {
	var id, verifyWith string
	cmd := &cobra.Command{
		Use: "lint FILE", Short: "Say what is wrong with a partner's metadata", Args: cobra.ExactArgs(1),
		Example: "  lanyard metadata lint pas.xml\n  curl -s https://pas.example/metadata | lanyard metadata lint -",
		RunE: func(cmd *cobra.Command, args []string) error {
			doc, err := readInput(cmd, args[0], int64(xmlsec.MetadataLimits().MaxBytes)+1)
			if err != nil {
				return exitError{exitMissing, err}
			}
			keys, err := readVerifyKeys(verifyWith)
			if err != nil {
				return err
			}
			entity, err := trust.ReadEntity(doc, id, keys...)
			if err != nil {
				return exitError{exitRefused, inFile(args[0], err, trust.ErrInvalid)}
			}
			if id != "" && entity.ID != id {
				return exitError{exitRefused, fmt.Errorf("%s: is the metadata of %s", args[0], entity.ID)}
			}
			findings := metadata.Lint(entity, time.Now(), p.lintOptions()...)
			if err := p.printFindings(entity, findings); err != nil {
				return err
			}
			if metadata.Blocking(findings) {
				return exitError{exitRefused, fmt.Errorf("%s: cannot be a partner", entity.ID)}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&id, "entity", "", "entity ID, to choose from an aggregate of several")
	cmd.Flags().StringVar(&verifyWith, "verify-with", "", "PEM file of certificates or public keys, one of which must have signed the whole")
	return cmd
}

// readVerifyKeys reads a file of keys; no name, no keys.
func readVerifyKeys(name string) ([]crypto.PublicKey, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, exitError{exitMissing, err}
	}
	keys, err := trust.ReadVerifyKeys(text)
	if err != nil {
		return nil, exitError{exitRefused, inFile(name, err, trust.ErrInvalid)}
	}
	return keys, nil
}

// readInput reads a file, or standard input for "-", at most so many bytes.
func readInput(cmd *cobra.Command, name string, limit int64) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(cmd.InOrStdin(), limit))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

func (p *program) lintOptions() []metadata.LintOption {
	if p.lab {
		return []metadata.LintOption{metadata.Lab}
	}
	return nil
}

func (p *program) printFindings(entity metadata.Entity, findings []metadata.Finding) error {
	if p.json {
		type row struct{ Severity, Code, Message string }
		rows := make([]row, len(findings))
		for i, f := range findings {
			rows[i] = row{severity(f), f.Code, f.Message}
		}
		return json.NewEncoder(p.out).Encode(struct {
			ID       string
			Findings []row
		}{entity.ID, rows})
	}
	for _, f := range findings {
		fmt.Fprintf(p.out, "%s: %s: %s\n", severity(f), f.Code, f.Message)
	}
	if len(findings) == 0 {
		fmt.Fprintf(p.out, "%s: nothing is wrong\n", entity.ID)
	}
	return nil
}

func severity(f metadata.Finding) string {
	if f.Severity == metadata.Error {
		return "error"
	}
	return "warning"
}

// warnOf prints the warnings about a partner's metadata. Its errors have refused it before.
func (p *program) warnOf(partner trust.Partner, now time.Time) {
	if partner.SAML == nil {
		return
	}
	for _, f := range partner.SAML.Lint(now, append(p.lintOptions(), metadata.Keyless)...) {
		fmt.Fprintf(p.err, "%s: %s: metadata: %s: %s\n", severity(f), partner.ID, f.Code, f.Message)
	}
}

func (p *program) metadataPublish() *cobra.Command {
	return &cobra.Command{
		Use: "publish", Short: "Print the hub's own metadata, signed", Args: cobra.NoArgs,
		Example: "  lanyard metadata publish > hub.xml",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			c, err := p.load()
			if err != nil {
				return err
			}
			h, err := hub.New(cmd.Context(), hub.Options{Config: c, Lab: p.lab, Log: slog.New(slog.DiscardHandler), Version: version()})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(cmd.Context()))) }()
			doc, err := h.Metadata()
			if err != nil {
				return err
			}
			_, err = p.out.Write(doc)
			return err
		},
	}
}
