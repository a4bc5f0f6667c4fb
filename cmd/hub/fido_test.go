package hub

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/config"
)

// TestKeyPolicy: every setting reaches the policy, and nothing else does.
func TestKeyPolicy(t *testing.T) {
	c := config.FIDO2{OnClone: "lower", Attestation: config.KeyModel{
		Mode: "certified", MinLevel: "FIDO_CERTIFIED_L2plus", MaxAge: time.Hour, Others: "lower", OnStale: "keep", Withdraw: []string{"REVOKED"},
		Models: []string{"ee882879-721c-4913-9775-3dfcce97072a AAL2 Blue  key", "0132d110-bf4e-4208-a403-ab4f5f12efe5 AAL3"},
		Deny:   []string{"9c835346-796b-4c27-8898-d6032f515cc5"},
	}}
	p, err := KeyPolicy(c)
	if err != nil {
		t.Fatal(err)
	}
	if p.Mode != fido.ModeCertified || p.Minimum != fido.CertifiedL2Plus || p.MaxAge != time.Hour || !p.TakeOthers || !p.KeepStale || !p.LowerClones || len(p.Withdrawing) != 1 {
		t.Errorf("policy %+v", p)
	}
	if len(p.Models) != 2 || p.Models[0].Name != "Blue  key" || p.Models[0].Assurance != 2 || p.Models[1].Assurance != 3 || p.Models[1].Name != "" || len(p.Deny) != 1 {
		t.Errorf("models %+v, denied %v", p.Models, p.Deny)
	}
	strict, err := KeyPolicy(config.FIDO2{OnClone: "refuse", Attestation: config.KeyModel{Mode: "none", MinLevel: "FIDO_CERTIFIED_L1", Others: "refuse", OnStale: "lower"}})
	if err != nil || strict.TakeOthers || strict.KeepStale || strict.LowerClones || strict.Withdrawing == nil || len(strict.Withdrawing) != 0 {
		t.Errorf("strict policy %+v, %v", strict, err)
	}
}

// TestKeyMetadataIsTold: trouble with the metadata is said once, not at every look, and stops nothing.
func TestKeyMetadataIsTold(t *testing.T) {
	var log bytes.Buffer
	dir := t.TempDir()
	h := &Hub{options: Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Clock: time.Now}, metrics: newMetrics()}
	h.options.Config.Data = dir
	a := &h.options.Config.Authenticators.FIDO2.Attestation
	a.Metadata, a.MetadataRoots, a.MetadataHost = filepath.Join(dir, "blob.jwt"), filepath.Join(dir, "roots.pem"), "mds.example"
	if _, err := OpenKeyMetadata(h.options.Config, time.Now, true); err == nil {
		t.Error("no roots, no error")
	}
	if err := os.WriteFile(a.MetadataRoots, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKeyMetadata(h.options.Config, time.Now, true); err == nil {
		t.Error("empty roots, no error")
	}
	h.keyMetadata = &keyMetadata{file: &fido.MetadataFile{}, number: -1}
	for range 3 {
		h.tellKeyMetadata(t.Context(), os.ErrNotExist)
	}
	if n := strings.Count(log.String(), "not usable"); n != 1 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
	if n := strings.Count(log.String(), "standing=unknown"); n != 1 {
		t.Errorf("standing said %d times", n)
	}
}
