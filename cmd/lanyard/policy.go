package main

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

func (p *program) policyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "policy", Short: "What partners are told, and why"}
	cmd.AddCommand(p.policyExplain())
	return cmd
}

// question is what explain is asked.
type question struct {
	user, role, partner string
	assurance           int
	method              string
	emergency           bool
}

func (p *program) policyExplain() *cobra.Command {
	var q question
	cmd := &cobra.Command{
		Use: "explain --user UID --partner PARTNER", Short: "Print attribute by attribute what a partner would be told, by which rule", Args: cobra.NoArgs,
		Long:    "Runs the same code that issues.",
		Example: "  lanyard policy explain --user 555021935107 --role R8000 --partner PAS\n  lanyard policy explain --user 555021935107 --role R8000 --partner epr --assurance 2 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.explain(cmd, q)
		},
	}
	f := cmd.Flags()
	f.StringVar(&q.user, "user", "", "uid of the person")
	f.StringVar(&q.role, "role", "", "role profile id, or job role such as R8000; the only open role if left out")
	f.StringVar(&q.partner, "partner", "", "partner id or name")
	f.IntVar(&q.assurance, "assurance", 3, "level of the sign-in to suppose, 1 to 3")
	f.StringVar(&q.method, "method", string(bridge.MethodSmartcard), "method of the sign-in to suppose")
	f.BoolVar(&q.emergency, "emergency", false, "suppose emergency access by a card whose revocation cannot be known")
	_ = cmd.MarkFlagRequired("user")
	_ = cmd.MarkFlagRequired("partner")
	return cmd
}

func (p *program) explain(cmd *cobra.Command, q question) error {
	if q.assurance < 1 || q.assurance > 3 {
		return exitError{exitUsage, fmt.Errorf("--assurance %d is not 1, 2 or 3", q.assurance)}
	}
	if m := bridge.Method(q.method); m != bridge.MethodSmartcard && m != bridge.MethodFIDO2 {
		return exitError{exitUsage, fmt.Errorf("--method %q is not %s or %s", q.method, bridge.MethodSmartcard, bridge.MethodFIDO2)}
	}
	c, err := p.load()
	if err != nil {
		return err
	}
	rbac, err := hub.ReadRBAC(c.RBAC)
	if err != nil {
		fmt.Fprintln(p.err, "warning: without effective activities:", inFile(c.RBAC.File, err, people.ErrImport))
	}
	h, err := hub.Open(cmd.Context(), hub.Options{Config: c, Log: slog.New(slog.DiscardHandler), Lab: p.lab})
	if err != nil {
		return startError(err)
	}
	defer h.Close(cmd.Context())
	person, err := registered(cmd.Context(), h.Store(), q.user)
	if err != nil {
		return err
	}
	partner, err := findPartner(h.Registry(), q.partner)
	if err != nil {
		return err
	}
	now := time.Now()
	role, err := findRole(person, q.role, now)
	if err != nil {
		return err
	}
	session := bridge.Session{ID: "explain", UID: person.UID, Method: bridge.Method(q.method), Assurance: bridge.Assurance(q.assurance), AuthnAt: now, Started: now, Seen: now, RoleID: role.ID}
	if q.emergency {
		session.Standing, session.Emergency = bridge.StandingEmergency, now.Add(c.Emergency.Life)
	}
	iss, err := h.Core().Translator.Translate(bridge.Facts{Session: session, Person: person, Role: role, Partner: partner, RBAC: rbac, Now: now})
	if err != nil {
		r := bridge.AsRefusal(err)
		return exitError{exitRefused, fmt.Errorf("nothing is released: %s: %s", r.AuditCode(), r.Detail)}
	}
	if p.json {
		return printIssuanceJSON(p.out, iss)
	}
	return printIssuance(p.out, iss)
}

func findPartner(r *trust.Registry, name string) (trust.Partner, error) {
	all, err := r.Partners()
	if err != nil {
		return trust.Partner{}, err
	}
	var found []trust.Partner
	for _, x := range all {
		if x.ID == name || strings.EqualFold(x.Name, name) {
			found = append(found, x)
		}
	}
	switch len(found) {
	case 0:
		return trust.Partner{}, exitError{exitMissing, fmt.Errorf("there is no partner %q; `lanyard partner list` names them", name)}
	case 1:
		return found[0], nil
	}
	return trust.Partner{}, exitError{exitUsage, fmt.Errorf("%q names %d partners; give its id", name, len(found))}
}

func findRole(person people.Person, name string, now time.Time) (people.RoleProfile, error) {
	open := person.OpenRoles(now)
	var found []people.RoleProfile
	for _, r := range open {
		if name == "" || r.ID == name || r.JobRole() == name {
			found = append(found, r)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case name == "" && len(open) == 0:
		return people.RoleProfile{}, nil
	case len(found) == 0:
		return people.RoleProfile{}, exitError{exitMissing, fmt.Errorf("%s has no open role %s", person.UID, name)}
	}
	return people.RoleProfile{}, exitError{exitUsage, fmt.Errorf("%d open roles fit; give the role profile id: `lanyard people show %s`", len(found), person.UID)}
}
