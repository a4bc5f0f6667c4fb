package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// keyQuery selects FIDO keys; zero fields do not restrict.
type keyQuery struct {
	model     fido.AAGUID
	withdrawn bool
	suspected bool
	below     bridge.Assurance
}

func (q keyQuery) wants(d fido.Description) bool {
	return (q.model == fido.AAGUID{} || d.AAGUID == q.model) && (!q.withdrawn || d.WithdrawnBy != "") && (!q.suspected || d.Suspect) &&
		(q.below == 0 || d.Assurance < q.below || d.WithdrawnBy != "")
}

// heldKey is a FIDO key of a person.
type heldKey struct {
	person people.Person
	key    people.Authenticator
	found  fido.Description
}

func (p *program) peopleKeys() *cobra.Command {
	var model string
	var q keyQuery
	var end bool
	cmd := &cobra.Command{
		Use: "keys", Short: "List who holds which FIDO keys, and what they are worth now", Args: cobra.NoArgs,
		Long: "Revoked keys are left out. What a key is worth is decided by the configuration and the FIDO metadata of now: with the\n" +
			"configuration of tomorrow (--config) it tells whom that would concern.",
		Example: "  lanyard people keys --withdrawn\n  lanyard people keys --model ee882879-721c-4913-9775-3dfcce97072a --end-sessions\n  lanyard people keys --below 3 --config stricter.yaml --json\n  lanyard people keys --suspected",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if model != "" {
				if q.model, err = fido.ParseAAGUID(model); err != nil {
					return exitError{exitUsage, err}
				}
			}
			if end && model == "" && !q.withdrawn && !q.suspected {
				return exitError{exitUsage, errors.New("--end-sessions wants --model, --withdrawn or --suspected: whose sessions end must be said")}
			}
			return p.listKeys(cmd, q, end)
		},
	}
	cmd.Flags().StringVar(&model, "model", "", "only keys of this model, by AAGUID")
	cmd.Flags().BoolVar(&q.withdrawn, "withdrawn", false, "only keys of models that are refused now")
	cmd.Flags().BoolVar(&q.suspected, "suspected", false, "only keys of which there may be a copy")
	cmd.Flags().IntVar((*int)(&q.below), "below", 0, "only keys that count less than this assurance, or are refused")
	cmd.Flags().BoolVar(&end, "end-sessions", false, "end the sessions that were signed in with them")
	return cmd
}

func (p *program) listKeys(cmd *cobra.Command, q keyQuery, end bool) error {
	c, store, err := p.open(cmd)
	if err != nil {
		return err
	}
	defer store.Close()
	judge, metadata, err := p.judge(c)
	if err != nil {
		return err
	}
	if m := metadata.Current(); m != nil {
		standing := m.Standing(c.Authenticators.FIDO2.Attestation.MaxAge, time.Now())
		fmt.Fprintf(p.err, "FIDO metadata number %d, the next on %s: %s\n", m.Number, m.NextUpdate.Format("2 Jan 2006"), standing)
	}
	held, err := heldKeys(cmd.Context(), store, judge, q, time.Now())
	if err != nil {
		return exitError{exitStore, err}
	}
	if p.json {
		err = p.printKeysJSON(held)
	} else {
		p.printKeys(held)
	}
	if err != nil || !end {
		return err
	}
	return p.endWith(cmd, held)
}

// judge decides as the hub of this configuration does. Metadata that cannot be read is missing for it too.
func (p *program) judge(c config.Config) (fido.Judge, *fido.MetadataFile, error) {
	policy, err := hub.KeyPolicy(c.Authenticators.FIDO2)
	if err != nil {
		return fido.Judge{}, nil, exitError{exitConfig, err}
	}
	metadata, err := hub.OpenKeyMetadata(c, time.Now, true)
	if err != nil && metadata == nil {
		return fido.Judge{}, nil, exitError{exitConfig, err}
	}
	if err != nil {
		fmt.Fprintln(p.err, "FIDO metadata:", err)
	}
	judge, err := fido.NewJudge(policy, metadata)
	if err != nil {
		return judge, nil, exitError{exitConfig, err}
	}
	return judge, metadata, nil
}

// peoplePage is how many persons are read at a time.
const peoplePage = 500

// heldKeys walks over all persons, in order of uid.
func heldKeys(ctx context.Context, store hub.Store, judge fido.Judge, q keyQuery, now time.Time) ([]heldKey, error) {
	var out []heldKey
	for after := ""; ; {
		page, err := store.Persons(ctx, after, peoplePage)
		if err != nil || len(page) == 0 {
			return out, err
		}
		for _, person := range page {
			after = person.UID
			auths, err := store.AuthenticatorsOf(ctx, person.UID)
			if err != nil && !errors.Is(err, people.ErrNotFound) {
				return nil, err
			}
			for _, a := range auths {
				if a.Kind != people.FIDO2 || !a.UsableAt(now) {
					continue
				}
				d, err := judge.Describe(a, now)
				if err != nil {
					return nil, err
				}
				if q.wants(d) {
					out = append(out, heldKey{person, a, d})
				}
			}
		}
	}
}

// worthOf is what a key is good for, in a few words.
func worthOf(d fido.Description) string {
	if d.WithdrawnBy != "" {
		return "refused (" + d.WithdrawnBy + ")"
	}
	if d.Locked {
		return "refused (" + d.Ground + ")"
	}
	return fmt.Sprintf("AAL%d (%s)", d.Assurance, d.Ground)
}

// modelOf names a model, as well as it is known.
func modelOf(d fido.Description) string {
	switch {
	case d.AAGUID == (fido.AAGUID{}):
		return "model not shown"
	case d.Model == "":
		return d.AAGUID.String()
	}
	return d.Model + " " + d.AAGUID.String()
}

func (p *program) printKeys(held []heldKey) {
	for _, h := range held {
		used := "never used"
		if !h.key.Used.IsZero() {
			used = "used " + h.key.Used.Format("2 Jan 2006")
		}
		fmt.Fprintf(p.out, "%s  %s  %s  %s  %s  %s\n", h.person.UID, h.person.Name, h.key.Label, modelOf(h.found), worthOf(h.found), used)
	}
	fmt.Fprintf(p.err, "%s of %s\n", count(len(held), "key"), count(holders(held), "person"))
}

func holders(held []heldKey) int {
	uids := map[string]bool{}
	for _, h := range held {
		uids[h.person.UID] = true
	}
	return len(uids)
}

func (p *program) printKeysJSON(held []heldKey) error {
	type row struct {
		UID, Name, Label, Handle string
		Added                    time.Time
		Used                     *time.Time `json:",omitempty"`
		Key                      keyFacts
	}
	out := []row{}
	for _, h := range held {
		r := row{UID: h.person.UID, Name: h.person.Name, Label: h.key.Label, Handle: h.key.Handle, Added: h.key.Added, Key: factsOf(h.found)}
		if !h.key.Used.IsZero() {
			r.Used = &h.key.Used
		}
		out = append(out, r)
	}
	return json.NewEncoder(p.out).Encode(out)
}

// keyFacts is a Description in JSON.
type keyFacts struct {
	AAGUID, Model, Attestation, Certification string
	Attested, Synced, PossibleClone, Locked   bool
	Transports                                []string
	Assurance                                 int
	Ground, WithdrawnBy                       string
}

func factsOf(d fido.Description) keyFacts {
	return keyFacts{
		d.AAGUID.String(), d.Model, d.Format, d.Certification.String(), d.Attested, d.Synced, d.Suspect, d.Locked, append([]string{}, d.Transports...),
		int(d.Assurance), d.Ground, d.WithdrawnBy,
	}
}

// endWith ends the sessions that were signed in with any of the keys.
func (p *program) endWith(cmd *cobra.Command, held []heldKey) error {
	h, core, err := p.openHub(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	defer h.Close(ctx)
	var sum bridge.Ended
	for _, k := range held {
		ended, err := core.EndAll(ctx, bridge.SessionQuery{UID: k.key.UID}, signedInWith(k.key), bridge.LogoutCause{Reason: bridge.EndedByRevocation, Ref: core.NewRef(), By: byCommand})
		sum.Sessions, sum.Partners = sum.Sessions+ended.Sessions, sum.Partners+ended.Partners
		if err != nil {
			return exitError{exitStore, fmt.Errorf("%s ended, then: %w", count(sum.Sessions, "session"), err)}
		}
	}
	p.printEnded(sum)
	return nil
}
