package main

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/adapters/keystore"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

func (p *program) keysCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "The hub's own keys"}
	cmd.AddCommand(p.keysList(), p.keysAdd(), p.keysSet())
	return cmd
}

// keyRow is one key as `keys list` prints it.
type keyRow struct {
	ID, Use, State string
	Algorithms     []string `json:",omitempty"`
	Until          string   // of the certificate, which partners are not to look at
	For            string   `json:",omitempty"` // of a signing key: "all" protocols, or "oidc"
	Partners       []string `json:",omitempty"` // SAML partners that it signs for
}

func (p *program) keysList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List keys, their states and the SAML partners each signs for", Args: cobra.NoArgs,
		Example: "  lanyard keys list\n  lanyard keys list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.load()
			if err != nil {
				return err
			}
			ring, err := hub.LoadRing(c.Keys)
			if err != nil {
				return exitError{exitRefused, err}
			}
			partners, err := p.partners(cmd)
			if err != nil {
				return err
			}
			rows := keyRows(ring, partners)
			if p.json {
				return json.NewEncoder(p.out).Encode(rows)
			}
			w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "KEY\tUSE\tSTATE\tFOR\tALGORITHMS\tSIGNS FOR")
			for _, r := range rows {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Use, r.State, cmp.Or(r.For, "-"), strings.Join(r.Algorithms, " "), strings.Join(r.Partners, ", "))
			}
			return w.Flush()
		},
	}
}

func keyRows(ring keyring.Ring, partners []trust.Partner) []keyRow {
	signsFor := map[string][]string{}
	for _, x := range partners {
		if x.SAML == nil || !x.Answerable() {
			continue
		}
		if k, _, err := x.SAML.SigningKey(ring); err == nil {
			signsFor[k.ID] = append(signsFor[k.ID], x.Name)
		}
	}
	var rows []keyRow
	for _, k := range slices.Concat(ring.Published(), ring.Decrypting()) {
		row := keyRow{ID: k.ID, Use: "signing", State: string(k.State), For: forWord(k.OIDCOnly), Until: k.Certificate.NotAfter.UTC().Format(time.DateOnly), Partners: signsFor[k.ID]}
		if k.Use == keyring.Encryption {
			row.Use, row.For = "encryption", ""
		}
		for _, a := range k.Algorithms() {
			row.Algorithms = append(row.Algorithms, string(a))
		}
		rows = append(rows, row)
	}
	return rows
}

// Words of --for.
const (
	forAll  = "all"
	forOIDC = keystore.ForOIDC
)

func forWord(oidcOnly bool) string {
	if oidcOnly {
		return forOIDC
	}
	return forAll
}

func (p *program) keysAdd() *cobra.Command {
	var kind string
	var encryption bool
	cmd := &cobra.Command{
		Use: "add", Short: "Make a new key in state next", Args: cobra.NoArgs,
		Example: "  lanyard keys add --kind p384\n  lanyard keys add --kind rsa3072 --encryption",
		RunE: func(*cobra.Command, []string) error {
			c, err := p.load()
			if err != nil {
				return err
			}
			use, path := keyFile(c.Keys, encryption)
			if path == "" {
				return exitError{exitMissing, errors.New("the configuration names no keys.encryption_file")}
			}
			data, err := keystore.Read(path)
			if err != nil {
				return exitError{exitMissing, err}
			}
			word := map[keyring.Use]string{keyring.Signing: " signing", keyring.Encryption: " encryption"}[use]
			data, id, err := keystore.Add(rand.Reader, data, kind, use, c.Host()+word, time.Now())
			if errors.Is(err, keystore.ErrKind) {
				return exitError{exitUsage, fmt.Errorf("--kind is one of %s", strings.Join(keystore.Kinds(), ", "))}
			}
			if err != nil {
				return exitError{exitRefused, err}
			}
			if err := keystore.Replace(path, data); err != nil {
				return err
			}
			fmt.Fprintln(p.out, id)
			fmt.Fprintf(p.err, "wrote  %s; a running hub takes it within seconds\n", path)
			return nil
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "rsa2048", strings.Join(keystore.Kinds(), ", "))
	cmd.Flags().BoolVar(&encryption, "encryption", false, "a key that partners encrypt to, which is RSA")
	return cmd
}

func keyFile(c config.Keys, encryption bool) (keyring.Use, string) {
	if encryption {
		return keyring.Encryption, c.Encryption
	}
	return keyring.Signing, c.Signing
}

func (p *program) keysSet() *cobra.Command {
	var id, state, only string
	cmd := &cobra.Command{
		Use: "set", Short: "Give a key another state, or say for which protocols it is", Args: cobra.NoArgs,
		Long:    "A key --for oidc stands in no SAML metadata and signs nothing for SAML partners or legacy tickets; --for all takes that back.",
		Example: "  lanyard keys set --key pHzLq0 --state active\n  lanyard keys set --key pHzLq0 --for oidc",
		RunE: func(cmd *cobra.Command, _ []string) error {
			states := []keyring.State{keyring.Next, keyring.Active, keyring.Retired}
			switch {
			case state != "" && !slices.Contains(states, keyring.State(state)):
				return exitError{exitUsage, fmt.Errorf("--state is next, active or retired")}
			case only != "" && only != forOIDC && only != forAll:
				return exitError{exitUsage, fmt.Errorf("--for is oidc or all")}
			}
			c, err := p.load()
			if err != nil {
				return err
			}
			ring, err := hub.LoadRing(c.Keys)
			if err != nil {
				return exitError{exitRefused, err}
			}
			key, err := findKey(ring, id)
			if err != nil {
				return err
			}
			if only != "" && key.Use == keyring.Encryption {
				return exitError{exitUsage, errors.New("--for is of signing keys: OpenID Connect here knows no encryption keys")}
			}
			return p.setKey(cmd, c, key, keyring.State(state), only)
		},
	}
	cmd.Flags().StringVar(&id, "key", "", "id of the key, or how it begins")
	cmd.Flags().StringVar(&state, "state", "", "next, active or retired")
	cmd.Flags().StringVar(&only, "for", "", "oidc or all")
	_ = cmd.MarkFlagRequired("key")
	cmd.MarkFlagsOneRequired("state", "for")
	return cmd
}

// findKey finds the one key whose id begins so.
func findKey(ring keyring.Ring, begins string) (keyring.Key, error) {
	var found []keyring.Key
	for _, k := range slices.Concat(ring.Published(), ring.Decrypting()) {
		if begins != "" && strings.HasPrefix(k.ID, begins) {
			found = append(found, k)
		}
	}
	if len(found) != 1 {
		return keyring.Key{}, exitError{exitMissing, fmt.Errorf("%d keys have an id that begins with %q; `lanyard keys list` names them", len(found), begins)}
	}
	return found[0], nil
}

// setKey refuses what would leave a partner without a key. An empty word changes nothing.
func (p *program) setKey(cmd *cobra.Command, c config.Config, key keyring.Key, state keyring.State, only string) error {
	_, path := keyFile(c.Keys, key.Use == keyring.Encryption)
	data, err := keystore.Read(path)
	if err != nil {
		return exitError{exitMissing, err}
	}
	if state != "" {
		data, err = keystore.SetState(data, key.ID, state, key.Use)
	}
	if err == nil && only != "" {
		data, err = keystore.SetFor(data, key.ID, only == forOIDC)
	}
	if err != nil {
		return exitError{exitRefused, err}
	}
	if key.Use == keyring.Signing {
		if err := p.checkUnsigned(cmd, data); err != nil {
			return err
		}
	}
	if err := keystore.Replace(path, data); err != nil {
		return err
	}
	fmt.Fprintln(p.out, strings.Join(slices.DeleteFunc([]string{key.ID, string(state), only}, func(w string) bool { return w == "" }), " "))
	fmt.Fprintf(p.err, "wrote  %s; a running hub takes it within seconds\n", path)
	return nil
}

// checkUnsigned names the partners that no key in data would sign for.
func (p *program) checkUnsigned(cmd *cobra.Command, data []byte) error {
	keys, err := keystore.Parse(data)
	if err != nil {
		return exitError{exitRefused, err}
	}
	ring, err := keyring.New(keys...)
	if err != nil {
		return exitError{exitRefused, err}
	}
	if !slices.ContainsFunc(ring.ForSAML().Published(), func(k keyring.Key) bool { return k.State == keyring.Active }) {
		return exitError{exitRefused, errors.New("no key for all protocols would be active: neither SAML metadata nor anything for SAML would be signed")}
	}
	partners, err := p.partners(cmd)
	if err != nil {
		return err
	}
	var left []string
	for _, x := range partners {
		if !x.Answerable() {
			continue
		}
		var err error
		switch {
		case x.SAML != nil:
			_, _, err = x.SAML.SigningKey(ring)
		case x.OIDC != nil:
			_, err = ring.Signing(keyring.Algorithm(x.OIDC.Algorithm))
		}
		if err != nil {
			left = append(left, x.Name)
		}
	}
	if len(left) > 0 {
		return exitError{exitRefused, fmt.Errorf("no active key would sign for %s", strings.Join(left, ", "))}
	}
	return nil
}
