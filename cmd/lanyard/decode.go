package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/cmd/decode"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

func (p *program) decodeCommand() *cobra.Command {
	jwks := ""
	cmd := &cobra.Command{
		Use: "decode [TEXT|FILE|-]", Short: "Explain a token, an assertion, a request or an answer, offline", Args: cobra.MaximumNArgs(1),
		Long: "Reads a JWT, a SAML message in any encoding, the query or form it came in, or the JSON of an endpoint, from the argument, a file or standard input,\n" +
			"and says what is in it, what each part means, and what the hub or a partner would refuse. Nothing leaves this machine.\n" +
			"Signatures are checked with --jwks, or with the keys of the hub and its clients if the configuration can be read.",
		Example: "  lanyard decode eyJhbGciOi...\n  lanyard decode --jwks client-keys.json assertion.jwt\n  pbpaste | lanyard decode",
		RunE: func(cmd *cobra.Command, args []string) error {
			input, err := decodeInput(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			return p.decode(cmd, input, jwks)
		},
	}
	cmd.Flags().StringVar(&jwks, "jwks", "", "file with the keys (JWK Set) to check signatures with")
	return cmd
}

// decodeInput is the argument, the file it names, or standard input.
func decodeInput(in io.Reader, args []string) (string, error) {
	if len(args) == 0 || args[0] == "-" {
		data, err := io.ReadAll(io.LimitReader(in, decode.MaxInput+1))
		return string(data), err
	}
	f, err := os.Open(args[0])
	if err != nil {
		return args[0], nil // not a file: the text itself
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, decode.MaxInput+1))
	return string(data), err
}

func (p *program) decode(cmd *cobra.Command, input, jwks string) error {
	o := decode.Options{Now: time.Now()}
	switch {
	case jwks != "":
		data, err := os.ReadFile(jwks)
		if err != nil {
			return exitError{exitUsage, err}
		}
		set, err := jose.ReadKeySet(data)
		if err != nil {
			return exitError{exitUsage, fmt.Errorf("%s: %w", jwks, err)}
		}
		o.Keys = givenKeys{set, jwks}
	case cmd.Flags().Changed("config") || exists(p.config):
		closeHub, err := p.hubKeys(cmd, &o)
		if err != nil {
			return err
		}
		defer closeHub()
	}
	report, err := decode.Explain(input, o)
	if err != nil {
		return exitError{exitUsage, err}
	}
	if p.json {
		enc := json.NewEncoder(p.out)
		enc.SetEscapeHTML(false)
		err = enc.Encode(report)
	} else {
		_, err = report.WriteTo(p.out)
	}
	if err == nil && !report.Sound() {
		return exitError{code: exitVerify}
	}
	return err
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// givenKeys are the same for every issuer.
type givenKeys struct {
	set  jose.KeySet
	file string
}

// Of implements decode.Keys.
func (k givenKeys) Of(string) (jose.KeySet, string, bool) {
	return k.set, "the keys of " + k.file, true
}

// registeredKeys are those of the hub, of its clients and of the agents of workstations.
type registeredKeys struct {
	issuer   string
	own      jose.KeySet
	registry *trust.Registry
	station  func(id string) (trust.Workstation, error)
}

// Of implements decode.Keys.
func (k registeredKeys) Of(issuer string) (jose.KeySet, string, bool) {
	if strings.HasPrefix(issuer, k.issuer) {
		return k.own, "the hub's own keys", true
	}
	if w, err := k.station(issuer); err == nil && w.Believed() {
		key, err := agent.KeyOf(w)
		return jose.SetOf(jose.Key{ID: w.ID, Algorithm: keyring.ES256, Public: key}), "the enrolled key of workstation " + w.Name, err == nil
	}
	partner, err := k.registry.Partner(trust.OIDC, issuer)
	if err != nil || partner.OIDC == nil || len(partner.OIDC.JWKS) == 0 {
		return jose.KeySet{}, "", false
	}
	set, err := jose.ReadKeySet(partner.OIDC.JWKS)
	return set, "the registered keys of " + partner.ID, err == nil
}

// hubKeys takes keys and addresses from the hub of the configuration.
func (p *program) hubKeys(cmd *cobra.Command, o *decode.Options) (func(), error) {
	c, err := p.load()
	if err != nil {
		return nil, err
	}
	ring, err := hub.LoadRing(c.Keys)
	if err != nil {
		return nil, startError(err)
	}
	h, err := hub.Open(cmd.Context(), hub.Options{Config: c, Log: slog.New(slog.DiscardHandler), Lab: p.lab})
	if err != nil {
		return nil, startError(err)
	}
	o.Keys = registeredKeys{c.Issuer, jose.OwnKeys(ring.Published()), h.Registry(), func(id string) (trust.Workstation, error) {
		return h.Store().Workstation(cmd.Context(), id)
	}}
	o.Assertions = h.AssertionRules
	return func() { _ = h.Close(cmd.Context()) }, nil
}
