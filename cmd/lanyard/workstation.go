package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

func (p *program) workstationCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "workstation", Short: "Workstations: computers whose agent the hub believes"}
	cmd.AddCommand(p.workstationAdd(), p.workstationList(), p.workstationShow(), p.workstationSet(), p.workstationRevoke())
	return cmd
}

// enrolmentLife is how long the agent of a workstation may be enrolled with its secret.
const enrolmentLife = 24 * time.Hour

// bay is how flags describe a workstation.
type bay struct {
	name, onRemoval string
	shared          bool
}

func (b *bay) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&b.name, "name", "", "as clinicians know it, such as \"Bay 4\"")
	f.BoolVar(&b.shared, "shared", false, "several clinicians use it in turn")
	f.StringVar(&b.onRemoval, "on-removal", "", "what it wants of sessions whose card left its reader: logout, lock or ignore; hub: what the configuration says")
}

// apply takes over what was given, and says what changed.
func (b *bay) apply(cmd *cobra.Command, w *trust.Workstation) ([]string, error) {
	var changed []string
	given := cmd.Flags().Changed
	if given("name") {
		name := strings.TrimSpace(b.name)
		if name == "" || len(name) > 80 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, exitError{exitUsage, errors.New("--name must have 1 to 80 printable characters")}
		}
		w.Name, changed = name, append(changed, "name")
	}
	if given("shared") {
		w.Shared, changed = b.shared, append(changed, "shared")
	}
	if given("on-removal") {
		switch word := trust.Removal(b.onRemoval); word {
		case trust.RemovalLogout, trust.RemovalLock, trust.RemovalIgnore:
			w.OnRemoval = word
		case "hub":
			w.OnRemoval = ""
		default:
			return nil, exitError{exitUsage, fmt.Errorf("--on-removal is logout, lock, ignore or hub, not %q", b.onRemoval)}
		}
		changed = append(changed, "on_removal")
	}
	return changed, nil
}

func (p *program) workstationAdd() *cobra.Command {
	var b bay
	cmd := &cobra.Command{
		Use: "add --name NAME", Short: "Register a workstation; prints the secret by which its agent enrols, once", Args: cobra.NoArgs,
		Long:    "The secret is printed once and works once, within 24 hours. Hand it to who installs the agent, as a password.",
		Example: "  lanyard workstation add --name \"Bay 4\" --shared --on-removal lock",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, store, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			now := time.Now()
			w := trust.Workstation{ID: strings.ToLower(rand.Text()), Added: now}
			if _, err := b.apply(cmd, &w); err != nil {
				return err
			}
			w, token := w.OpenEnrolment(rand.Text()+rand.Text(), now.Add(enrolmentLife))
			if err := saveStation(cmd.Context(), store, w, "added"); err != nil {
				return err
			}
			if !c.Workstation.Agent {
				fmt.Fprintln(p.err, "warning: workstation.agent is off: the hub answers no agent")
			}
			return p.printSecret(w, token)
		},
	}
	b.flags(cmd)
	_ = cmd.MarkFlagRequired("name") // it is a flag of this command
	return cmd
}

// printSecret prints the secret, which nothing prints again.
func (p *program) printSecret(w trust.Workstation, token string) error {
	if p.json {
		return json.NewEncoder(p.out).Encode(struct {
			ID     string    `json:"id"`
			Secret string    `json:"secret"`
			Until  time.Time `json:"until"`
		}{w.ID, token, w.Until.UTC().Truncate(time.Second)})
	}
	fmt.Fprintf(p.err, "%s is %s; its agent enrols with this secret until %s\n", w.Name, w.ID, local(w.Until))
	fmt.Fprintln(p.out, token)
	return nil
}

// saveStation stores a workstation, with the record of what changed.
func saveStation(ctx context.Context, store trust.WorkstationStore, w trust.Workstation, change string) error {
	event := ledger.Event{Time: time.Now(), Kind: ledger.WorkstationChanged, Detail: map[string]string{"change": change, "workstation": w.ID, "by": byCommand}}
	if _, err := store.SaveWorkstation(ctx, w, w.Revision, event); errors.Is(err, trust.ErrConflict) {
		return exitError{exitRefused, errors.New("it was changed at this moment; try again")}
	} else if err != nil {
		return exitError{exitStore, err}
	}
	return nil
}

// findStation finds a workstation by its id, or by its name if only one that is not revoked has it.
func findStation(ctx context.Context, store trust.WorkstationStore, asked string) (trust.Workstation, error) {
	w, err := store.Workstation(ctx, asked)
	if err == nil {
		return w, nil
	}
	if !errors.Is(err, trust.ErrUnknownWorkstation) {
		return w, exitError{exitStore, err}
	}
	all, err := store.Workstations(ctx)
	if err != nil {
		return w, exitError{exitStore, err}
	}
	var found []trust.Workstation
	for _, w := range all {
		if w.Name == asked && w.Revoked.IsZero() {
			found = append(found, w)
		}
	}
	if len(found) != 1 {
		return w, exitError{exitMissing, fmt.Errorf("%d workstations are called %q; `lanyard workstation list` prints the ids", len(found), asked)}
	}
	return found[0], nil
}

// stationRow is a workstation as it is printed.
type stationRow struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	State     string        `json:"state"`
	Shared    bool          `json:"shared"`
	OnRemoval trust.Removal `json:"on_removal"`
	Added     time.Time     `json:"added"`
	Key       string        `json:"key_sha256,omitempty"` // of the public key, DER SubjectPublicKeyInfo
	Until     *time.Time    `json:"enrolment_until,omitempty"`
	Revoked   *time.Time    `json:"revoked,omitempty"`
}

func rowOf(w trust.Workstation, now time.Time) stationRow {
	r := stationRow{ID: w.ID, Name: w.Name, State: stationState(w, now), Shared: w.Shared, OnRemoval: w.OnRemoval, Added: w.Added.UTC(), Revoked: moment(w.Revoked)}
	if len(w.Key) > 0 {
		sum := sha256.Sum256(w.Key)
		r.Key = hex.EncodeToString(sum[:])
	}
	if len(w.Hash) > 0 && now.Before(w.Until) && w.Revoked.IsZero() {
		r.Until = moment(w.Until)
	}
	return r
}

func stationState(w trust.Workstation, now time.Time) string {
	switch {
	case !w.Revoked.IsZero():
		return "revoked"
	case w.Believed():
		return "enrolled"
	case len(w.Hash) > 0 && now.Before(w.Until):
		return "waiting"
	}
	return "not enrolled"
}

func (p *program) workstationList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List workstations, revoked ones too", Args: cobra.NoArgs,
		Example: "  lanyard workstation list\n  lanyard workstation list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, store, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			all, err := store.Workstations(cmd.Context())
			if err != nil {
				return exitError{exitStore, err}
			}
			rows := make([]stationRow, len(all))
			for i, w := range all {
				rows[i] = rowOf(w, time.Now())
			}
			if p.json {
				return json.NewEncoder(p.out).Encode(rows)
			}
			t := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "ID\tNAME\tSTATE\tSHARED\tON REMOVAL")
			for _, r := range rows {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.ID, r.Name, r.State, yes(r.Shared), cmp.Or(string(r.OnRemoval), "hub"))
			}
			return t.Flush()
		},
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
