package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// FetcherFunc makes a Fetcher of a function.
type FetcherFunc func(ctx context.Context, target string, guarded bool) ([]byte, time.Duration, error)

// Fetch implements Fetcher.
func (f FetcherFunc) Fetch(ctx context.Context, target string, guarded bool) ([]byte, time.Duration, error) {
	return f(ctx, target, guarded)
}

// permits is what the administrator of the tests permits.
const permits = `
stage: test
release: [{ set: profile }]
oidc: { scopes: [openid, profile], grants: [authorization_code, refresh_token] }
`

// registrations is a world in which clients register themselves.
type registrations struct {
	*world
	registrar *trust.Registrar
	documents map[string]string // what the fetcher finds, by URL
	fetched   []string          // URL and whether guarded
	fresh     time.Duration     // what answers say
	fail      error
	guarded   int           // logout tokens that were posted with care
	hold      chan struct{} // fetches wait until it is closed; nil: they do not
}

func newRegistrations(t testing.TB, open bool, template string) *registrations {
	t.Helper()
	w := newWorld(t)
	compiler, err := trust.NewCompiler()
	must(t, err)
	options := func() trust.CompileOptions { return trust.CompileOptions{Now: w.clock()} }
	permitted := trust.DefaultTemplate(!open)
	if template != "" {
		permitted, err = trust.ReadTemplate([]byte(template), !open, compiler, options())
		must(t, err)
	}
	w.registry = trust.NewRegistry(w.store, compiler, false, w.clock)
	must(t, w.registry.Load(context.Background()))
	out := &registrations{world: w, documents: map[string]string{}}
	out.registrar = &trust.Registrar{
		Store: w.store, Registry: w.registry, Compiler: compiler, Options: options, Template: permitted, Max: 5,
		Reload: func(ctx context.Context) { must(t, w.registry.Load(ctx)) },
	}
	w.p, err = New(Options{
		Kit: w.kit, Hub: w.hub, Keys: func() keyring.Ring { return w.ring }, Poster: PosterFunc(w.post), Fetcher: FetcherFunc(out.fetch), Guarded: PosterFunc(out.postGuarded),
		Registering: Registering{Registrar: out.registrar, Open: open, Hourly: 10},
	})
	must(t, err)
	w.hub.Propagators[trust.OIDC] = w.p
	w.router = w.kit.Router(w.p.Routes(), w.steps())
	return out
}

func (w *registrations) fetch(ctx context.Context, target string, guarded bool) ([]byte, time.Duration, error) {
	w.mu.Lock()
	how := " open"
	if guarded {
		how = " guarded"
	}
	w.fetched = append(w.fetched, target+how)
	body, found := w.documents[target]
	fresh, fail, hold := w.fresh, w.fail, w.hold
	w.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
	if fail == nil {
		fail = ctx.Err()
	}
	if fail == nil && !found {
		fail = errors.New("404")
	}
	return []byte(body), fresh, fail
}

func (w *registrations) postGuarded(ctx context.Context, target string, form url.Values) (int, []byte, error) {
	w.guarded++
	return w.post(ctx, target, form)
}

// fetches forgets and returns what was fetched.
func (w *registrations) fetches() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := strings.Join(w.fetched, ", ")
	w.fetched = nil
	return out
}

// invite makes an invitation and returns its token.
func (w *registrations) invite(uses int, template string) string {
	w.t.Helper()
	i, token := trust.NewInvitation(w.hub.NewID(), w.hub.NewSecret(), trust.Invitation{
		Name: "EPR", Template: []byte(template), Uses: uses, Made: w.clock(), Expires: w.clock().Add(7 * 24 * time.Hour),
	})
	_, err := w.store.SaveInvitation(context.Background(), i, 0)
	must(w.t, err)
	return token
}

// ask sends JSON with a token.
func (w *registrations) ask(method, path, token, body string) reply {
	w.t.Helper()
	r := httptest.NewRequest(method, issuer+path, io.NopCloser(strings.NewReader(body)))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return w.send(r)
}

// told is what a client is told of itself.
type told struct {
	ID       string   `json:"client_id"`
	Secret   string   `json:"client_secret"`
	Ends     *int64   `json:"client_secret_expires_at"`
	Issued   int64    `json:"client_id_issued_at"`
	URI      string   `json:"registration_client_uri"`
	Token    string   `json:"registration_access_token"`
	Name     string   `json:"client_name"`
	Auth     string   `json:"token_endpoint_auth_method"`
	Scope    string   `json:"scope"`
	Subject  string   `json:"subject_type"`
	Grants   []string `json:"grant_types"`
	IDAlg    string   `json:"id_token_signed_response_alg"`
	Contacts []string `json:"contacts"`
}

func (t told) path() string { return strings.TrimPrefix(t.URI, issuer) }

// registered reads an answer that must be a success.
func (w *registrations) registered(got reply, status int) told {
	w.t.Helper()
	var out told
	if got.status != status || got.header.Get("Content-Type") != "application/json" || got.header.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("%d %v %s", got.status, got.header, got.body)
	}
	must(w.t, json.Unmarshal([]byte(got.body), &out))
	return out
}

const usual = `"redirect_uris":["` + callback + `"]`

// client registers one by an invitation.
func (w *registrations) client(members string) told {
	w.t.Helper()
	return w.registered(w.ask(http.MethodPost, registerPath, w.invite(1, ""), `{`+usual+members+`}`), http.StatusCreated)
}

// stage does what an administrator does with a client.
func (w *registrations) stage(id string, how func(*trust.Document)) {
	w.t.Helper()
	d, _, err := w.registrar.Current(context.Background(), id)
	must(w.t, err)
	how(&d)
	change, err := trust.Propose(context.Background(), w.store, w.registrar.Compiler, d, nil, w.registrar.Options())
	must(w.t, err)
	must(w.t, change.Apply(context.Background(), w.store, w.clock(), ledger.Event{Time: w.clock(), Kind: ledger.PartnerChanged, Partner: id}))
	must(w.t, w.registry.Load(context.Background()))
}

// refused expects an error, its code, and a reason on record.
func (w *registrations) refused(what string, got reply, status int, code, reason string) {
	w.t.Helper()
	w.denied(w.t.(*testing.T), what, got, w.lastSeq(), status, code, reason)
	for _, secret := range []string{"client_secret\"", "registration_access_token\""} {
		if strings.Contains(got.body, secret) {
			w.t.Errorf("%s: tells a secret: %s", what, got.body)
		}
	}
}
