package demo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/adapters/fido/softkey"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// register tells the hub of the people, their cards and keys, and the partners, as `lanyard people import`
// and `lanyard partner apply` do.
func (d *Demo) register(ctx context.Context) error {
	var persons []people.Person
	for _, p := range d.people {
		persons = append(persons, p.Person)
	}
	if err := d.hub.Store().SavePersons(ctx, persons...); err != nil {
		return fmt.Errorf("demo: save persons: %w", err)
	}
	for _, p := range d.people {
		if err := d.enrolCard(ctx, p); err != nil {
			return err
		}
	}
	if err := d.enrolKeys(ctx); err != nil {
		return err
	}
	return d.registerPartners(ctx)
}

func (d *Demo) enrolCard(ctx context.Context, p Persona) error {
	err := d.hub.Store().AddAuthenticator(ctx, people.Authenticator{
		ID: d.hub.Core().NewID(), UID: p.Person.UID, Kind: people.Smartcard, Handle: d.keys.authority.handle(p.card.cert),
		Label: "Software card", Added: d.options.Clock(), Expires: p.card.cert.NotAfter,
	})
	if err != nil {
		return fmt.Errorf("demo: enrol card: %w", err)
	}
	return nil
}

// enrolKeys makes a software security key for everybody and enrols it by the ceremony that a browser runs.
func (d *Demo) enrolKeys(ctx context.Context) error {
	store := d.hub.Store()
	keys, err := fido.New(fido.Options{
		RPID: hubHost, RPName: NotForTrust, Origins: []string{d.issuer}, Authenticators: store, Clock: d.options.Clock, Random: rand.Reader,
	})
	if err != nil {
		return err
	}
	for _, p := range d.people {
		key, err := softkey.New(rand.Reader, hubHost, d.issuer)
		if err != nil {
			return err
		}
		options, kept, err := keys.BeginEnrolment(ctx, p.Person)
		if err != nil {
			return err
		}
		answer, err := key.Create(options)
		if err != nil {
			return err
		}
		made, err := keys.FinishEnrolment(ctx, p.Person, kept, answer, d.options.Clock())
		if err != nil {
			return err
		}
		a := made.Authenticator
		a.ID, a.Label = d.hub.Core().NewID(), "Software security key"
		if err := store.AddAuthenticator(ctx, a); err != nil {
			return fmt.Errorf("demo: enrol key: %w", err)
		}
		d.softkeys[p.Person.UID] = key
	}
	return nil
}

func (d *Demo) registerPartners(ctx context.Context) error {
	compiler, err := trust.NewCompiler()
	if err != nil {
		return err
	}
	now := d.options.Clock()
	metadata, err := d.pas.describe()
	if err != nil {
		return err
	}
	if err := d.save("pas-metadata.xml", metadata); err != nil {
		return err
	}
	for _, doc := range d.documents() {
		var beside []byte
		if doc.Protocol == trust.SAML2 {
			beside = metadata
		}
		change, err := trust.Propose(ctx, d.hub.Store(), compiler, doc, beside, trust.CompileOptions{Lab: true, Now: now})
		if err != nil {
			return err
		}
		if err := change.Apply(ctx, d.hub.Store(), now); err != nil {
			return err
		}
	}
	if err := d.hub.Registry().Load(ctx); err != nil {
		return err
	}
	return d.hub.Registry().Broken()
}

// documents are the terms of the sample partners.
func (d *Demo) documents() []trust.Document {
	secret := sha256.Sum256([]byte(d.epr.secret))
	require := trust.Require{Assurance: "AAL3", Identity: 3, Role: true}
	return []trust.Document{
		{
			Partner: d.pas.ID, Name: d.pas.Name, Protocol: trust.SAML2, Stage: trust.Test, URL: d.pas.URL, Require: require,
			Subject: trust.SubjectPairwise, Release: []trust.Release{{Set: "nhs-saml"}}, SAML: &trust.SAMLDocument{SignedRequests: true, Encrypt: "always"},
		},
		{
			Partner: d.epr.ID, Name: d.epr.Name, Protocol: trust.OIDC, Stage: trust.Test, URL: d.epr.URL, Require: require,
			Subject: trust.SubjectUID, Release: []trust.Release{{Set: "cis2"}, {Set: trust.EffectiveActivities}},
			OIDC: &trust.OIDCDocument{
				SecretSHA256: hex.EncodeToString(secret[:]), RedirectURIs: []string{d.epr.redirectURI()}, PostLogoutRedirectURIs: []string{d.epr.URL + "?out"},
				BackchannelLogoutURI: d.epr.URL + "backchannel-logout", IDTokenAlg: "ES256",
				Scopes: []string{"openid", "profile", "nhsperson", "nationalrbacaccess", "selectedrole", trust.EffectiveActivities},
			},
		},
		{
			Partner: d.pathology.ID, Name: d.pathology.Name, Protocol: trust.Ticket, Stage: trust.Test, URL: d.pathology.URL, Require: require,
			Subject: trust.SubjectUID, Release: []trust.Release{{Set: "ssb-all-roles"}},
			Ticket: &trust.TicketDocument{ReturnURLs: []string{d.pathology.URL + "ticket"}, Networks: []string{"127.0.0.0/8"}, Rechecks: true},
		},
	}
}
