package softkey_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/lanyard-hub/lanyard/adapters/fido/softkey"
)

const (
	create = `{"publicKey":{"challenge":"Y2hhbGxlbmdl","user":{"id":"dXNlcg"},"pubKeyCredParams":[{"type":"public-key","alg":-7}]}}`
	get    = `{"challenge":"Y2hhbGxlbmdl"}`
)

func newKey(t *testing.T) *softkey.Key {
	t.Helper()
	k, err := softkey.New(bytes.NewReader(bytes.Repeat([]byte{7}, 32)), "hub.example", "https://hub.example")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSameSeedSameAnswers(t *testing.T) {
	a, b := newKey(t), newKey(t)
	for _, ceremony := range []func(*softkey.Key) ([]byte, error){
		func(k *softkey.Key) ([]byte, error) { return k.Create([]byte(create)) },
		func(k *softkey.Key) ([]byte, error) { return k.Get([]byte(get)) },
	} {
		x, err := ceremony(a)
		if err != nil {
			t.Fatal(err)
		}
		y, err := ceremony(b)
		if err != nil || !bytes.Equal(x, y) {
			t.Errorf("same seed, other answer: %v\n%s\n%s", err, x, y)
		}
	}
}

func TestExportImport(t *testing.T) {
	a := newKey(t)
	if _, err := a.Create([]byte(create)); err != nil {
		t.Fatal(err)
	}
	exported, err := a.Export()
	if err != nil {
		t.Fatal(err)
	}
	b, err := softkey.Import(exported)
	if err != nil {
		t.Fatal(err)
	}
	x, errX := a.Get([]byte(get))
	y, errY := b.Get([]byte(get))
	if errX != nil || errY != nil || !bytes.Equal(x, y) {
		t.Errorf("imported key answers differently: %v %v", errX, errY)
	}
	if _, err := softkey.Import([]byte(`{"seed":"AA=="}`)); err == nil {
		t.Error("short seed accepted")
	}
}

func TestKeyDeclines(t *testing.T) {
	k := newKey(t)
	if _, err := k.Get([]byte(get)); !errors.Is(err, softkey.ErrNoCredential) {
		t.Errorf("empty key signed: %v", err)
	}
	if _, err := k.Create([]byte(`{"user":{"id":"dXNlcg"},"pubKeyCredParams":[{"alg":-257}]}`)); !errors.Is(err, softkey.ErrAlgorithm) {
		t.Errorf("made a credential nobody asked for: %v", err)
	}
	if _, err := k.Create([]byte(create)); err != nil {
		t.Fatal(err)
	}
	id := k.Credentials()[0].ID
	excluded := []byte(`{"user":{"id":"dXNlcg"},"pubKeyCredParams":[{"alg":-7}],"excludeCredentials":[{"id":"` + encoded(id) + `"}]}`)
	if _, err := k.Create(excluded); !errors.Is(err, softkey.ErrExcluded) {
		t.Errorf("excluded key enrolled again: %v", err)
	}
	if _, err := k.Get([]byte(`{"allowCredentials":[{"id":"AAAA"}]}`)); !errors.Is(err, softkey.ErrNoCredential) {
		t.Errorf("signed with a credential that was not allowed: %v", err)
	}
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
