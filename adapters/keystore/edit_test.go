package keystore_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/adapters/keystore"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

func TestAdd(t *testing.T) {
	data, err := generated()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range keystore.Kinds() {
		if kind == "rsa3072" || kind == "rsa4096" { // slow to find, and made by the same lines
			continue
		}
		for _, before := range [][]byte{nil, data, bytes.TrimSpace(data)} {
			changed, id, err := keystore.Add(rand.Reader, before, kind, keyring.Signing, "hub.example", now)
			if err != nil || !bytes.HasPrefix(changed, before) {
				t.Fatalf("%s: %v", kind, err)
			}
			keys, err := keystore.Parse(changed)
			if err != nil {
				t.Fatal(err)
			}
			if last := keys[len(keys)-1]; last.ID != id || last.State != keyring.Next || last.Certificate.Subject.CommonName != "hub.example" {
				t.Errorf("%s: %+v", kind, last)
			}
			if len(before) > 0 && (len(keys) != 3 || keys[0].State != keyring.Active || keys[1].State != keyring.Active) {
				t.Errorf("%s: the other keys changed", kind)
			}
		}
	}
	if _, _, err := keystore.Add(rand.Reader, data, "dsa", keyring.Signing, "x", now); !errors.Is(err, keystore.ErrKind) {
		t.Error(err)
	}
	if _, _, err := keystore.Add(rand.Reader, nil, "p256", keyring.Encryption, "x", now); err == nil {
		t.Error("made an EC key to decrypt with")
	}
	if _, _, err := keystore.Add(rand.Reader, []byte("-----BEGIN PRIVATE KEY-----\n"), "p256", keyring.Signing, "x", now); err == nil {
		t.Error("appended to a damaged file")
	}
}

func TestSetState(t *testing.T) {
	data, err := generated()
	if err != nil {
		t.Fatal(err)
	}
	data = append([]byte("# of the hub\n"), data...)
	keys, err := keystore.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	changed := data
	for _, state := range []keyring.State{keyring.Retired, keyring.Next, keyring.Retired} {
		if changed, err = keystore.SetState(changed, keys[1].ID, state, keyring.Signing); err != nil {
			t.Fatal(err)
		}
		got, err := keystore.Parse(changed)
		if err != nil || got[1].State != state || got[0].State != keyring.Active || got[1].ID != keys[1].ID || !bytes.Equal(got[1].Certificate.Raw, keys[1].Certificate.Raw) {
			t.Errorf("%s: %v", state, err)
		}
		if strings.Count(string(changed), keystore.StateHeader) != 1 || !bytes.HasPrefix(changed, []byte("# of the hub\n")) {
			t.Errorf("%s: more than the state changed", state)
		}
	}
	if changed, err = keystore.SetState(changed, keys[1].ID, keyring.Active, keyring.Signing); err != nil || !bytes.Equal(changed, data) {
		t.Errorf("not what it was: %v", err)
	}
	if _, err := keystore.SetState(data, "nobody", keyring.Next, keyring.Signing); !errors.Is(err, keystore.ErrNoKeys) {
		t.Error(err)
	}
	if _, err := keystore.SetState(data, keys[0].ID, "sleeping", keyring.Signing); !errors.Is(err, keystore.ErrFormat) {
		t.Error(err)
	}
}

func TestSetFor(t *testing.T) {
	data, err := generated()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keystore.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := keystore.SetState(data, keys[1].ID, keyring.Next, keyring.Signing)
	if err != nil {
		t.Fatal(err)
	}
	if changed, err = keystore.SetFor(changed, keys[1].ID, true); err != nil {
		t.Fatal(err)
	}
	got, err := keystore.Parse(changed)
	if err != nil || !got[1].OIDCOnly || got[1].State != keyring.Next || got[0].OIDCOnly || keys[1].OIDCOnly {
		t.Errorf("%+v, %v", got, err)
	}
	if odd := bytes.Replace(changed, []byte("Lanyard-For: oidc"), []byte("Lanyard-For: saml"), 1); bytes.Equal(odd, changed) {
		t.Errorf("no header:\n%s", changed)
	} else if _, err := keystore.Parse(odd); !errors.Is(err, keystore.ErrFormat) {
		t.Errorf("a protocol that is not known: %v", err)
	}
	if changed, err = keystore.SetFor(changed, keys[1].ID, false); err != nil {
		t.Fatal(err)
	}
	if changed, err = keystore.SetState(changed, keys[1].ID, keyring.Active, keyring.Signing); err != nil || !bytes.Equal(changed, data) {
		t.Errorf("not what it was: %v", err)
	}
	if _, err := keystore.SetFor(data, "nobody", true); !errors.Is(err, keystore.ErrNoKeys) {
		t.Error(err)
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "signing.pem")
	if err := keystore.Replace(path, []byte("x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("made a file: %v", err)
	}
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".signing.pem.next"), []byte("cut short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := keystore.Replace(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	data, err := keystore.Read(path)
	info, statErr := os.Stat(path)
	left, globErr := filepath.Glob(filepath.Join(dir, ".*"))
	if err := errors.Join(err, statErr, globErr); err != nil || string(data) != "new" || info.Mode().Perm() != 0o600 || len(left) > 0 {
		t.Errorf("%q %v %v %v", data, info.Mode(), left, err)
	}
}
