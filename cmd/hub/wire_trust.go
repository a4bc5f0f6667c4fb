package hub

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

func (h *Hub) wireTrust(ctx context.Context) error {
	compiler, err := trust.NewCompiler()
	if err != nil {
		return err
	}
	h.registry = trust.NewRegistry(h.store, compiler, h.options.Lab, h.options.Clock)
	if h.registry.SAML, err = SAMLDefaults(h.options.Config); err != nil {
		return err
	}
	return h.reloadRegistry(ctx)
}

// SAMLDefaults are the configuration's, in the words of the terms. An error is of its authentication context classes.
func SAMLDefaults(all config.Config) (trust.SAMLDefaults, error) {
	c := all.SAML
	d := trust.SAMLDefaults{Encrypt: c.Encrypt, Algorithm: string(algorithm(c.Sign)), RequestsSigned: c.SignedRequests, Refused: refused(c.Refuse)}
	if c.Encrypt == "required-by-terms" {
		d.Encrypt = "never"
	}
	var err error
	if d.Contexts, err = trust.MergeContexts(trust.DefaultContexts(), c.Contexts); err != nil {
		return d, fmt.Errorf("saml.contexts: %w", err)
	}
	if all.Emergency.Enabled {
		d.Emergency = all.Emergency.Class
	}
	if err := noSecondMeaning(all.Emergency, d.Contexts); err != nil {
		return d, err
	}
	return d, nil
}

// algorithm is the JOSE name of a value of saml.sign.
func algorithm(sign string) keyring.Algorithm {
	kind, hash, _ := strings.Cut(sign, "-sha")
	switch kind {
	case "ecdsa":
		return keyring.Algorithm("ES" + hash)
	case "rsa-pss":
		return keyring.Algorithm("PS" + hash)
	case "rsa":
		return keyring.Algorithm("RS" + hash)
	}
	return keyring.RS256
}

// refused are the identifiers of the algorithms that the configuration names.
func refused(names []string) []string {
	var out []string
	for _, name := range names {
		uri := trust.EncryptionURI(name)
		if uri == "" {
			uri = trust.SignatureURI(algorithm(name))
		}
		out = append(out, uri)
	}
	return out
}

func (h *Hub) reloadRegistry(ctx context.Context) error {
	if err := h.registry.Load(ctx); err != nil {
		return err
	}
	if err := h.registry.Broken(); err != nil {
		h.options.Log.WarnContext(ctx, "partners not served", "error", err.Error())
	}
	h.warnUnsigned(ctx)
	h.warnExpired(ctx)
	h.warnUnoffered(ctx)
	h.metrics.registry.Set(float64(h.registry.Revision()))
	return nil
}

// warnUnoffered names the clients whose terms allow response types that the configuration does not offer: they are refused these.
func (h *Hub) warnUnoffered(ctx context.Context) {
	partners, err := h.registry.Partners()
	if err != nil {
		return
	}
	offered := append(responseTypes(h.options.Config.OIDC.ResponseTypes), trust.ResponseCode)
	for _, p := range partners {
		if p.OIDC == nil || !p.Answerable() {
			continue
		}
		for _, kind := range p.OIDC.Responses {
			if !slices.Contains(offered, kind) {
				h.options.Log.WarnContext(ctx, "oidc.response_types does not offer what the terms of a client allow", "partner", p.ID, "response_type", string(kind))
			}
		}
	}
}

// warnExpired names the partners that are not answered because their metadata is good no longer.
func (h *Hub) warnExpired(ctx context.Context) {
	expired, err := h.registry.Expired(h.options.Clock())
	if err != nil {
		return
	}
	for _, p := range expired {
		h.options.Log.WarnContext(ctx, "metadata of a partner has expired", "partner", p.ID, "valid_until", p.SAML.Entity.ValidUntil.Format(time.RFC3339))
	}
}

// warnUnsigned names the partners that cannot be answered because no key of the hub signs what their terms ask for. Such
// terms are refused when they are applied; a key may have gone since.
func (h *Hub) warnUnsigned(ctx context.Context) {
	partners, err := h.registry.Partners()
	ring := h.keys()
	if err != nil || len(ring.Published()) == 0 { // commands have no keys
		return
	}
	for _, p := range partners {
		if p.SAML == nil || !p.Answerable() {
			continue
		}
		if _, alg, err := p.SAML.SigningKey(ring); err != nil {
			h.options.Log.WarnContext(ctx, "no active key signs for a partner", "partner", p.ID, "algorithm", string(alg))
		}
	}
}
