package hub

import (
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/metadata"
)

// about is what the hub's SAML metadata says of those who run it, as the configuration has it.
func about(c config.Config) metadata.About {
	m := c.SAML.Metadata
	names := languages(m.OrganisationNames)
	out := metadata.About{
		UI: metadata.UI{
			DisplayNames: languages(m.DisplayNames), Descriptions: languages(m.Descriptions), Keywords: languages(m.Keywords),
			InformationURLs: languages(m.InformationURLs), PrivacyURLs: languages(m.PrivacyURLs), Logos: logos(m.Logos),
		},
		Hints:        metadata.Hints{Domains: m.Hints.Domains, Locations: m.Hints.Locations},
		Scopes:       []string{c.Organisation.Scope},
		Organization: metadata.Organization{Names: names, DisplayNames: names, URLs: languages(m.OrganisationURLs)},
		Contacts:     contacts(m.Contacts),
		Attributes:   entityAttributes(m),
		Registration: registration(m.Registration),
		Publisher:    m.Publisher,
	}
	for _, n := range m.Hints.Networks {
		out.Hints.Networks = append(out.Hints.Networks, n.String())
	}
	return out
}

// languages reads "en=text".
func languages(items []string) []metadata.Localized {
	var out []metadata.Localized
	for _, item := range items {
		language, text, _ := strings.Cut(item, "=")
		out = append(out, metadata.Localized{Language: language, Text: text})
	}
	return out
}

// logos reads "80x60 URL" and "cy=80x60 URL". The configuration has been checked: what does not fit is not there.
func logos(items []string) []metadata.Logo {
	var out []metadata.Logo
	for _, item := range items {
		size, address, _ := strings.Cut(item, " ")
		l := metadata.Logo{URL: address}
		if language, rest, ok := strings.Cut(size, "="); ok {
			l.Language, size = language, rest
		}
		if _, err := fmt.Sscanf(size, "%dx%d", &l.Width, &l.Height); err == nil {
			out = append(out, l)
		}
	}
	return out
}

func contacts(c config.SAMLContacts) []metadata.Contact {
	var out []metadata.Contact
	for _, kind := range []struct {
		name      string
		mailboxes []string
	}{
		{"technical", c.Technical}, {"support", c.Support}, {"administrative", c.Administrative}, {"billing", c.Billing}, {"other", c.Other},
		{metadata.Security, c.Security},
	} {
		for _, text := range kind.mailboxes {
			if a, err := mail.ParseAddress(text); err == nil {
				out = append(out, metadata.Contact{Type: kind.name, GivenName: a.Name, Emails: []string{a.Address}})
			}
		}
	}
	return out
}

func entityAttributes(m config.SAMLMetadata) []metadata.Attribute {
	const uri = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	var out []metadata.Attribute
	for _, a := range []metadata.Attribute{
		{Name: "urn:oasis:names:tc:SAML:attribute:assurance-certification", Values: m.Assurance},
		{Name: "http://macedir.org/entity-category", Values: m.EntityCategories},
		{Name: "http://macedir.org/entity-category-support", Values: m.SupportedCategories},
	} {
		if len(a.Values) > 0 {
			a.NameFormat = uri
			out = append(out, a)
		}
	}
	return out
}

// attributes are those that partners may be told, with the NameFormat that assertions have.
func attributes(items []string) []metadata.Attribute {
	var out []metadata.Attribute
	for _, item := range items {
		name, friendly, _ := strings.Cut(item, " ")
		format := "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
		if strings.Contains(name, ":") {
			format = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
		}
		out = append(out, metadata.Attribute{Name: name, FriendlyName: friendly, NameFormat: format})
	}
	return out
}

func registration(r config.SAMLRegistration) metadata.Registration {
	out := metadata.Registration{Authority: r.Authority, Policies: languages(r.Policies)}
	out.At, _ = time.Parse(time.RFC3339, r.Instant) // absent: the zero time, which is left out
	return out
}
