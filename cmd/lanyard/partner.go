package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/adapters/httpsource"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

func (p *program) partnerCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "partner", Short: "Partners and their terms"}
	cmd.AddCommand(p.partnerApply(), p.partnerList(), p.partnerShow(), p.partnerExport(), p.partnerSuspend(), p.partnerRemove(), p.partnerTestLogout(),
		p.partnerInvite(), p.partnerInvitations(), p.partnerUninvite())
	return cmd
}

func (p *program) partnerApply() *cobra.Command {
	var file string
	var dryRun bool
	cmd := &cobra.Command{
		Use: "apply -f FILE", Short: "Approve partners as a file describes them", Args: cobra.NoArgs,
		Example: "  lanyard partner apply -f pas.yaml --dry-run\n  lanyard partner apply -f pas.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := os.Open(file)
			if err != nil {
				return exitError{exitMissing, err}
			}
			defer f.Close()
			docs, err := trust.ReadDocuments(f)
			if err != nil {
				return exitError{exitRefused, inFile(file, err, trust.ErrInvalid)}
			}
			c, store, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			compiler, o, err := p.compiler(c)
			if err != nil {
				return err
			}
			if ring, err := hub.LoadRing(c.Keys); err == nil {
				o.Keys = &ring
			} else {
				fmt.Fprintln(p.err, "warning: terms were not checked against the hub's keys:", err)
			}
			for _, d := range docs {
				if err := p.applyOne(cmd, store, d, proposal{compiler, o, file, docs, dryRun, c.RBAC.File != ""}); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "partner document (YAML), with the files it names beside it")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "check and compare, write nothing")
	_ = cmd.MarkFlagRequired("file")
	return cmd
}

// proposal is how the documents of a file are judged.
type proposal struct {
	compiler trust.Compiler
	options  trust.CompileOptions
	file     string
	docs     []trust.Document // all of the file
	dryRun   bool
	rbac     bool // an RBAC document is configured
}

func (p *program) applyOne(cmd *cobra.Command, store hub.Store, d trust.Document, how proposal) error {
	ctx, file, dryRun := cmd.Context(), how.file, how.dryRun
	d, metadata, err := d.Resolve(folder(filepath.Dir(file)))
	if err != nil {
		return exitError{exitRefused, inFile(file, err, trust.ErrInvalid)}
	}
	change, err := trust.Propose(ctx, store, how.compiler, d, metadata, how.options)
	if err != nil {
		return exitError{exitRefused, inFile(file, err, trust.ErrInvalid)}
	}
	p.warnOf(change.Partner, how.options.Now)
	for _, hint := range change.Partner.Hints() {
		fmt.Fprintf(p.err, "hint: %s: %s\n", change.Partner.ID, hint)
	}
	if change.Partner.Terms.NeedsRBAC() && !how.rbac {
		fmt.Fprintf(p.err, "hint: %s: its terms speak of effective activities, and the configuration names no RBAC document (rbac.file): such rules release nothing, such conditions do not hold\n", change.Partner.ID)
	}
	if err := p.hintTargets(ctx, store, change.Partner, how.docs); err != nil {
		return exitError{exitStore, err}
	}
	if err := p.hintSystems(ctx, store, change.Partner, how); err != nil {
		return exitError{exitStore, err}
	}
	if err := p.checkSector(ctx, d, change); err != nil {
		return exitError{exitRefused, inFile(file, err, trust.ErrInvalid)}
	}
	word := "changed"
	switch {
	case change.Same:
		word = "unchanged"
	case change.New:
		word = "added"
	}
	if !dryRun && !change.Same {
		now := time.Now()
		event := ledger.Event{Time: now, Kind: ledger.PartnerChanged, Partner: change.Partner.ID, Detail: map[string]string{"change": word, "stage": string(change.Partner.Stage)}}
		err := change.Apply(ctx, store, now, event)
		if errors.Is(err, trust.ErrConflict) {
			return exitError{exitRefused, err}
		}
		if err != nil {
			return exitError{exitStore, err}
		}
	}
	if dryRun {
		word += " (dry run)"
	}
	fmt.Fprintf(p.out, "%s %s %s (%s)\n", word, change.Partner.Protocol, change.Partner.ID, change.Partner.Stage)
	return nil
}

// checkSector fetches the document of an OIDC client's sector, which must list its redirect URIs.
func (p *program) checkSector(ctx context.Context, d trust.Document, change trust.Change) error {
	if change.Same || d.OIDC == nil || d.OIDC.SectorURI == "" {
		return nil
	}
	client := httpsource.New(httpsource.Options{MaxBytes: 256 << 10, AllowPrivate: true, AllowLocalhost: p.lab})
	defer client.Close()
	r, err := client.Get(ctx, d.OIDC.SectorURI)
	if err == nil && r.Status != http.StatusOK {
		err = fmt.Errorf("status %d", r.Status)
	}
	if err != nil {
		return fmt.Errorf("%w: oidc.sector_identifier_uri cannot be fetched: %w", trust.ErrInvalid, err)
	}
	return trust.CheckSector(r.Body, d.OIDC.RedirectURIs)
}

// registry opens the store and loads the partners from it.
func (p *program) registry(cmd *cobra.Command) (*trust.Registry, hub.Store, error) {
	c, store, err := p.open(cmd)
	if err != nil {
		return nil, nil, err
	}
	compiler, o, err := p.compiler(c)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	r := trust.NewRegistry(store, compiler, o.Lab, time.Now)
	r.SAML = o.SAML
	if err := r.Load(cmd.Context()); err != nil {
		return nil, nil, exitError{exitStore, errors.Join(err, store.Close())}
	}
	if err := r.Broken(); err != nil {
		fmt.Fprintln(p.err, "warning: not served:", err)
	}
	expired, err := r.Expired(time.Now())
	if err != nil {
		return nil, nil, exitError{exitStore, errors.Join(err, store.Close())}
	}
	for _, x := range expired {
		fmt.Fprintf(p.err, "warning: not answered: the metadata of %s was good until %s\n", x.ID, x.SAML.Entity.ValidUntil.Format("2006-01-02 15:04 MST"))
	}
	return r, store, nil
}

// partners are all that the store holds and this version understands.
func (p *program) partners(cmd *cobra.Command) ([]trust.Partner, error) {
	r, store, err := p.registry(cmd)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	return r.Partners()
}

func (p *program) partnerList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List partners", Args: cobra.NoArgs,
		Example: "  lanyard partner list\n  lanyard partner list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			partners, err := p.partners(cmd)
			if err != nil {
				return err
			}
			if p.json {
				type row struct {
					ID, Name, Protocol, Stage string
					Registered                bool `json:",omitempty"` // by itself
				}
				rows := make([]row, len(partners))
				for i, x := range partners {
					rows[i] = row{x.ID, x.Name, string(x.Protocol), string(x.Stage), x.OIDC != nil && x.OIDC.Registration != nil}
				}
				return json.NewEncoder(p.out).Encode(rows)
			}
			w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NAME\tPROTOCOL\tSTAGE\tPARTNER")
			for _, x := range partners {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.Name, x.Protocol, x.Stage, x.ID)
			}
			return w.Flush()
		},
	}
}

// records finds the stored records of a partner by its id or, if none has it, by its name.
func (p *program) records(cmd *cobra.Command, id string) ([]trust.Record, error) {
	_, store, err := p.open(cmd)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	all, _, err := store.Partners(cmd.Context())
	if err != nil {
		return nil, exitError{exitStore, err}
	}
	var found []trust.Record
	for _, r := range all {
		if r.ID == id {
			found = append(found, r)
		}
	}
	for _, r := range all {
		if docs, err := trust.ReadDocuments(bytes.NewReader(r.Document)); len(found) == 0 && err == nil && strings.EqualFold(docs[0].Name, id) {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		return nil, exitError{exitMissing, fmt.Errorf("there is no partner %q; `lanyard partner list` names them", id)}
	}
	return found, nil
}

func (p *program) partnerShow() *cobra.Command {
	return &cobra.Command{
		Use: "show PARTNER", Short: "Print a partner's terms", Args: cobra.ExactArgs(1),
		Example: "  lanyard partner show epr",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := p.records(cmd, args[0])
			if err != nil {
				return err
			}
			for _, r := range found {
				fmt.Fprintf(p.out, "# revision %d, changed %s\n%s", r.Revision, r.Updated.UTC().Format(time.RFC3339), r.Document)
			}
			return nil
		},
	}
}

func (p *program) partnerExport() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "export PARTNER", Short: "Write a partner as files that `partner apply` takes", Args: cobra.ExactArgs(1),
		Example: "  lanyard partner export epr --dir backup",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := p.records(cmd, args[0])
			if err != nil {
				return err
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			for _, r := range found {
				base := fileName(r.ID)
				if len(found) > 1 { // of one id, or of one name: neither takes the other's place
					base += "-" + string(r.Protocol)
				}
				if err := p.exportOne(r, dir, base); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".", "directory to write to; made if it is not there")
	return cmd
}

func (p *program) exportOne(r trust.Record, dir, base string) error {
	docs, err := trust.ReadDocuments(bytes.NewReader(r.Document))
	if err != nil {
		return err
	}
	d := docs[0]
	if r.Metadata != nil {
		if d.SAML == nil {
			d.SAML = &trust.SAMLDocument{}
		}
		d.SAML.Metadata = base + ".xml"
		if err := os.WriteFile(filepath.Join(dir, base+".xml"), r.Metadata, 0o644); err != nil {
			return err
		}
	}
	data, err := d.Canonical()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, base+".yaml")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return err
	}
	fmt.Fprintln(p.out, path)
	return nil
}

// fileName makes a file name of an identifier.
func fileName(id string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, id), "._")
}
