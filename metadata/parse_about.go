package metadata

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// readAbout reads what a party says of itself for people: none of it decides anything.
func (e *Entity) readAbout(entity, role *xmlsec.Element) {
	if role != nil {
		if info := descend(role, space, "Extensions", spaceUI, "UIInfo"); info != nil {
			e.UI = e.readUI(info)
		}
	}
	if o := entity.Child(space, "Organization"); o != nil {
		e.Organization = Organization{
			Names: localized(o, space, "OrganizationName"), DisplayNames: localized(o, space, "OrganizationDisplayName"),
			URLs: e.addresses(o, space, "OrganizationURL"),
		}
	}
	for _, holder := range []*xmlsec.Element{role, entity} { // the role's own first
		if holder == nil {
			continue
		}
		for _, c := range holder.All(space, "ContactPerson") {
			e.Contacts = append(e.Contacts, e.readContact(c))
		}
	}
}

func (e *Entity) readUI(info *xmlsec.Element) UI {
	u := UI{
		DisplayNames: localized(info, spaceUI, "DisplayName"), Descriptions: localized(info, spaceUI, "Description"),
		Keywords:        localized(info, spaceUI, "Keywords"),
		InformationURLs: e.addresses(info, spaceUI, "InformationURL"), PrivacyURLs: e.addresses(info, spaceUI, "PrivacyStatementURL"),
	}
	for _, l := range info.All(spaceUI, "Logo") {
		width, errW := strconv.ParseUint(trimmed(l, "width"), 10, 16)
		height, errH := strconv.ParseUint(trimmed(l, "height"), 10, 16)
		if errW != nil || errH != nil || width == 0 || height == 0 {
			e.note(Warning, "logo_size", "a logo has no readable size and is passed over")
			continue
		}
		address := strings.TrimSpace(l.Text())
		if !strings.HasPrefix(address, "data:image/") { // inline pictures are allowed (mdui 2.1.5)
			address = e.address(address, "Logo")
		}
		if address != "" {
			language, _ := l.AttrNS(spaceXML, "lang")
			u.Logos = append(u.Logos, Logo{URL: address, Language: language, Width: int(width), Height: int(height)})
		}
	}
	return u
}

// readContact reads a ContactPerson. One for security is marked by REFEDS or, as it was first done, by InCommon.
func (e *Entity) readContact(c *xmlsec.Element) Contact {
	out := Contact{Type: trimmed(c, "contactType")}
	marked, _ := c.AttrNS(spaceREFEDS, "contactType")
	older, _ := c.AttrNS("http://id.incommon.org/metadata", "contactType")
	if marked = strings.TrimSpace(marked); marked == contactSecurity || older == "http://id.incommon.org/metadata/contactType/security" {
		out.Type = Security
	}
	for local, to := range map[string]*string{"Company": &out.Company, "GivenName": &out.GivenName, "SurName": &out.Surname} {
		if v := c.Child(space, local); v != nil {
			*to = strings.TrimSpace(v.Text())
		}
	}
	for _, m := range c.All(space, "EmailAddress") {
		address := strings.TrimSpace(m.Text())
		bare, ok := strings.CutPrefix(address, "mailto:")
		if !ok {
			e.note(Warning, "contact_mailto", "the e-mail address of a contact does not begin with mailto:, as it must")
		}
		if bare != "" {
			out.Emails = append(out.Emails, bare)
		}
	}
	for _, t := range c.All(space, "TelephoneNumber") {
		out.Phones = append(out.Phones, strings.TrimSpace(t.Text()))
	}
	return out
}

// readNames finds the name to show, English first.
func (e *Entity) readNames() {
	names := e.UI.DisplayNames
	if e.SP != nil && len(e.SP.Services) > 0 && len(names) == 0 {
		names = e.SP.Services[0].Names
	}
	if len(names) == 0 {
		names = e.Organization.DisplayNames
	}
	for _, n := range names {
		if e.DisplayName == "" || n.Language == "en" {
			e.DisplayName = n.Text
			if n.Language == "en" {
				return
			}
		}
	}
}

// localized reads all children of a name with their languages, and leaves out empty ones.
func localized(e *xmlsec.Element, namespace, local string) []Localized {
	var out []Localized
	for _, c := range e.All(namespace, local) {
		language, _ := c.AttrNS(spaceXML, "lang")
		if text := strings.TrimSpace(c.Text()); text != "" {
			out = append(out, Localized{Language: strings.TrimSpace(language), Text: text})
		}
	}
	return out
}

// addresses is localized for what people may be sent to.
func (e *Entity) addresses(holder *xmlsec.Element, namespace, local string) []Localized {
	var out []Localized
	for _, l := range localized(holder, namespace, local) {
		if l.Text = e.address(l.Text, local); l.Text != "" {
			out = append(out, l)
		}
	}
	return out
}

// address keeps the absolute http and https URLs of a browser's address bar, and nothing that a browser would run.
func (e *Entity) address(value, what string) string {
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.ContainsFunc(value, notPrintable) {
		e.note(Warning, "about_url", what+" is not an absolute https URL and is passed over")
		return ""
	}
	return value
}
