package trust_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

const template = `
stage: test
require: { assurance: AAL2 }
release: [{ set: profile }]
oidc: { scopes: [openid, profile], grants: [authorization_code], pkce: false }
`

func noon() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

// registrar is one over an empty store whose template is the one above.
func registrar(t *testing.T) (*trust.Registrar, *memory.Store) {
	t.Helper()
	compiler, err := trust.NewCompiler()
	must(t, err)
	options := trust.CompileOptions{Now: noon()}
	permitted, err := trust.ReadTemplate([]byte(template), true, compiler, options)
	must(t, err)
	store := memory.NewAt(noon)
	registry := trust.NewRegistry(store, compiler, false, noon)
	r := &trust.Registrar{
		Store: store, Registry: registry, Compiler: compiler, Options: func() trust.CompileOptions { return options }, Template: permitted, Max: 3,
		Reload: func(ctx context.Context) { must(t, registry.Load(ctx)) },
	}
	r.Reload(t.Context())
	return r, store
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// client fills a template as a client would.
func client(t trust.Template, id, name string) trust.Document {
	d := t.Document()
	d.Partner, d.Name = id, name
	d.OIDC.Auth, d.OIDC.PKCE, d.OIDC.RedirectURIs = "none", nil, []string{"https://" + id + ".example/cb"}
	d.OIDC.Registration = &trust.RegistrationDocument{TokenSHA256: strings.Repeat("ab", 32), Issued: "2026-11-25T12:00:00Z"}
	return d
}

// TestTemplatePermits: nobody who registers gets more than the template, whatever made the document.
func TestTemplatePermits(t *testing.T) {
	r, _ := registrar(t)
	yes := true
	for name, tc := range map[string]struct {
		how     func(*trust.Document)
		refused string
	}{
		"as it is":             {func(*trust.Document) {}, ""},
		"fewer scopes":         {func(d *trust.Document) { d.OIDC.Scopes = nil }, ""},
		"pairwise":             {func(d *trust.Document) { d.Subject = trust.SubjectPairwise }, ""},
		"another subject":      {func(d *trust.Document) { d.Subject = trust.SubjectEmail }, "subject"},
		"live":                 {func(d *trust.Document) { d.Stage = trust.Live }, "terms"},
		"less assurance":       {func(d *trust.Document) { d.Require.Assurance = "AAL1" }, "terms"},
		"no requirement":       {func(d *trust.Document) { d.Require = trust.Require{} }, "terms"},
		"another condition":    {func(d *trust.Document) { d.Require.When = "true" }, "terms"},
		"more release":         {func(d *trust.Document) { d.Release = append(d.Release, trust.Release{Set: "email"}) }, "terms"},
		"a looser rule":        {func(d *trust.Document) { d.Release = []trust.Release{{Set: "cis2"}} }, "terms"},
		"a longer session":     {func(d *trust.Document) { d.Session.OnCardRemoval = "ignore" }, "terms"},
		"more scopes":          {func(d *trust.Document) { d.OIDC.Scopes = append(d.OIDC.Scopes, "email") }, "oidc.scopes"},
		"more grants":          {func(d *trust.Document) { d.OIDC.Grants = append(d.OIDC.Grants, trust.GrantClient) }, "oidc.grants"},
		"standard grants":      {func(d *trust.Document) { d.OIDC.Grants = nil }, "oidc.grants"},
		"refresh by its key":   {func(d *trust.Document) { d.OIDC.Refresh = true }, "oidc "},
		"another profile":      {func(d *trust.Document) { d.OIDC.Profile = "cis2" }, "oidc "},
		"PKCE all the same":    {func(d *trust.Document) { d.OIDC.PKCE = &yes }, ""},
		"pushed requests":      {func(d *trust.Document) { d.OIDC.PAR = true }, ""},
		"a prompt":             {func(d *trust.Document) { d.OIDC.DefaultPrompt = "login" }, ""},
		"frames":               {func(d *trust.Document) { d.OIDC.Frames = true }, "oidc request"},
		"codes in fragments":   {func(d *trust.Document) { d.OIDC.ResponseModes = []string{"fragment"} }, "oidc request"},
		"a resource server":    {func(d *trust.Document) { d.OIDC.Resource = []string{"https://epr.example/api"} }, "oidc "},
		"tokens for another":   {func(d *trust.Document) { d.OIDC.ResourceServers = []string{"fhir"} }, "oidc "},
		"exchanging":           {func(d *trust.Document) { d.OIDC.Exchange = []string{"fhir"} }, "oidc "},
		"answers by form":      {func(d *trust.Document) { d.OIDC.ResponseModes = []string{"form_post"} }, ""},
		"of an administrator":  {func(d *trust.Document) { d.OIDC.Registration = nil }, "oidc.registration"},
		"another protocol":     {func(d *trust.Document) { d.Protocol = trust.SAML2 }, "OIDC"},
		"a section of another": {func(d *trust.Document) { d.Ticket = &trust.TicketDocument{} }, "OIDC"},
	} {
		d := client(r.Template, "epr", "EPR")
		tc.how(&d)
		err := r.Template.Permits(d)
		if tc.refused == "" && err != nil || tc.refused != "" && (!errors.Is(err, trust.ErrInvalid) || !strings.Contains(err.Error(), tc.refused)) {
			t.Errorf("%s: %v", name, err)
		}
		if _, added := r.Add(t.Context(), d, trust.Invitation{}, ledger.Event{}); (added == nil) != (err == nil) {
			t.Errorf("%s: added: %v", name, added)
		}
		if current, from, err := r.Current(t.Context(), "epr"); err == nil {
			must(t, r.Remove(t.Context(), current.Partner, from, ledger.Event{}))
		}
	}
}

// TestRequestsStayStrict: what a template asks of requests no client takes back.
func TestRequestsStayStrict(t *testing.T) {
	compiler, err := trust.NewCompiler()
	must(t, err)
	strict, err := trust.ReadTemplate([]byte(`oidc: { par: true, request_object: required, response_modes: [form_post], default_max_age: 5m, default_prompt: login }`),
		true, compiler, trust.CompileOptions{})
	must(t, err)
	five, six, four := trust.Duration(5*time.Minute), trust.Duration(6*time.Minute), trust.Duration(4*time.Minute)
	for name, tc := range map[string]struct {
		how  func(*trust.OIDCDocument)
		want bool
	}{
		"as it is":        {func(*trust.OIDCDocument) {}, true},
		"unpushed":        {func(d *trust.OIDCDocument) { d.PAR = false }, false},
		"unsigned":        {func(d *trust.OIDCDocument) { d.RequestObject = "" }, false},
		"other modes":     {func(d *trust.OIDCDocument) { d.ResponseModes = []string{"query"} }, false},
		"standard modes":  {func(d *trust.OIDCDocument) { d.ResponseModes = nil }, false},
		"the same age":    {func(d *trust.OIDCDocument) { d.DefaultMaxAge = &five }, true},
		"younger":         {func(d *trust.OIDCDocument) { d.DefaultMaxAge = &four }, true},
		"older":           {func(d *trust.OIDCDocument) { d.DefaultMaxAge = &six }, false},
		"any age":         {func(d *trust.OIDCDocument) { d.DefaultMaxAge = nil }, false},
		"without prompt":  {func(d *trust.OIDCDocument) { d.DefaultPrompt = "" }, false},
		"one algorithm":   {func(d *trust.OIDCDocument) { d.RequestObjectAlg = "ES256" }, true},
		"signed by other": {func(d *trust.OIDCDocument) { d.ResponseAlg = "ES256" }, true},
	} {
		d := client(strict, "epr", "EPR")
		d.OIDC.JWKSURI = "https://epr.example/jwks"
		tc.how(d.OIDC)
		if err := strict.Permits(d); (err == nil) != tc.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPKCEStays: no client switches it off where the template does not.
func TestPKCEStays(t *testing.T) {
	no := false
	d := client(trust.DefaultTemplate(true), "epr", "EPR")
	d.OIDC.PKCE = &no
	if err := trust.DefaultTemplate(true).Permits(d); !errors.Is(err, trust.ErrInvalid) {
		t.Errorf("%v", err)
	}
}

// TestTemplatesAreChecked: a template that no client could be registered with, or that names one, is refused when it is read.
func TestTemplatesAreChecked(t *testing.T) {
	compiler, err := trust.NewCompiler()
	must(t, err)
	for text, refused := range map[string]string{
		"release: [{ set: cis2 }]":                       "",
		"stage: draft":                                   "",
		"oidc: { profile: fapi2 }":                       "",
		"oidc: { auth: client_secret_basic }":            "",
		"oidc: { auth: tls_client_auth }":                "",
		"stage: live":                                    "draft or test",
		"stage: suspended":                               "draft or test",
		"partner: epr":                                   "names no client",
		"name: EPR":                                      "names no client",
		"oidc: { redirect_uris: [https://a.example/] }":  "names no client",
		"oidc: { jwks_uri: https://a.example/ }":         "names no client",
		"oidc: { sector: epr }":                          "names no client",
		"oidc: { contacts: [a@b.example] }":              "names no client",
		"protocol: saml2":                                "protocol oidc",
		"require: { when: nonsense }":                    "require.when",
		"release: [{ set: nothing }]":                    "release set",
		"oidc: { grants: [password] }":                   "oidc.grants",
		"oidc: { auth: none, pkce: false }":              "oidc.pkce",
		"stage: test\n---\nstage: draft":                 "one document",
		"":                                               "nothing in it",
		"oidc: { colour: red }":                          "colour",
		"oidc: { userinfo_alg: ES256 }":                  "names no client",
		"oidc: { auth: private_key_jwt, bind: nothing }": "oidc.bind",
	} {
		_, err := trust.ReadTemplate([]byte(text), true, compiler, trust.CompileOptions{Now: noon()})
		if refused == "" && err != nil || refused != "" && (!errors.Is(err, trust.ErrInvalid) || !strings.Contains(err.Error(), refused)) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for invited, want := range map[bool]trust.Stage{true: trust.Test, false: trust.Draft} {
		read, err := trust.ReadTemplate([]byte("require: { role: true }"), invited, compiler, trust.CompileOptions{})
		must(t, err)
		if got := read.Document().Stage; got != want {
			t.Errorf("stage %s, want %s", got, want)
		}
		if d := trust.DefaultTemplate(invited).Document(); d.Stage != want || d.Subject != trust.SubjectPairwise || d.Release != nil || len(d.OIDC.Scopes) != 1 {
			t.Errorf("standard template %+v", d)
		}
	}
}

// TestRegistrarBounds: so many and no more, by so many uses and no more, under no approved partner's name.
func TestRegistrarBounds(t *testing.T) {
	ctx := t.Context()
	r, store := registrar(t)
	i, token := trust.NewInvitation("i1", "secret", trust.Invitation{Name: "EPR", Uses: 2, Made: noon(), Expires: noon().Add(time.Hour)})
	_, err := store.SaveInvitation(ctx, i, 0)
	must(t, err)
	for _, wrong := range []string{"", "i1", "i1.", "i1.secre", "i2.secret", "i1.secret.", "secret", strings.Repeat("i", 300)} {
		if _, err := r.Invited(ctx, wrong); !errors.Is(err, trust.ErrInvitation) {
			t.Errorf("token %q: %v", wrong, err)
		}
	}
	for n := range 2 {
		i, err := r.Invited(ctx, token)
		must(t, err)
		if i.Used != n {
			t.Fatalf("used %d times, want %d", i.Used, n)
		}
		_, err = r.Add(ctx, client(r.Template, []string{"a", "b"}[n], ""), i, ledger.Event{Kind: ledger.PartnerChanged})
		must(t, err)
	}
	if _, err := r.Invited(ctx, token); !errors.Is(err, trust.ErrInvitation) {
		t.Errorf("a third use: %v", err)
	}
	_, err = r.Add(ctx, client(r.Template, "c", ""), trust.Invitation{}, ledger.Event{})
	must(t, err)
	if _, err := r.Add(ctx, client(r.Template, "d", ""), trust.Invitation{}, ledger.Event{}); !errors.Is(err, trust.ErrFull) {
		t.Errorf("a fourth client: %v", err)
	}
	current, from, err := r.Current(ctx, "c")
	must(t, err)
	current.Stage, current.Name = trust.Live, "Pathology"
	change, err := trust.Propose(ctx, store, r.Compiler, current, nil, trust.CompileOptions{Now: noon()})
	must(t, err)
	must(t, change.Apply(ctx, store, noon()))
	r.Reload(ctx)
	for _, name := range []string{"pathology", " PATHO  LOGY", "C"} {
		if _, err := r.Add(ctx, client(r.Template, "d", name), trust.Invitation{}, ledger.Event{}); !errors.Is(err, trust.ErrNameTaken) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if err := r.Remove(ctx, "c", from, ledger.Event{}); !errors.Is(err, trust.ErrConflict) {
		t.Errorf("removed what an administrator has changed meanwhile: %v", err)
	}
	if _, err := r.Add(ctx, client(r.Template, "d", "Ward 7"), trust.Invitation{}, ledger.Event{}); err != nil {
		t.Errorf("a client made live still counts: %v", err)
	}
}

// TestInvitationsEnd: by time, by revocation, by use.
func TestInvitationsEnd(t *testing.T) {
	open := trust.Invitation{Uses: 1, Expires: noon().Add(time.Second)}
	for name, tc := range map[string]struct {
		how  func(*trust.Invitation)
		want bool
	}{
		"open":    {func(*trust.Invitation) {}, true},
		"over":    {func(i *trust.Invitation) { i.Expires = noon() }, false},
		"revoked": {func(i *trust.Invitation) { i.Revoked = true }, false},
		"used up": {func(i *trust.Invitation) { i.Used = 1 }, false},
	} {
		i := open
		tc.how(&i)
		if i.Open(noon()) != tc.want {
			t.Errorf("%s: %t", name, !tc.want)
		}
	}
}

// TestChangesKeepWhatAnAdministratorDecided: a client that changes what it said of itself takes nothing back of what was decided
// about it since, and keeps what it was given.
func TestChangesKeepWhatAnAdministratorDecided(t *testing.T) {
	r, _ := registrar(t)
	d := client(r.Template, "epr", "EPR")
	d.Stage, d.Require.Role, d.Subject, d.Release = trust.Draft, true, trust.SubjectPairwise, nil
	d.OIDC.Scopes, d.OIDC.Bind = []string{"openid", "email"}, trust.BindDPoP
	around, err := r.TemplateFor(t.Context(), d)
	must(t, err)
	got := around.Document()
	if got.Stage != trust.Draft || !got.Require.Role || got.Subject != trust.SubjectPairwise || got.Release != nil || got.OIDC.Bind != trust.BindDPoP ||
		strings.Join(got.OIDC.Scopes, " ") != "openid profile email" || got.OIDC.RedirectURIs != nil || got.OIDC.Registration != nil {
		t.Errorf("%+v %+v", got, got.OIDC)
	}
	must(t, around.Permits(client(around, "epr", "EPR")))
	d.OIDC.Registration = nil
	if _, err := r.TemplateFor(t.Context(), d); !errors.Is(err, trust.ErrUnknownPartner) {
		t.Errorf("an administrator's own: %v", err)
	}
}

// TestReloadCompilesWhatChanged: terms that did not change are the same ones, whatever is wrong with others.
func TestReloadCompilesWhatChanged(t *testing.T) {
	r, store := registrar(t)
	ctx := t.Context()
	for _, id := range []string{"b", "c"} {
		_, err := r.Add(ctx, client(r.Template, id, ""), trust.Invitation{}, ledger.Event{})
		must(t, err)
	}
	before, err := r.Registry.Partner(trust.OIDC, "b")
	must(t, err)
	_, err = store.SavePartner(ctx, trust.Record{ID: "a", Protocol: trust.OIDC, Document: []byte("broken")}, 0)
	must(t, err)
	d, from, err := r.Current(ctx, "c")
	must(t, err)
	d.Name = "Changed"
	_, err = r.Replace(ctx, d, r.Template, from, ledger.Event{})
	must(t, err)
	after, err := r.Registry.Partner(trust.OIDC, "b")
	must(t, err)
	changed, err := r.Registry.Partner(trust.OIDC, "c")
	must(t, err)
	if after.OIDC != before.OIDC || changed.Name != "Changed (not approved yet)" || r.Registry.Broken() == nil {
		t.Errorf("%p %p %s %v", before.OIDC, after.OIDC, changed.Name, r.Registry.Broken())
	}
}

// TestRegisterWhatCanBeRead: a client whose document is too large to be read again is refused, not stored and then neither served nor counted.
func TestRegisterWhatCanBeRead(t *testing.T) {
	r, store := registrar(t)
	d := client(r.Template, "epr", "EPR")
	picture := append(onePixel(t), make([]byte, 47<<10)...)
	logo, err := trust.ReadLogo(picture)
	must(t, err)
	d.OIDC.Logo = logo.Encode()
	d.OIDC.JWKS = `{"keys":[],"comment":"` + strings.Repeat("\x7f", 60<<10) + `"}` // each is written with four characters
	if _, err := r.Add(t.Context(), d, trust.Invitation{}, ledger.Event{}); !errors.Is(err, trust.ErrInvalid) {
		t.Errorf("too large: %v", err)
	}
	if records, _, err := store.Partners(t.Context()); err != nil || len(records) != 0 {
		t.Errorf("%d are stored: %v", len(records), err)
	}
	d.OIDC.JWKS = ""
	if _, err := r.Add(t.Context(), d, trust.Invitation{}, ledger.Event{}); err != nil {
		t.Errorf("with its logo alone: %v", err)
	}
}

func onePixel(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, png.Encode(&out, image.NewGray(image.Rect(0, 0, 1, 1))))
	return out.Bytes()
}
