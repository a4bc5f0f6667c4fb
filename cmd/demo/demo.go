package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/fido/softkey"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/web/signin"
)

// Options of a demo.
type Options struct {
	Dir     string           // where everything is kept; empty: a temporary directory, removed by Close
	Port    int              // of the hub; 0: any that is free
	Log     *slog.Logger     // nil: nothing is logged
	Version string           // of the program
	Clock   func() time.Time // nil: time.Now
}

// Demo is the hub, the partners and the people, running.
type Demo struct {
	options   Options
	dir       string
	temporary bool
	ports     ports
	issuer    string
	people    []Persona
	keys      material
	client    *http.Client
	ladder    *ladder
	hub       *hub.Hub
	pas       *pas
	epr       *epr
	pathology *pathology

	mu       sync.Mutex              // a software key counts its signatures
	softkeys map[string]*softkey.Key // by uid
}

// Start builds and runs a demo. Close it in any case but an error.
func Start(ctx context.Context, o Options) (*Demo, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := &Demo{options: o, people: personas(), client: newClient(), ladder: &ladder{clock: o.Clock}, softkeys: map[string]*softkey.Key{}}
	for _, step := range []func(context.Context) error{d.place, d.build, d.run} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, d.Close(ctx))
		}
	}
	return d, nil
}

// place chooses ports and directory, and refuses what is not the demo's.
func (d *Demo) place(ctx context.Context) (err error) {
	if d.ports, err = choosePorts(ctx, d.options.Port); err != nil {
		return err
	}
	d.issuer = origin(hubHost, d.ports.hub)
	if err := checkIssuer(d.issuer); err != nil {
		return err
	}
	if d.dir = d.options.Dir; d.dir == "" {
		d.temporary = true
		if d.dir, err = os.MkdirTemp("", "lanyard-demo-"); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	if d.dir, err = filepath.Abs(d.dir); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return prepare(d.dir)
}

// build makes keys, partners and the hub. Nothing listens yet.
func (d *Demo) build(ctx context.Context) error {
	if err := d.generate(); err != nil {
		return err
	}
	if err := d.write(); err != nil {
		return err
	}
	if err := d.buildApps(); err != nil {
		return err
	}
	h, err := hub.New(ctx, hub.Options{
		Config: d.configuration(), Log: d.options.Log, Lab: true, Banner: Banner, BannerLink: startPath, Mode: "1", Version: d.options.Version,
		Extras: []signin.Extra{{Label: "Use a demo smartcard", Path: cardPath}, {Label: "Use a demo security key", Path: keyPath}},
		Routes: d.routes(), Wrap: d.watch, Clock: d.options.Clock,
	})
	if err != nil {
		return err
	}
	d.hub = h
	if err := h.Kit().AddPages(appFiles, "pages/demo-*.html"); err != nil {
		return err
	}
	return d.register(ctx)
}

func (d *Demo) buildApps() error {
	open := func(a app, host string, port int) (*app, error) {
		a.URL, a.Hub = origin(host, port)+"/", d.issuer+startPath
		return newApp(a, d.options.Clock, d.ladder, d.options.Log)
	}
	a, err := open(app{Short: atPAS, Name: "PAS", Protocol: "SAML 2.0", Accent: "pas"}, "pas.localhost", d.ports.pas)
	if err != nil {
		return err
	}
	a.ID = a.URL + "saml/metadata"
	if d.pas, err = newPAS(a, d.keys.pasKey, d.keys.pasCert); err != nil {
		return err
	}
	if a, err = open(app{Short: atEPR, Name: "EPR", Protocol: "OpenID Connect", ID: "epr", Accent: "epr", secret: rand.Text() + rand.Text()}, "epr.localhost", d.ports.epr); err != nil {
		return err
	}
	d.epr = newEPR(a, d.issuer, d.client)
	if a, err = open(app{Short: atPathology, Name: "Pathology 1998", Protocol: "the legacy Smartcard ticket", ID: "pathology", Accent: "pathology"}, "pathology.localhost", d.ports.pathology); err != nil {
		return err
	}
	d.pathology = newPathology(a, d.issuer, d.client)
	return nil
}

func (d *Demo) apps() []*app { return []*app{d.pas.app, d.epr.app, d.pathology.app} }

// run opens the listeners.
func (d *Demo) run(ctx context.Context) error {
	if err := d.hub.Start(ctx); err != nil {
		return err
	}
	metadata, err := d.fetchMetadata(ctx)
	if err != nil {
		return err
	}
	if err := d.pas.trust(metadata); err != nil {
		return err
	}
	for i, port := range []int{d.ports.pas, d.ports.epr, d.ports.pathology} {
		l, err := listen(ctx, port)
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		d.apps()[i].serve(l)
	}
	if err := d.writeSettings(); err != nil {
		return err
	}
	return d.writeManifest()
}

// fetchMetadata gets the hub's metadata as PAS would, and keeps it for scripts.
func (d *Demo) fetchMetadata(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.hub.EntityID(), nil)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("demo: hub's metadata: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("demo: hub's metadata: %s: %w", resp.Status, err)
	}
	return data, d.save("hub-metadata.xml", data)
}

// URL is the start page.
func (d *Demo) URL() string { return d.issuer + startPath }

// Dir is where everything is kept.
func (d *Demo) Dir() string { return d.dir }

// Close stops everything and removes a temporary directory.
func (d *Demo) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	var errs []error
	if d.pathology != nil {
		for _, a := range d.apps() {
			errs = append(errs, a.close(ctx))
		}
	}
	d.client.CloseIdleConnections()
	if d.hub != nil {
		errs = append(errs, d.hub.Close(ctx))
	}
	if d.temporary && d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}
