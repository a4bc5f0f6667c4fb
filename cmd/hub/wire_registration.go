package hub

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/httpsource"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/protocols/oidc"
	"github.com/lanyard-hub/lanyard/trust"
)

// compileOptions are those by which partners are judged now.
func (h *Hub) compileOptions() trust.CompileOptions {
	ring := h.keys()
	return trust.CompileOptions{Lab: h.options.Lab, Now: h.options.Clock(), SAML: h.registry.SAML, Keys: &ring}
}

// registering says how clients register themselves.
func (h *Hub) registering() (oidc.Registering, error) {
	c := h.options.Config.OIDC.Registration
	if c.Mode == "off" || c.Mode == "" {
		return oidc.Registering{}, nil
	}
	compiler, err := trust.NewCompiler()
	if err != nil {
		return oidc.Registering{}, err
	}
	template, err := RegistrationTemplate(c, compiler, h.compileOptions())
	if err != nil {
		return oidc.Registering{}, err
	}
	return oidc.Registering{
		Registrar: &trust.Registrar{
			Store: h.store, Registry: h.registry, Compiler: compiler, Options: h.compileOptions, Template: template, Max: c.Clients, Reload: h.registryChanged,
		},
		Open: c.Mode == "open", Hourly: c.Hourly, Lab: h.options.Lab,
	}, nil
}

// RegistrationTemplate is what the configuration permits to clients that register themselves.
func RegistrationTemplate(c config.Registration, compiler trust.Compiler, o trust.CompileOptions) (trust.Template, error) {
	invited := c.Mode != "open"
	if c.Template == "" {
		return trust.DefaultTemplate(invited), nil
	}
	data, err := os.ReadFile(c.Template)
	if err != nil {
		return trust.Template{}, fmt.Errorf("oidc.registration.template_file: %w", err)
	}
	t, err := trust.ReadTemplate(data, invited, compiler, o)
	if err != nil {
		return trust.Template{}, fmt.Errorf("oidc.registration.template_file: %w", err)
	}
	return t, nil
}

// documents fetches what clients publish about themselves.
type documents struct{ open, guarded *httpsource.Client }

// documents may come from inside the hospital's network if an administrator vouches for the client.
func (h *Hub) documents() documents {
	client := func(private bool) *httpsource.Client {
		return httpsource.New(httpsource.Options{Timeout: 4 * time.Second, MaxBytes: 256 << 10, AllowPrivate: private, AllowLocalhost: h.options.Lab})
	}
	return documents{open: client(true), guarded: client(h.options.Config.OIDC.Registration.PrivateAddresses)}
}

// Fetch implements oidc.Fetcher.
func (d documents) Fetch(ctx context.Context, target string, guarded bool) ([]byte, time.Duration, error) {
	client := d.open
	if guarded {
		client = d.guarded
	}
	r, err := client.Get(ctx, target, httpsource.Header{Name: "Accept", Value: "application/json, application/oauth-authz-req+jwt, application/jwt, image/png, image/jpeg, image/webp"})
	if err == nil && r.Status != http.StatusOK {
		err = fmt.Errorf("hub: fetch: status %d", r.Status)
	}
	return r.Body, r.Fresh(), err
}
