package metadata

import "strconv"

// identityProvider writes the IDPSSODescriptor.
func (w *writer) identityProvider(d Descriptor) {
	idp := d.IdP
	w.raw(`<md:IDPSSODescriptor`)
	if idp.WantAuthnRequestsSigned {
		w.attr("WantAuthnRequestsSigned", "true")
	}
	if idp.ErrorURL != "" {
		w.attr("errorURL", idp.ErrorURL)
	}
	w.attr("protocolSupportEnumeration", Protocol)
	w.raw(`>`)
	w.list(`<md:Extensions>`, `</md:Extensions>`, func() {
		w.scopes(d.Scopes)
		w.ui(d.UI)
		w.hints(d.Hints)
	})
	w.keys(d)
	for _, s := range idp.ArtifactResolution {
		w.indexed("ArtifactResolutionService", s)
	}
	w.logout(idp)
	w.each("md:NameIDFormat", idp.NameIDFormats...)
	w.endpoints("SingleSignOnService", idp.SSO)
	w.each("md:AttributeProfile", idp.Profiles...)
	for _, a := range idp.Attributes {
		w.attribute(a)
	}
	w.raw(`</md:IDPSSODescriptor>`)
}

// attributeAuthority writes the AttributeAuthorityDescriptor. Its scopes are its own: what holds for one role does not for another.
func (w *writer) attributeAuthority(d Descriptor) {
	if d.Authority == nil {
		return
	}
	w.raw(`<md:AttributeAuthorityDescriptor`)
	w.attr("protocolSupportEnumeration", Protocol)
	w.raw(`>`)
	w.list(`<md:Extensions>`, `</md:Extensions>`, func() { w.scopes(d.Scopes) })
	w.keys(d)
	w.endpoints("AttributeService", d.Authority.Services)
	w.each("md:NameIDFormat", d.Authority.NameIDFormats...)
	w.each("md:AttributeProfile", d.Authority.Profiles...)
	for _, a := range d.Authority.Attributes {
		w.attribute(a)
	}
	w.raw(`</md:AttributeAuthorityDescriptor>`)
}

func (w *writer) endpoints(name string, all []Endpoint) {
	for _, e := range all {
		w.endpoint(name, "", e, "")
	}
}

// endpoint writes one, with more on it: a namespace before its attributes, and what is of that namespace behind them.
func (w *writer) endpoint(name, declared string, e Endpoint, more string) {
	w.raw(`<md:` + name + declared)
	w.attr("Binding", e.Binding)
	w.attr("Location", e.Location)
	if e.ResponseLocation != "" {
		w.attr("ResponseLocation", e.ResponseLocation)
	}
	w.raw(more + `></md:` + name + `>`)
}

// logout writes where sign-outs go. By the attribute a partner knows that it may want no answer (Asynchronous Single Logout Profile
// Extension 1.0); to one that does not see it nothing changes.
func (w *writer) logout(idp IdentityProvider) {
	declared, more := "", ""
	if idp.AsyncLogout {
		declared, more = ` xmlns:aslo="`+spaceAsync+`"`, ` aslo:supportsAsynchronous="true"`
	}
	for _, e := range idp.SLO {
		w.endpoint("SingleLogoutService", declared, e, more)
	}
}

func (w *writer) indexed(name string, e IndexedEndpoint) {
	w.raw(`<md:` + name)
	w.attr("Binding", e.Binding)
	w.attr("Location", e.Location)
	w.attr("index", strconv.Itoa(e.Index))
	if e.Default {
		w.attr("isDefault", "true")
	}
	w.raw(`></md:` + name + `>`)
}

func (w *writer) attribute(a Attribute) {
	w.raw(`<saml:Attribute xmlns:saml="` + spaceAssertion + `"`)
	if a.FriendlyName != "" {
		w.attr("FriendlyName", a.FriendlyName)
	}
	w.attr("Name", a.Name)
	if a.NameFormat != "" {
		w.attr("NameFormat", a.NameFormat)
	}
	w.raw(`>`)
	w.each("saml:AttributeValue", a.Values...)
	w.raw(`</saml:Attribute>`)
}
