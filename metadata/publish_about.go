package metadata

import (
	"strconv"
	"time"
)

// entityExtensions writes what holds for the entity as a whole.
func (w *writer) entityExtensions(d Descriptor, now time.Time) {
	w.list(`<md:Extensions>`, `</md:Extensions>`, func() {
		if r := d.Registration; r.Authority != "" {
			w.raw(`<mdrpi:RegistrationInfo xmlns:mdrpi="` + spaceRPI + `"`)
			w.attr("registrationAuthority", r.Authority)
			if !r.At.IsZero() {
				w.attr("registrationInstant", instant(r.At))
			}
			w.raw(`>`)
			w.localized("mdrpi:RegistrationPolicy", r.Policies)
			w.raw(`</mdrpi:RegistrationInfo>`)
		}
		if d.Publisher != "" {
			w.raw(`<mdrpi:PublicationInfo xmlns:mdrpi="` + spaceRPI + `"`)
			w.attr("creationInstant", instant(now))
			w.attr("publisher", d.Publisher)
			w.raw(`></mdrpi:PublicationInfo>`)
		}
		w.list(`<mdattr:EntityAttributes xmlns:mdattr="`+spaceAttribute+`">`, `</mdattr:EntityAttributes>`, func() {
			for _, a := range d.Attributes {
				w.attribute(a)
			}
		})
		for _, m := range d.DigestMethods {
			w.raw(`<alg:DigestMethod xmlns:alg="` + spaceAlg + `"`)
			w.attr("Algorithm", m)
			w.raw(`></alg:DigestMethod>`)
		}
		for _, m := range d.SigningMethods {
			w.signingMethod(m)
		}
	})
}

func (w *writer) scopes(all []string) {
	for _, s := range all {
		w.text(`<shibmd:Scope xmlns:shibmd="`+spaceShib+`" regexp="false">`, s, `</shibmd:Scope>`)
	}
}

func (w *writer) ui(u UI) {
	w.list(`<mdui:UIInfo xmlns:mdui="`+spaceUI+`">`, `</mdui:UIInfo>`, func() {
		w.localized("mdui:DisplayName", u.DisplayNames)
		w.localized("mdui:Description", u.Descriptions)
		w.localized("mdui:Keywords", u.Keywords)
		for _, l := range u.Logos {
			w.raw(`<mdui:Logo`)
			w.attr("height", strconv.Itoa(l.Height))
			w.attr("width", strconv.Itoa(l.Width))
			if l.Language != "" {
				w.attr("xml:lang", l.Language)
			}
			w.text(`>`, l.URL, `</mdui:Logo>`)
		}
		w.localized("mdui:InformationURL", u.InformationURLs)
		w.localized("mdui:PrivacyStatementURL", u.PrivacyURLs)
	})
}

func (w *writer) hints(h Hints) {
	w.list(`<mdui:DiscoHints xmlns:mdui="`+spaceUI+`">`, `</mdui:DiscoHints>`, func() {
		w.each("mdui:IPHint", h.Networks...)
		w.each("mdui:DomainHint", h.Domains...)
		w.each("mdui:GeolocationHint", h.Locations...)
	})
}

func (w *writer) organization(o Organization) {
	if o.empty() {
		return
	}
	w.raw(`<md:Organization>`)
	w.localized("md:OrganizationName", o.Names)
	w.localized("md:OrganizationDisplayName", o.DisplayNames)
	w.localized("md:OrganizationURL", o.URLs)
	w.raw(`</md:Organization>`)
}

// contact writes a ContactPerson. The schema knows no contact for security: it is another, marked.
func (w *writer) contact(c Contact) {
	w.raw(`<md:ContactPerson`)
	if c.Type == Security {
		w.raw(` xmlns:remd="` + spaceREFEDS + `" contactType="other" remd:contactType="` + contactSecurity + `"`)
	} else {
		w.attr("contactType", c.Type)
	}
	w.raw(`>`)
	for _, part := range []struct{ name, value string }{{"Company", c.Company}, {"GivenName", c.GivenName}, {"SurName", c.Surname}} {
		if part.value != "" {
			w.each("md:"+part.name, part.value)
		}
	}
	for _, e := range c.Emails {
		w.each("md:EmailAddress", "mailto:"+e)
	}
	w.each("md:TelephoneNumber", c.Phones...)
	w.raw(`</md:ContactPerson>`)
}
