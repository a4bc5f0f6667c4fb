package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/lanyard-hub/lanyard/cmd/hub"
)

// NotForTrust is the name in every certificate of the demo.
const NotForTrust = hub.NotForTrust

// Banner is printed on every page.
const Banner = "DEMO MODE - not for patients"

// marker is the file that says that a directory was made by the demo.
const marker = "DEMO-NOT-FOR-PATIENTS"

// ErrFence is returned for anything that could touch a production hub.
var ErrFence = errors.New("demo: refused")

// checkIssuer holds the demo to names that no other machine can have.
func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "http" || !strings.HasSuffix(u.Hostname(), ".localhost") {
		return fmt.Errorf("%w: the issuer %q is not an http address under .localhost", ErrFence, issuer)
	}
	return nil
}

// made are the files and folders that the demo writes into its directory.
func made() []string {
	return []string{
		manifestName, settingsName, rbacFile, "hub-metadata.xml", "pas-metadata.xml", "ca.crt", "cards.crl", "cards", "hub",
	}
}

// production are the files by which a hub that is not the demo's is recognised.
func production() []string {
	return []string{"lanyard.yaml", "lanyard.db", "store.key", "signing.pem", "encryption.pem", "data/lanyard.db", "data/store.key", "hub/lanyard.db"}
}

// prepare makes dir ready: empty of what an earlier demo left. A directory that holds a hub which is not the
// demo's is never touched.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	for _, name := range []string{"lanyard.yaml", "lanyard.db", "data"} {
		// never made by the demo, marked or not
		if err := refuseIf(dir, name); err != nil {
			return err
		}
	}
	_, err := os.Stat(filepath.Join(dir, marker))
	if errors.Is(err, fs.ErrNotExist) {
		for _, name := range append(production(), made()...) {
			if err := refuseIf(dir, name); err != nil {
				return err
			}
		}
		text := "Made by lanyard demo, which empties it when it starts. Nothing in here is secret or real.\n"
		return os.WriteFile(filepath.Join(dir, marker), []byte(text), 0o600)
	}
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	for _, name := range made() {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("demo: empty %s: %w", dir, err)
		}
	}
	return nil
}

func refuseIf(dir, name string) error {
	_, err := os.Lstat(filepath.Join(dir, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("demo: %w", err)
	}
	return fmt.Errorf("%w: %s holds %s, which the demo did not make; give it a directory of its own", ErrFence, dir, name)
}
