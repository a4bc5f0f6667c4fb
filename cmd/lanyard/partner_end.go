package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

func (p *program) partnerSuspend() *cobra.Command {
	var protocol string
	cmd := &cobra.Command{
		Use: "suspend PARTNER", Short: "Stop answering a partner; its terms stay", Args: cobra.ExactArgs(1),
		Example: "  lanyard partner suspend epr\n  lanyard partner suspend epr --protocol saml2",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.endPartner(cmd, args[0], protocol, func(end partnerEnd) (string, error) {
				docs, err := trust.ReadDocuments(bytes.NewReader(end.record.Document))
				if err != nil {
					return "", err
				}
				d := docs[0]
				d.Stage = trust.SuspendedAt
				record := end.record
				if record.Document, err = d.Canonical(); err != nil {
					return "", err
				}
				record.Updated = end.event.Time
				end.event.Detail = map[string]string{"change": "changed", "stage": string(trust.SuspendedAt)}
				_, err = end.store.SavePartner(cmd.Context(), record, end.record.Revision, end.event)
				return "suspended", err
			})
		},
	}
	protocolFlag(cmd, &protocol)
	return cmd
}

func (p *program) partnerRemove() *cobra.Command {
	var protocol string
	cmd := &cobra.Command{
		Use: "remove PARTNER", Short: "Delete a partner and its terms", Args: cobra.ExactArgs(1),
		Example: "  lanyard partner export epr --dir backup\n  lanyard partner remove epr",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.endPartner(cmd, args[0], protocol, func(end partnerEnd) (string, error) {
				end.event.Detail = map[string]string{"change": "removed"}
				return "removed", end.store.RemovePartner(cmd.Context(), end.record.Protocol, end.record.ID, end.record.Revision, end.event)
			})
		},
	}
	protocolFlag(cmd, &protocol)
	return cmd
}

func protocolFlag(cmd *cobra.Command, protocol *string) {
	cmd.Flags().StringVar(protocol, "protocol", "", "saml2, oidc or ticket: which of the partners of this name")
}

// partnerEnd is a partner that is to end, and the event that records it.
type partnerEnd struct {
	store  trust.PartnerStore
	record trust.Record
	event  ledger.Event
}

// endPartner finds the one partner that is meant. Two protocols may know one name: then nothing is guessed.
func (p *program) endPartner(cmd *cobra.Command, id, protocol string, end func(partnerEnd) (string, error)) error {
	found, err := p.records(cmd, id)
	if err != nil {
		return err
	}
	if protocol != "" {
		found = slices.DeleteFunc(found, func(r trust.Record) bool { return string(r.Protocol) != protocol })
	}
	switch {
	case len(found) == 0:
		return exitError{exitMissing, fmt.Errorf("there is no partner %q of protocol %q; `lanyard partner list` names them", id, protocol)}
	case len(found) > 1:
		return exitError{exitRefused, fmt.Errorf("%q is the name of %d partners; give the id of one, or its --protocol", id, len(found))}
	}
	_, store, err := p.open(cmd)
	if err != nil {
		return err
	}
	defer store.Close()
	record := found[0]
	word, err := end(partnerEnd{store, record, ledger.Event{Time: time.Now(), Kind: ledger.PartnerChanged, Partner: record.ID}})
	switch {
	case errors.Is(err, trust.ErrConflict):
		return exitError{exitRefused, err}
	case err != nil:
		return exitError{exitStore, err}
	}
	fmt.Fprintf(p.out, "%s %s %s\n", word, record.Protocol, record.ID)
	return nil
}
