package trust

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
)

// Template is what an administrator permits to clients that register themselves: a partner document without the client's own facts.
// What it decides, the client does not: stage, requirements, release, session, profile, PKCE. What it lists, the client may have no
// more of: scopes and grant types.
type Template struct{ document Document }

// DefaultTemplate is for hubs whose administrator wrote none: a pairwise identifier and nothing else. A client that nobody invited
// waits as a draft until an administrator looks at it.
func DefaultTemplate(invited bool) Template {
	d := Document{Protocol: OIDC, Stage: Draft, Subject: SubjectPairwise, OIDC: &OIDCDocument{Scopes: []string{"openid"}, Grants: []string{GrantCode, GrantRefresh}}}
	if invited {
		d.Stage = Test
	}
	return Template{d}
}

// ReadTemplate reads a template from YAML. Without a stage it has that of DefaultTemplate, and live is refused: to take a partner
// live is an administrator's act, partner by partner. Every error wraps ErrInvalid.
func ReadTemplate(data []byte, invited bool, c Compiler, o CompileOptions) (Template, error) {
	docs, err := ReadDocuments(bytes.NewReader(data))
	if err != nil {
		return Template{}, err
	}
	if len(docs) != 1 {
		return Template{}, fmt.Errorf("%w: a template is one document, this is %d", ErrInvalid, len(docs))
	}
	d, standard := docs[0], DefaultTemplate(invited).document
	if d.Protocol == "" {
		d.Protocol = OIDC
	}
	if d.Stage == "" {
		d.Stage = standard.Stage
	}
	if d.OIDC == nil {
		d.OIDC = &OIDCDocument{}
	}
	if len(d.OIDC.Grants) == 0 {
		d.OIDC.Grants = standard.OIDC.Grants
	}
	if !slices.Contains(d.OIDC.Scopes, "openid") && d.OIDC.SignsOn() {
		d.OIDC.Scopes = append([]string{"openid"}, d.OIDC.Scopes...)
	}
	t := Template{d}
	return t, t.check(c, o)
}

// check refuses what only a client can say of itself, and what no client could be registered with.
func (t Template) check(c Compiler, o CompileOptions) error {
	d := t.document
	var own OIDCDocument
	own.takeFacts(*d.OIDC)
	switch {
	case d.Protocol != OIDC:
		return fmt.Errorf("%w: a template is for protocol oidc", ErrInvalid)
	case d.Partner != "" || d.Name != "" || d.URL != "" || !reflect.ValueOf(own).IsZero():
		return fmt.Errorf("%w: a template names no client: take out partner, name, url, secrets, keys and addresses", ErrInvalid)
	case d.Stage != Draft && d.Stage != Test:
		return fmt.Errorf("%w: stage of a template is draft or test, not %q", ErrInvalid, d.Stage)
	}
	sample := d
	oidc := *d.OIDC
	oidc.RedirectURIs, oidc.JWKSURI = []string{"https://client.example/cb"}, "https://client.example/jwks"
	if oidc.Auth == "" {
		oidc.Auth = AuthPrivateKeyJWT
	}
	switch oidc.Auth {
	case AuthBasic, AuthPost:
		oidc.SecretSHA256 = "0000000000000000000000000000000000000000000000000000000000000000"
	case AuthTLS:
		oidc.TLSName = "dns:client.example"
	}
	sample.Partner, sample.OIDC = "client.example", &oidc
	_, err := c.Compile(sample, nil, o)
	return err
}

// takeFacts takes from another document what a client says of itself and nobody else.
func (o *OIDCDocument) takeFacts(from OIDCDocument) {
	o.Type, o.SecretFile, o.SecretSHA256, o.JWKSFile, o.JWKS, o.JWKSURI, o.TLSName = from.Type, from.SecretFile, from.SecretSHA256, from.JWKSFile, from.JWKS, from.JWKSURI, from.TLSName
	o.RedirectURIs, o.PostLogoutRedirectURIs, o.BackchannelLogoutURI = from.RedirectURIs, from.PostLogoutRedirectURIs, from.BackchannelLogoutURI
	o.FrontchannelLogoutURI, o.FrontchannelSession, o.Sector, o.OIDCClientDocument = from.FrontchannelLogoutURI, from.FrontchannelSession, from.Sector, from.OIDCClientDocument
}

// takeChoices takes from another document what a client may choose within bounds. Permits knows the bounds.
func (o *OIDCDocument) takeChoices(from OIDCDocument) {
	o.Auth, o.PKCE, o.Bind, o.Scopes, o.Grants, o.ResponseTypes = from.Auth, from.PKCE, from.Bind, from.Scopes, from.Grants, from.ResponseTypes
	o.IDTokenAlg, o.DefaultACR, o.OIDCRequestDocument = from.IDTokenAlg, from.DefaultACR, from.OIDCRequestDocument
}

// Document is a copy to fill in the client's own facts.
func (t Template) Document() Document {
	d, oidc := t.document, *t.document.OIDC
	oidc.Scopes, oidc.Grants, oidc.ResponseTypes = slices.Clone(oidc.Scopes), slices.Clone(oidc.Grants), slices.Clone(oidc.ResponseTypes)
	d.OIDC = &oidc
	return d
}

// Around is the template for a change of a client that is registered: what an administrator has decided about it since stays, and
// what it was given it may keep. It may not take back what binds it.
func (t Template) Around(current Document) Template {
	d, had := t.Document(), *current.OIDC
	d.Stage, d.Require, d.Subject, d.Release, d.Session, d.Emergency = current.Stage, current.Require, current.Subject, current.Release, current.Session, current.Emergency
	o := had
	o.takeFacts(*d.OIDC)
	o.takeChoices(*d.OIDC)
	o.PKCE, o.Scopes, o.Grants = had.PKCE, union(o.Scopes, had.Scopes), union(o.Grants, had.Grants)
	o.ResponseTypes = union(ResponseNames(d.OIDC.Responses()), ResponseNames(had.Responses()))
	if had.Bind != "" {
		o.Bind = had.Bind
	}
	o.PAR, o.RequestObject, o.ResponseModes, o.DefaultPrompt, o.Frames = had.PAR, had.RequestObject, had.ResponseModes, had.DefaultPrompt, had.Frames
	d.OIDC = &o
	return Template{d}
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// Permits refuses a document that says more than the template allows. It is asked last, whatever made the document: what is not known
// to be the client's to say must be as the template has it. The error wraps ErrInvalid.
func (t Template) Permits(d Document) error {
	if d.OIDC == nil || d.SAML != nil || d.Ticket != nil || d.Protocol != OIDC {
		return fmt.Errorf("%w: only OIDC clients register themselves", ErrInvalid)
	}
	had, has, rest := t.document.OIDC, d.OIDC, *d.OIDC
	rest.takeFacts(*had)
	rest.takeChoices(*had)
	around := d
	around.Partner, around.Name, around.URL, around.Subject, around.OIDC = "", "", "", t.document.Subject, had
	for what, kept := range map[string]bool{
		"terms":               reflect.DeepEqual(around, t.document),
		"subject":             d.Subject == t.document.Subject || d.Subject == SubjectPairwise && t.document.Subject != SubjectTransient,
		"oidc":                reflect.DeepEqual(rest, *had),
		"oidc.auth":           had.Auth == "" || has.Auth == had.Auth,
		"oidc.pkce":           has.PKCE == nil || *has.PKCE || had.PKCE != nil && !*had.PKCE,
		"oidc.bind":           had.Bind == "" || has.Bind == had.Bind,
		"oidc.scopes":         within(has.Scopes, had.Scopes),
		"oidc.grants":         within(has.Grants, had.Grants) && len(has.Grants) > 0,
		"oidc.response_types": within(ResponseNames(has.Responses()), ResponseNames(had.Responses())),
		"oidc.registration":   has.Registration != nil,
		"oidc request":        had.OIDCRequestDocument.permits(has.OIDCRequestDocument),
	} {
		if !kept {
			return fmt.Errorf("%w: %s is not what an administrator permits", ErrInvalid, what)
		}
	}
	return nil
}

// permits reports whether requests of a client may be as has says, where d is what an administrator permits: no laxer, and answered in
// no other ways.
func (d OIDCRequestDocument) permits(has OIDCRequestDocument) bool {
	modes := d.ResponseModes
	if len(modes) == 0 {
		modes = standardModes()
	}
	return (has.PAR || !d.PAR) && (has.RequestObject == "required" || d.RequestObject != "required") && (d.Frames || !has.Frames) &&
		within(has.ResponseModes, modes) && (d.ResponseModes == nil || has.ResponseModes != nil) &&
		(d.DefaultMaxAge == nil || has.DefaultMaxAge != nil && *has.DefaultMaxAge <= *d.DefaultMaxAge) && (d.DefaultPrompt == "" || has.DefaultPrompt == d.DefaultPrompt)
}

func within(some, all []string) bool {
	return !slices.ContainsFunc(some, func(x string) bool { return !slices.Contains(all, x) })
}
