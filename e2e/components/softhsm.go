package components

import (
	"crypto/x509"
	"encoding/hex"
	"path/filepath"
	"testing"
)

// SoftHSM is a token in software behind PKCS#11. Programs that load Module must have SOFTHSM2_CONF=Conf in their environment.
type SoftHSM struct {
	Module string // the shared library
	Conf   string
	PIN    string
	dir    string
}

// softLabel is the label of the token.
const softLabel = "card"

// NewSoftHSM makes a token without keys.
func NewSoftHSM(tb testing.TB) *SoftHSM {
	tb.Helper()
	dir := directory(tb, "softhsm")
	h := &SoftHSM{Module: program(tb, "/usr/lib/softhsm/libsofthsm2.so"), PIN: "246810", dir: dir}
	write(tb, dir, "tokens/.keep", "")
	h.Conf = write(tb, dir, "softhsm2.conf", "directories.tokendir = "+filepath.Join(dir, "tokens")+"\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = true\n")
	must(tb, Command{Path: "softhsm2-util", Args: []string{"--init-token", "--free", "--label", softLabel, "--so-pin", "12345678", "--pin", h.PIN}, Env: h.env()})
	return h
}

func (h *SoftHSM) env() map[string]string { return map[string]string{"SOFTHSM2_CONF": h.Conf} }

// Put stores a key and its certificate under an id.
func (h *SoftHSM) Put(tb testing.TB, leaf *Leaf, id byte, label string) {
	tb.Helper()
	number := hex.EncodeToString([]byte{id})
	must(tb, Command{Path: "softhsm2-util", Args: []string{"--import", leaf.KeyFile, "--token", softLabel, "--label", label, "--id", number, "--pin", h.PIN}, Env: h.env()})
	h.PutCertificate(tb, leaf.Certificate, id, label)
}

// PutCertificate stores a certificate alone.
func (h *SoftHSM) PutCertificate(tb testing.TB, cert *x509.Certificate, id byte, label string) {
	tb.Helper()
	number := hex.EncodeToString([]byte{id})
	file := write(tb, h.dir, "cert-"+number+".der", string(cert.Raw))
	must(tb, Command{Path: "pkcs11-tool", Args: []string{
		"--module", h.Module, "--token-label", softLabel, "--login", "--pin", h.PIN, "--write-object", file, "--type", "cert", "--id", number, "--label", label,
	}, Env: h.env()})
}
