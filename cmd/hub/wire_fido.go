package hub

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/config"
)

// KeyPolicy reads the policy on kinds of FIDO keys.
func KeyPolicy(c config.FIDO2) (fido.Policy, error) {
	a := c.Attestation
	p := fido.Policy{
		Mode: fido.Mode(a.Mode), Withdrawing: append([]string{}, a.Withdraw...), TakeOthers: a.Others == "lower",
		MaxAge: a.MaxAge, KeepStale: a.OnStale == "keep", LowerClones: c.OnClone == "lower",
	}
	for _, line := range a.Models {
		m, err := keyModel(line)
		if err != nil {
			return p, err
		}
		p.Models = append(p.Models, m)
	}
	for _, text := range a.Deny {
		id, err := fido.ParseAAGUID(text)
		if err != nil {
			return p, fmt.Errorf("hub: denied model: %w", err)
		}
		p.Deny = append(p.Deny, id)
	}
	var err error
	if p.Minimum, err = fido.ParseCertification(a.MinLevel); err != nil {
		return p, err
	}
	p.Roots, err = authoritiesIn(a.Roots)
	return p, err
}

// keyModel reads AAGUID, assurance and name of a model.
func keyModel(line string) (fido.Model, error) {
	text, rest, _ := strings.Cut(line, " ")
	level, name, _ := strings.Cut(rest, " ")
	id, err := fido.ParseAAGUID(text)
	if err != nil {
		return fido.Model{}, fmt.Errorf("hub: model: %w", err)
	}
	var assurance bridge.Assurance
	if _, err := fmt.Sscanf(level, "AAL%d", &assurance); err != nil {
		return fido.Model{}, fmt.Errorf("hub: model %s: assurance %q: %w", id, level, err)
	}
	return fido.Model{AAGUID: id, Name: strings.TrimSpace(name), Assurance: assurance}, nil
}

// authoritiesIn reads the authorities of a PEM file; none without a name.
func authoritiesIn(path string) ([]*x509.Certificate, error) {
	if path == "" {
		return nil, nil
	}
	return certificatesIn("authorities", path)
}

// certificatesIn reads every certificate of a PEM file, of which there must be at least one. what says what they are, for errors.
func certificatesIn(what, path string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("hub: %s: %w", what, err)
	}
	var out []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("hub: %s in %s: %w", what, path, err)
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("hub: %s: none in %s", what, path)
	}
	return out, nil
}

// OpenKeyMetadata opens the metadata of the FIDO Metadata Service; nil if none is configured. With an error beside it, what could not be
// read is missing and the rest works. readOnly is for commands beside a running hub.
func OpenKeyMetadata(c config.Config, clock func() time.Time, readOnly bool) (*fido.MetadataFile, error) {
	a := c.Authenticators.FIDO2.Attestation
	if a.Metadata == "" {
		return nil, nil
	}
	roots, err := authoritiesIn(a.MetadataRoots)
	if err != nil {
		return nil, err
	}
	return fido.OpenMetadata(fido.FileOptions{
		Path: a.Metadata, Signer: fido.Signer{Roots: roots, Host: a.MetadataHost}, Dir: c.Data, ReadOnly: readOnly, Clock: clock,
	})
}

// keyMetadata is the metadata of the running hub, and what was last said of it in the log.
type keyMetadata struct {
	file     *fido.MetadataFile
	number   int64
	standing bridge.Standing
	trouble  string
}

// wireFIDO builds what signs in with FIDO keys. Without metadata that can be read the hub works on: see the policy.
func (h *Hub) wireFIDO(ctx context.Context) (*fido.Keys, error) {
	c := h.options.Config
	policy, err := KeyPolicy(c.Authenticators.FIDO2)
	if err != nil {
		return nil, err
	}
	file, err := OpenKeyMetadata(c, h.options.Clock, false)
	if file == nil && err != nil {
		return nil, err
	}
	if file != nil {
		h.keyMetadata = &keyMetadata{file: file, number: -1}
		h.metrics.keyMetadata(file)
		h.tellKeyMetadata(ctx, err)
	}
	secrets, err := h.secrets()
	if err != nil {
		return nil, err
	}
	return fido.New(fido.Options{
		RPID: h.host(), RPName: c.Organisation.Name, Origins: []string{h.issuer.Scheme + "://" + h.issuer.Host},
		Authenticators: h.store, Clock: h.options.Clock, Random: rand.Reader, Hints: c.Authenticators.FIDO2.Hints,
		Policy: policy, Metadata: file, Numbers: staffNumbers(c), Secret: secrets.decoys,
	})
}

// staffNumbers says whether people may type their number before they use a key.
func staffNumbers(c config.Config) bool { return c.Authenticators.FIDO2.Discoverable == "preferred" }

// followKeyMetadata looks at the file; for one caller at a time.
func (h *Hub) followKeyMetadata(ctx context.Context) error {
	h.tellKeyMetadata(ctx, h.keyMetadata.file.Follow(ctx))
	return nil
}

// tellKeyMetadata writes to the log what changed since it did so last: other metadata, another standing, other trouble.
func (h *Hub) tellKeyMetadata(ctx context.Context, err error) {
	k, log := h.keyMetadata, h.options.Log
	trouble := ""
	if err != nil {
		trouble = err.Error()
	}
	if trouble != k.trouble && trouble != "" {
		log.WarnContext(ctx, "FIDO metadata not usable; what was accepted before stays in force", "error", trouble)
	}
	k.trouble = trouble
	m := k.file.Current()
	if m != nil && m.Number != k.number {
		log.InfoContext(ctx, "FIDO metadata in force", "no", m.Number, "next_update", m.NextUpdate.Format(time.DateOnly), "models", m.Models())
		k.number = m.Number
	}
	standing := m.Standing(h.options.Config.Authenticators.FIDO2.Attestation.MaxAge, h.options.Clock())
	if standing != k.standing && standing != bridge.StandingFresh {
		log.WarnContext(ctx, "FIDO metadata is not up to date", "standing", string(standing))
	}
	k.standing = standing
}
