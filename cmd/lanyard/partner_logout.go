package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/protocols/oidc"
)

func (p *program) partnerTestLogout() *cobra.Command {
	return &cobra.Command{
		Use: "test-logout PARTNER", Short: "Send an app a logout token about nobody, and say how it took it", Args: cobra.ExactArgs(1),
		Long:    "Posts one logout token to the app's backchannel_logout_uri, signed as at a sign-out, about a subject and a session that nobody has. Nothing is ended.",
		Example: "  lanyard partner test-logout epr\n  lanyard partner test-logout epr --json",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			c, err := p.load()
			if err != nil {
				return err
			}
			h, err := hub.New(cmd.Context(), hub.Options{Config: c, Lab: p.lab, Log: slog.New(slog.DiscardHandler), Version: version()})
			if err != nil {
				return startError(err)
			}
			defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(cmd.Context()))) }()
			partner, err := findPartner(h.Registry(), args[0])
			if err != nil {
				return err
			}
			test, err := h.TestLogout(cmd.Context(), partner)
			if errors.Is(err, oidc.ErrNoChannel) {
				return exitError{exitRefused, fmt.Errorf("%s cannot be told of a sign-out by OpenID Connect: its terms name neither oidc.backchannel_logout_uri nor oidc.frontchannel_logout_uri", partner.ID)}
			}
			if err != nil {
				return exitError{exitRefused, err}
			}
			if p.json {
				err = printLogoutTestJSON(p.out, test)
			} else {
				err = printLogoutTest(p.out, test)
			}
			if err == nil && !test.OK() && !test.Front {
				err = exitError{exitVerify, errors.New("the app did not take the token as it should")}
			}
			return err
		},
	}
}

func printLogoutTest(out io.Writer, t oidc.LogoutTest) error {
	if t.Front {
		fmt.Fprintf(out, "front channel  %s\n", t.Address)
	} else {
		fmt.Fprintf(out, "sent to   %s\nabout     subject %s, session %s\n", t.Address, t.Subject, t.SID)
		if t.Failure != "" {
			fmt.Fprintf(out, "answer    none: %s\n", t.Failure)
		} else {
			fmt.Fprintf(out, "answer    %d in %s\n", t.Status, t.Took.Round(time.Millisecond))
		}
		if t.Code != "" {
			fmt.Fprintf(out, "it says   %s: %s\n", t.Code, t.Text)
		}
	}
	for _, hint := range t.Hints {
		fmt.Fprintf(out, "hint      %s\n", hint)
	}
	if t.Token != "" {
		fmt.Fprintf(out, "token     %s\n", t.Token)
	}
	return nil
}

func printLogoutTestJSON(out io.Writer, t oidc.LogoutTest) error {
	return json.NewEncoder(out).Encode(struct {
		Address     string   `json:"address"`
		Channel     string   `json:"channel"`
		OK          bool     `json:"ok"`
		Status      int      `json:"status,omitempty"`
		Error       string   `json:"error,omitempty"`
		Description string   `json:"error_description,omitempty"`
		Failure     string   `json:"failure,omitempty"`
		Millis      int64    `json:"milliseconds"`
		Subject     string   `json:"sub"`
		SID         string   `json:"sid"`
		Token       string   `json:"logout_token,omitempty"`
		Hints       []string `json:"hints"`
	}{t.Address, map[bool]string{true: "front", false: "back"}[t.Front], t.OK(), t.Status, t.Code, t.Text, t.Failure, t.Took.Milliseconds(), t.Subject, t.SID, t.Token, t.Hints})
}
