package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web/signin"
)

func (p *program) peopleCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "people", Short: "Persons, role profiles and authenticators"}
	cmd.AddCommand(p.peopleImport(), p.peopleEnrol(), p.peopleShow(), p.peopleSuspend(), p.peopleReinstate(), p.peopleRevoke(), p.peopleClear(), p.peopleKeys())
	return cmd
}

func (p *program) peopleImport() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Import persons, role profiles and cards from YAML or CSV", Args: cobra.ExactArgs(1),
		Example: "  lanyard people import staff.yaml\n  lanyard people import staff.csv --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := readPeople(args[0])
			if _, coded := errors.AsType[exitError](err); coded {
				return err
			}
			if err != nil {
				return exitError{exitRefused, inFile(args[0], err, people.ErrImport, people.ErrInvalid)}
			}
			_, store, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			if !dryRun {
				if err := importPeople(cmd, store, in); err != nil {
					return err
				}
				if err := p.endSuspended(cmd, in.Persons); err != nil {
					return err
				}
			}
			fmt.Fprintf(p.out, "%s, %s%s\n", count(len(in.Persons), "person"), count(len(in.Authenticators), "card"), map[bool]string{true: " (dry run)"}[dryRun])
			return nil
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "check, write nothing")
	return cmd
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

func readPeople(path string) (people.Import, error) {
	f, err := os.Open(path)
	if err != nil {
		return people.Import{}, exitError{exitMissing, err}
	}
	defer f.Close()
	if strings.EqualFold(filepath.Ext(path), ".csv") {
		return people.ReadCSV(f)
	}
	return people.ReadYAMLBeside(f, folder(filepath.Dir(path)))
}

func importPeople(cmd *cobra.Command, store hub.Store, in people.Import) error {
	ctx, now := cmd.Context(), time.Now()
	writes := []bridge.Write{bridge.SavePersons{Persons: in.Persons}}
	for _, a := range in.Authenticators {
		known, err := store.Authenticator(ctx, a.Kind, a.Handle)
		if err == nil && known.UID == a.UID {
			continue
		}
		if err == nil {
			return exitError{exitRefused, fmt.Errorf("card %s is registered to someone else", a.Handle)}
		}
		if !errors.Is(err, people.ErrNotFound) {
			return exitError{exitStore, err}
		}
		a.ID, a.Added = rand.Text(), now
		writes = append(writes, bridge.AddAuthenticator{Authenticator: a})
	}
	event := ledger.Event{Time: now, Kind: ledger.PeopleImported, Detail: map[string]string{"persons": fmt.Sprint(len(in.Persons)), "cards": fmt.Sprint(len(in.Authenticators))}}
	err := store.Commit(ctx, append(writes, bridge.Append{Event: event})...)
	if errors.Is(err, people.ErrConflict) {
		return exitError{exitRefused, errors.New("a card was registered by someone else at this moment; nothing was imported, try again")}
	}
	if err != nil {
		return exitError{exitStore, err}
	}
	return nil
}

const longestLink = 7 * 24 * time.Hour

func (p *program) peopleEnrol() *cobra.Command {
	var life time.Duration
	cmd := &cobra.Command{
		Use: "enrol UID", Short: "Make a one-time link by which a person registers a key or card", Args: cobra.ExactArgs(1),
		Example: "  lanyard people enrol 555021935107\n  lanyard people enrol 555021935107 --life 1h",
		RunE: func(cmd *cobra.Command, args []string) error {
			if life < time.Minute || life > longestLink {
				return exitError{exitUsage, fmt.Errorf("--life %s is not between 1m and 168h", life)}
			}
			c, store, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			person, err := registered(cmd.Context(), store, args[0])
			if err != nil {
				return err
			}
			core := &bridge.Hub{Artifacts: store, Journal: store, Directory: store, Clock: time.Now}
			token, err := signin.NewEnrolment(cmd.Context(), core, person.UID, byCommand, life)
			if err != nil {
				return exitError{exitStore, err}
			}
			fmt.Fprintf(p.err, "for %s, once, until %s:\n", person.Name, time.Now().Add(life).Format("2 Jan 2006, 15:04"))
			fmt.Fprintln(p.out, c.Issuer+"/enrol/"+token)
			return nil
		},
	}
	cmd.Flags().DurationVar(&life, "life", 24*time.Hour, "how long the link works, 1m to 168h")
	return cmd
}

func (p *program) peopleShow() *cobra.Command {
	return &cobra.Command{
		Use: "show UID", Short: "Print a person, the role profiles and the authenticators", Args: cobra.ExactArgs(1),
		Example: "  lanyard people show 555021935107",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, store, err := p.open(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			person, err := registered(cmd.Context(), store, args[0])
			if err != nil {
				return err
			}
			judge, _, err := p.judge(c)
			if err != nil {
				return err
			}
			auths, err := store.AuthenticatorsOf(cmd.Context(), person.UID)
			if err != nil {
				return exitError{exitStore, err}
			}
			now := time.Now()
			found, err := described(judge, auths, now)
			if err != nil {
				return exitError{exitStore, err}
			}
			if p.json {
				return p.printPersonJSON(person, auths, found, now)
			}
			p.printPerson(person, auths, found, now)
			return nil
		},
	}
}

// described says how the FIDO keys among authenticators stand now, by id.
func described(judge fido.Judge, auths []people.Authenticator, now time.Time) (map[string]fido.Description, error) {
	out := map[string]fido.Description{}
	for _, a := range auths {
		if a.Kind != people.FIDO2 {
			continue
		}
		d, err := judge.Describe(a, now)
		if err != nil {
			return nil, err
		}
		out[a.ID] = d
	}
	return out, nil
}

func (p *program) printPerson(person people.Person, auths []people.Authenticator, found map[string]fido.Description, now time.Time) {
	fmt.Fprintf(p.out, "%s  %s  %s  identity level %d\n", person.UID, person.Name, person.Status, person.Identity)
	for _, r := range person.Roles {
		state := "open"
		if !r.OpenAt(now) {
			state = "not open"
		}
		fmt.Fprintf(p.out, "  role %s  %s  %s at %s (%s)  %s\n", r.ID, r.Code, r.JobRoleName(), r.OrgName, r.OrgCode, state)
	}
	for _, a := range auths {
		state := "usable"
		if !a.UsableAt(now) {
			state = "not usable"
		}
		if !a.Revoked.IsZero() {
			state = "revoked"
		}
		fmt.Fprintf(p.out, "  %s  %s  added %s  %s  %s\n", a.Kind, a.Label, a.Added.Format("2 Jan 2006"), state, a.Handle)
		if d, ok := found[a.ID]; ok {
			fmt.Fprintf(p.out, "    %s  %s\n", modelOf(d), worthOf(d))
		}
	}
}

func (p *program) printPersonJSON(person people.Person, auths []people.Authenticator, found map[string]fido.Description, now time.Time) error {
	type role struct {
		ID, Code, Name, Organisation, ODS string
		Open                              bool
	}
	type authenticator struct {
		Kind, Label, Handle string
		Added               time.Time
		Usable, Revoked     bool
		Key                 *keyFacts `json:",omitempty"`
	}
	out := struct {
		UID, Name, Status string
		Identity          int
		Roles             []role
		Authenticators    []authenticator
	}{person.UID, person.Name, string(person.Status), int(person.Identity), []role{}, []authenticator{}}
	for _, r := range person.Roles {
		out.Roles = append(out.Roles, role{r.ID, r.Code, r.JobRoleName(), r.OrgName, r.OrgCode, r.OpenAt(now)})
	}
	for _, a := range auths {
		x := authenticator{string(a.Kind), a.Label, a.Handle, a.Added, a.UsableAt(now), !a.Revoked.IsZero(), nil}
		if d, ok := found[a.ID]; ok {
			facts := factsOf(d)
			x.Key = &facts
		}
		out.Authenticators = append(out.Authenticators, x)
	}
	return json.NewEncoder(p.out).Encode(out)
}
