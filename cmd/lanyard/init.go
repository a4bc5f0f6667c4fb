package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyard-hub/lanyard/adapters/keystore"
	"github.com/lanyard-hub/lanyard/config"
)

func (p *program) initCommand() *cobra.Command {
	var dir, issuer string
	cmd := &cobra.Command{
		Use: "init", Short: "Write a first configuration and generate the hub's keys", Args: cobra.NoArgs,
		Example: "  lanyard init --dir /etc/lanyard --issuer https://sso.trust.example\n  lanyard init --dir rehearsal --issuer http://hub.localhost:8420",
		RunE: func(*cobra.Command, []string) error {
			dir, err := filepath.Abs(dir)
			if err != nil {
				return err
			}
			return p.writeHub(dir, issuer)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".", "directory to write to")
	cmd.Flags().StringVar(&issuer, "issuer", "https://sso.trust.example", "public address of the hub")
	return cmd
}

// writeHub writes what `serve` needs into dir. Nothing that exists is overwritten.
func (p *program) writeHub(dir, issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && !rehearsal(u) {
		return exitError{exitUsage, fmt.Errorf("%q is not the address of a hub; give https://HOST, or for a rehearsal http://NAME.localhost:PORT", issuer)}
	}
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		return err
	}
	now := time.Now()
	signing, err := keystore.Generate(rand.Reader, u.Hostname()+" signing", now)
	if err != nil {
		return err
	}
	encryption, err := keystore.GenerateEncryption(rand.Reader, u.Hostname()+" encryption", now)
	if err != nil {
		return err
	}
	files := []struct {
		name string
		data []byte
	}{
		{"signing.pem", signing},
		{"encryption.pem", encryption},
		{"lanyard.schema.json", config.Schema()},
		{"lanyard.yaml", []byte(config.Example(dir, issuer))},
	}
	if u.Scheme == "https" {
		cert, key, err := keystore.GenerateTLS(rand.Reader, []string{u.Hostname(), "*.card." + u.Hostname()}, now)
		if err != nil {
			return err
		}
		files = append(files, struct {
			name string
			data []byte
		}{"tls.key", key}, struct {
			name string
			data []byte
		}{"tls.crt", cert})
	}
	for _, f := range files {
		err := keystore.Write(filepath.Join(dir, f.name), f.data)
		if errors.Is(err, fs.ErrExist) {
			fmt.Fprintf(p.err, "kept   %s (exists)\n", f.name)
			continue
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(p.err, "wrote  %s\n", f.name)
	}
	return p.sayNext(filepath.Join(dir, "lanyard.yaml"), u)
}

// rehearsal reports an issuer that only --lab permits.
func rehearsal(u *url.URL) bool {
	return u.Scheme == "http" && strings.HasSuffix(u.Hostname(), ".localhost")
}

// sayNext tells what to do with the configuration, which may be an older one of another issuer.
func (p *program) sayNext(path string, u *url.URL) error {
	lab := ""
	if rehearsal(u) {
		lab = "--lab "
	}
	if c, _ := config.Load(path, nil, config.Options{Lab: true, Now: time.Now()}); c.Issuer != "" && c.Issuer != u.String() {
		fmt.Fprintf(p.err, "note:  %s was there already, and its issuer is %s, not %s\n", path, c.Issuer, u)
	}
	fmt.Fprintf(p.err, "next:  edit %s\n       lanyard config validate %s--config %s\n       lanyard serve %s--config %s\n", path, lab, path, lab, path)
	return nil
}
