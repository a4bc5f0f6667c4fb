package trust

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

const oidcDoc = `
partner: epr
protocol: oidc
stage: live
oidc: { auth: none, redirect_uris: [https://epr.example/cb] }
`

// TestCompileAtItsLimits lists what is refused and, for want "", what is just good enough.
func TestCompileAtItsLimits(t *testing.T) {
	oidc := func(section string) string {
		return strings.Replace(oidcDoc, "auth: none, redirect_uris: [https://epr.example/cb]", section, 1)
	}
	uri := func(u string) string { return oidc("auth: none, redirect_uris: [\"" + u + "\"]") }
	hash := strings.Repeat("ab", 32)
	for name, tc := range map[string]struct{ document, want string }{
		"longest id":                    {strings.Replace(ticketDoc, "pathology", strings.Repeat("p", 1024), 1), ""},
		"too long an id":                {strings.Replace(ticketDoc, "pathology", strings.Repeat("p", 1025), 1), "at most 1024"},
		"no id":                         {strings.Replace(ticketDoc, "pathology", `""`, 1), "identifier"},
		"control in id":                 {strings.Replace(ticketDoc, "pathology", `"path\x7fology"`, 1), "identifier"},
		"page of the partner":           {ticketDoc + "url: https://path.rx1.example/\n", ""},
		"bad page of the partner":       {ticketDoc + "url: http://path.rx1.example/\n", "url"},
		"identity 0":                    {ticketDoc + "require: { identity: 0 }\n", ""},
		"identity 3":                    {ticketDoc + "require: { identity: 3 }\n", ""},
		"negative identity":             {ticketDoc + "require: { identity: -1 }\n", "identity"},
		"negative idle":                 {ticketDoc + "session: { idle: -1m }\n", "unit"},
		"card ignored":                  {ticketDoc + "session: { on_card_removal: ignore }\n", ""},
		"card eaten":                    {ticketDoc + "session: { on_card_removal: eaten }\n", "on_card_removal"},
		"no idle":                       {ticketDoc + "session: { idle: 0s }\n", ""},
		"only a certificate":            {strings.Replace(ticketDoc, "networks: [10.0.8.0/24]", "certificate_sha256: "+hash, 1), ""},
		"short hash of a certificate":   {ticketDoc + "  certificate_sha256: " + hash[2:] + "\n", "64 hex"},
		"hash that is not hex":          {ticketDoc + "  certificate_sha256: x" + hash[1:] + "\n", "64 hex"},
		"way of delivery":               {ticketDoc + "  deliver: fragment\n", "deliver"},
		"section of a ticket missing":   {"partner: x\nprotocol: ticket\n", "no section ticket"},
		"section of OIDC missing":       {"partner: x\nprotocol: oidc\n", "no section oidc"},
		"public client":                 {oidcDoc, ""},
		"no redirect":                   {oidc("auth: none"), "redirect_uris is empty"},
		"relative redirect":             {uri("/cb"), "absolute"},
		"redirect without a host":       {uri("https:///cb"), "absolute"},
		"empty fragment":                {uri("https://epr.example/cb#"), "absolute"},
		"scheme of an app":              {uri("epr://host/cb"), "https"},
		"localhost":                     {uri("https://localhost/cb"), "demonstration"},
		"localhost in capitals":         {uri("https://LOCALHOST/cb"), "demonstration"},
		"localhost with a dot":          {uri("https://epr.localhost./cb"), "demonstration"},
		"landing page":                  {oidc("auth: none, redirect_uris: [https://epr.example/cb], post_logout_redirect_uris: [http://epr.example/]"), "https"},
		"address of sign-out":           {oidc("auth: none, redirect_uris: [https://epr.example/cb], backchannel_logout_uri: http://epr.example/out"), "backchannel"},
		"good address of sign-out":      {oidc("auth: none, redirect_uris: [https://epr.example/cb], backchannel_logout_uri: https://epr.example/out"), ""},
		"front channel":                 {oidc("auth: none, redirect_uris: [https://epr.example:443/cb], frontchannel_logout_uri: 'https://EPR.example/out?a=1', frontchannel_session: true"), ""},
		"front channel elsewhere":       {oidc("auth: none, redirect_uris: [https://epr.example/cb], frontchannel_logout_uri: https://www.epr.example/out"), "frontchannel_logout_uri"},
		"front channel by another port": {oidc("auth: none, redirect_uris: [https://epr.example/cb], frontchannel_logout_uri: https://epr.example:8443/out"), "frontchannel_logout_uri"},
		"front channel without TLS":     {oidc("auth: none, redirect_uris: [https://epr.example/cb], frontchannel_logout_uri: http://epr.example/out"), "frontchannel_logout_uri"},
		"front channel nowhere":         {oidc("auth: none, redirect_uris: [https://epr.example/cb], frontchannel_session: true"), "needs oidc.frontchannel_logout_uri"},
		"kind of authentication":        {oidc("auth: password, redirect_uris: [https://epr.example/cb]"), "oidc.auth"},
		"algorithm":                     {oidc("auth: none, id_token_alg: none, redirect_uris: [https://epr.example/cb]"), "id_token_alg"},
		"keys from two places":          {oidc("auth: private_key_jwt, jwks: '{}', jwks_uri: https://epr.example/jwks, redirect_uris: [https://epr.example/cb]"), "exclude each other"},
		"a name without its method":     {oidc("auth: none, tls_name: dns:epr.example, redirect_uris: [https://epr.example/cb]"), "tls_name"},
		"a weak method for FAPI":        {oidc("profile: fapi2, secret_sha256: " + hash + ", auth: client_secret_basic, redirect_uris: [https://epr.example/cb]"), "fapi2"},
		"an unknown grant":              {oidc("auth: none, grants: [password], redirect_uris: [https://epr.example/cb]"), "oidc.grants"},
		"no keys":                       {oidc("auth: private_key_jwt, redirect_uris: [https://epr.example/cb]"), "jwks"},
		"a secret that is not used":     {oidc("auth: none, secret_sha256: " + hash + ", redirect_uris: [https://epr.example/cb]"), "secret_file"},
		"a secret":                      {oidc("secret_sha256: " + hash + ", redirect_uris: [https://epr.example/cb]"), ""},
		"short hash of a secret":        {oidc("secret_sha256: " + hash[2:] + ", redirect_uris: [https://epr.example/cb]"), "64 hex"},
		"PKCE said twice":               {oidc("auth: none, pkce: true, redirect_uris: [https://epr.example/cb]"), ""},
		"confidential without PKCE":     {oidc("secret_sha256: " + hash + ", pkce: false, redirect_uris: [https://epr.example/cb]"), ""},
		"set and name":                  {ticketDoc + "release: [{ set: ssb, name: a }]\n", "either set"},
		"set and value":                 {ticketDoc + "release: [{ set: ssb, value: person.uid }]\n", "either set"},
		"set and friendly name":         {ticketDoc + "release: [{ set: ssb, friendly: a }]\n", "either set"},
		"condition of a rule":           {ticketDoc + "release: [{ name: a, value: person.uid, when: \"person.uid\" }]\n", "release[0].when"},
		"longest expression":            {ticketDoc + "require: { when: \"true" + strings.Repeat(" ", 4092) + "\" }\n", ""},
		"too long an expression":        {ticketDoc + "require: { when: \"true" + strings.Repeat(" ", 4093) + "\" }\n", "4096"},
		"nothing at all":                {"", "nothing"},
		"largest document":              {ticketDoc + "#" + strings.Repeat("x", documentLimit-len(ticketDoc)-1), ""},
		"too large a document":          {ticketDoc + "#" + strings.Repeat("x", documentLimit-len(ticketDoc)), "larger"},
		"CIS2 claims":                   {oidcDoc + "release: [{ set: cis2 }]\n", ""},
		"claims of one scope":           {oidcDoc + "release: [{ set: nationalrbacaccess }]\n", ""},
		"way of signing":                {"partner: https://a.example/\nprotocol: saml2\nsaml: { sign: all }\n", "saml.sign"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := compile(t, tc.document)
			if tc.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v does not say %q", err, tc.want)
			}
		})
	}
}

func TestCompileFillsIn(t *testing.T) {
	p, err := compile(t, strings.Replace(oidcDoc, "stage: live\n", "", 1))
	if err != nil {
		t.Fatal(err)
	}
	if p.Stage != Draft || p.Answerable() || p.Terms.Subject != SubjectUID || p.OIDC.Algorithm != "ES256" || !p.OIDC.PKCE || len(p.OIDC.Scopes) != 1 || p.OIDC.Scopes[0] != "openid" {
		t.Errorf("partner %+v, %+v", p, p.OIDC)
	}
	for stage, want := range map[Stage]bool{Draft: false, Test: true, Live: true, SuspendedAt: false} {
		if got := (Partner{Stage: stage}).Answerable(); got != want {
			t.Errorf("%s is answered: %v", stage, got)
		}
	}
	scopes, err := compile(t, strings.Replace(oidcDoc, "auth: none", "auth: none, scopes: [profile, openid]", 1))
	if err != nil || len(scopes.OIDC.Scopes) != 2 {
		t.Errorf("scopes %v, %v", scopes.OIDC.Scopes, err)
	}
}

// TestFilesOfADocument: what a document names is read into it, within limits, and only where files may be named.
func TestFilesOfADocument(t *testing.T) {
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("der")}))
	files := fstest.MapFS{
		"cert":   {Data: []byte(certificate)},
		"key":    {Data: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("der")})},
		"text":   {Data: []byte("text")},
		"public": {Data: newFederation(t).bare},
		"secret": {Data: []byte(strings.Repeat("s", minSecret))},
		"short":  {Data: []byte(strings.Repeat("s", minSecret-1) + "\r\n")},
		"most":   {Data: make([]byte, 1<<20)},
		"over":   {Data: make([]byte, 1<<20+1)},
	}
	for name, tc := range map[string]struct {
		document Document
		fsys     bool
		want     string // of the error
	}{
		"certificate":       {Document{Ticket: &TicketDocument{CertificateFile: "cert"}}, true, ""},
		"no certificate":    {Document{Ticket: &TicketDocument{CertificateFile: "text"}}, true, "no certificate"},
		"a private key":     {Document{Ticket: &TicketDocument{CertificateFile: "key"}}, true, "no certificate"},
		"shortest secret":   {Document{OIDC: &OIDCDocument{SecretFile: "secret"}}, true, ""},
		"too short":         {Document{OIDC: &OIDCDocument{SecretFile: "short"}}, true, "shorter"},
		"key set":           {Document{OIDC: &OIDCDocument{JWKSFile: "text"}}, true, ""},
		"largest file":      {Document{SAML: &SAMLDocument{Metadata: "most"}}, true, ""},
		"too large a file":  {Document{SAML: &SAMLDocument{Metadata: "over"}}, true, "1 MiB"},
		"verifying keys":    {Document{SAML: &SAMLDocument{VerifyWith: "public"}}, true, ""},
		"no keys":           {Document{SAML: &SAMLDocument{VerifyWith: "text"}}, true, "text: "},
		"a secret key":      {Document{SAML: &SAMLDocument{VerifyWith: "key"}}, true, "PRIVATE KEY where"},
		"missing file":      {Document{SAML: &SAMLDocument{Metadata: "none"}}, true, "none"},
		"out of the folder": {Document{SAML: &SAMLDocument{Metadata: "../text"}}, true, "../text"},
		"no files here":     {Document{OIDC: &OIDCDocument{JWKSFile: "text"}}, false, "cannot be named"},
		"nothing to read":   {Document{SAML: &SAMLDocument{}, OIDC: &OIDCDocument{}, Ticket: &TicketDocument{}}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var d Document
			var err error
			if tc.fsys {
				d, _, err = tc.document.Resolve(files)
			} else {
				d, _, err = tc.document.Resolve(nil)
			}
			if tc.want != "" {
				if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("error %v does not say %q", err, tc.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d.Ticket != nil && d.Ticket.CertificateFile != "" || d.OIDC != nil && (d.OIDC.SecretFile != "" || d.OIDC.JWKSFile != "") || d.SAML != nil && (d.SAML.Metadata != "" || d.SAML.VerifyWith != "") {
				t.Errorf("a file is named still: %+v", d)
			}
		})
	}
	d, _, err := Document{Ticket: &TicketDocument{CertificateFile: "cert"}}.Resolve(files)
	sum := sha256.Sum256([]byte("der"))
	if err != nil || d.Ticket.CertificateSHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("certificate_sha256 %q, %v", d.Ticket.CertificateSHA256, err)
	}
}

func TestDurationsAreWrittenShort(t *testing.T) {
	for d, want := range map[time.Duration]string{time.Hour: "1h", 90 * time.Minute: "90m", time.Second: "1s", 1500 * time.Millisecond: "1.5s", 0: "0s", 24 * time.Hour: "24h"} {
		if got, err := Duration(d).MarshalYAML(); err != nil || got != want {
			t.Errorf("%v is written %v, %v", d, got, err)
		}
	}
}

// shelf is a PartnerStore.
type shelf struct {
	records []Record
	events  []ledger.Event
	err     error
}

func (s *shelf) Partners(context.Context) ([]Record, int64, error) {
	return s.records, int64(len(s.records)), s.err
}

func (s *shelf) SavePartner(_ context.Context, r Record, expected int64, events ...ledger.Event) (int64, error) {
	for i, old := range s.records {
		if old.ID == r.ID && old.Protocol == r.Protocol {
			if old.Revision != expected {
				return 0, ErrConflict
			}
			r.Revision = old.Revision + 1
			s.records[i] = r
			s.events = append(s.events, events...)
			return r.Revision, nil
		}
	}
	if expected != 0 {
		return 0, ErrConflict
	}
	r.Revision = 1
	s.records = append(s.records, r)
	s.events = append(s.events, events...)
	return 1, nil
}

func (s *shelf) RemovePartner(_ context.Context, protocol Protocol, id string, expected int64, events ...ledger.Event) error {
	i := slices.IndexFunc(s.records, func(r Record) bool { return r.ID == id && r.Protocol == protocol && r.Revision == expected })
	if i < 0 {
		return ErrConflict
	}
	s.records, s.events = slices.Delete(s.records, i, i+1), append(s.events, events...)
	return nil
}

func (s *shelf) Revision(context.Context) (int64, error) { return int64(len(s.records)), nil }

func (s *shelf) Watch(context.Context, func()) {}

func TestChangesAndTheRegistry(t *testing.T) {
	ctx, now := t.Context(), time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	store := &shelf{}
	propose := func(document string) Change {
		t.Helper()
		docs, err := ReadDocuments(strings.NewReader(document))
		if err != nil {
			t.Fatal(err)
		}
		c, err := Propose(ctx, store, compiler, docs[0], nil, CompileOptions{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	apply := func(c Change, want error) {
		t.Helper()
		if err := c.Apply(ctx, store, now, ledger.Event{Kind: ledger.PartnerChanged}); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Fatalf("apply: %v, want %v", err, want)
		}
	}
	r := NewRegistry(store, compiler, false, func() time.Time { return now })
	if _, err := r.Partner(OIDC, "epr"); !errors.Is(err, ErrUnknownPartner) || r.Revision() != 0 || r.Broken() != nil {
		t.Errorf("before the first load: %v", err)
	}
	if all, err := r.Partners(); err != nil || len(all) != 0 {
		t.Errorf("before the first load: %v, %v", all, err)
	}
	first, rival := propose(oidcDoc), propose(oidcDoc)
	if !first.New || first.Same {
		t.Errorf("change = %+v", first)
	}
	apply(first, nil)
	apply(rival, ErrConflict)
	same := propose(oidcDoc)
	if same.New || !same.Same {
		t.Errorf("change = %+v", same)
	}
	apply(same, nil)
	if len(store.events) != 1 || store.records[0].Revision != 1 || !store.records[0].Updated.Equal(now) {
		t.Errorf("a change of nothing was written: %+v", store)
	}
	changed := propose(oidcDoc + "name: A record\n")
	if changed.New || changed.Same {
		t.Errorf("change = %+v", changed)
	}
	apply(changed, nil)
	// The same name in another protocol is another partner.
	namesake := propose(strings.Replace(ticketDoc, "pathology", "epr", 1))
	if !namesake.New {
		t.Errorf("change = %+v", namesake)
	}
	apply(namesake, nil)
	if r.AnyMay(GrantCode) {
		t.Error("a grant before the first load")
	}
	store.records = append(store.records, Record{ID: "bad", Protocol: OIDC, Document: []byte("partner: bad\nprotocol: oidc\n")})

	if err := r.Load(ctx); err != nil {
		t.Fatal(err)
	}
	if !r.AnyMay(GrantCode) || r.AnyMay(GrantCIBA) {
		t.Error("grants of the clients are not known")
	}
	p, err := r.Partner(OIDC, "epr")
	if err != nil || p.Name != "A record" || p.OIDC == nil || p.Revision != 2 {
		t.Errorf("partner %+v, %v", p, err)
	}
	if p, err := r.Partner(Ticket, "epr"); err != nil || p.Ticket == nil {
		t.Errorf("namesake %+v, %v", p, err)
	}
	for protocol, id := range map[Protocol]string{SAML2: "epr", OIDC: "bad", Ticket: "EPR"} {
		if _, err := r.Partner(protocol, id); !errors.Is(err, ErrUnknownPartner) {
			t.Errorf("%s %s: %v", protocol, id, err)
		}
	}
	all, err := r.Partners()
	if err != nil || len(all) != 2 || all[0].Name != "A record" || r.Revision() != 3 || !errors.Is(r.Broken(), ErrInvalid) {
		t.Errorf("partners %+v, %v, revision %d, broken %v", all, err, r.Revision(), r.Broken())
	}
	store.err = errors.New("gone")
	if err := r.Load(ctx); err == nil {
		t.Error("a store that failed")
	}
	if _, err := r.Partner(OIDC, "epr"); err != nil {
		t.Errorf("the old snapshot went: %v", err)
	}
}

// TestExpiredMetadataIsKnown: a partner whose metadata has expired since it was applied stays known, so that it is told why it is refused
// and its sessions can be ended. It cannot be applied so.
func TestExpiredMetadataIsKnown(t *testing.T) {
	ctx, now := t.Context(), time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	entity := []byte(strings.Replace(string(metadataListing(t)), " entityID", ` validUntil="2026-11-26T00:00:00Z" entityID`, 1))
	d := Document{Partner: "https://sp.example/", Protocol: SAML2, Stage: Live}
	store := &shelf{}
	change, err := Propose(ctx, store, compiler, d, entity, CompileOptions{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := change.Apply(ctx, store, now); err != nil {
		t.Fatal(err)
	}
	later := now.Add(48 * time.Hour)
	if _, err := Propose(ctx, store, compiler, d, entity, CompileOptions{Now: later}); !errors.Is(err, ErrInvalid) {
		t.Errorf("applied when it had expired: %v", err)
	}
	r := NewRegistry(store, compiler, false, func() time.Time { return later })
	if err := errors.Join(r.Load(ctx), r.Broken()); err != nil {
		t.Fatal(err)
	}
	if p, err := r.Partner(SAML2, d.Partner); err != nil || p.SAML.Entity.ValidUntil.IsZero() {
		t.Errorf("%+v, %v", p, err)
	}
	store.records[0].Metadata = []byte(strings.Replace(string(entity), "https://sp.example/acs", "http://sp.example/acs", 1))
	store.records[0].Revision++ // as every store does
	if err := r.Load(ctx); err != nil || !errors.Is(r.Broken(), ErrInvalid) {
		t.Errorf("what is wrong for another reason is served: %v, %v", err, r.Broken())
	}
}

func TestRedirectsAreComparedWhole(t *testing.T) {
	p, err := compile(t, oidcDoc)
	if err != nil {
		t.Fatal(err)
	}
	for uri, want := range map[string]bool{"https://epr.example/cb": true, "https://epr.example/cb/": false, "https://EPR.example/cb": false, "": false} {
		if got := p.OIDC.RedirectURI(uri); got != want {
			t.Errorf("%q: %v", uri, got)
		}
	}
}
