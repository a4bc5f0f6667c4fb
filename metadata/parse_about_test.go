package metadata

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestParseArtifactResolution: each by its index, for the artifact of a partner names one (SAML Bindings 3.6.4.2).
func TestParseArtifactResolution(t *testing.T) {
	e := parsed(t, replace(t, goodPartner(t), "<md:SingleLogoutService", `<md:ArtifactResolutionService Binding="`+BindingSOAP+`" Location=" https://pas.rx1.example/ars " index="3"/>`+
		`<md:ArtifactResolutionService Binding="`+BindingSOAP+`" Location="https://pas.rx1.example/ars4" index="4" isDefault="true"/><md:ArtifactResolutionService index="x"/><md:SingleLogoutService`))
	want := []IndexedEndpoint{{BindingSOAP, "https://pas.rx1.example/ars", 3, false}, {BindingSOAP, "https://pas.rx1.example/ars4", 4, true}}
	if diff := cmp.Diff(want, e.SP.ArtifactResolution); diff != "" {
		t.Error(diff)
	}
	if got := codes(e.Notes, Error); got != "artifact_index" {
		t.Error(got)
	}
}

// TestParseAbout: what a partner says of itself, and nothing of it that a browser would run.
func TestParseAbout(t *testing.T) {
	doc := replace(t, goodPartner(t), "</mdui:UIInfo>", `<mdui:Description xml:lang="en"> Beds </mdui:Description><mdui:Description xml:lang="cy"> </mdui:Description>
<mdui:Logo width="80" height="60" xml:lang="en">https://pas.rx1.example/logo.png</mdui:Logo><mdui:Logo width="16" height="16">data:image/png;base64,AAAA</mdui:Logo>
<mdui:Logo width="16" height="16">javascript:alert(1)</mdui:Logo><mdui:Logo>https://pas.rx1.example/logo.png</mdui:Logo>
<mdui:InformationURL xml:lang="en">https://pas.rx1.example/about</mdui:InformationURL><mdui:PrivacyStatementURL xml:lang="en">javascript:alert(1)</mdui:PrivacyStatementURL><mdui:PrivacyStatementURL xml:lang="cy">https://pas.rx1.example/cy</mdui:PrivacyStatementURL><mdui:Keywords xml:lang="en">beds</mdui:Keywords></mdui:UIInfo>`)
	doc = replace(t, doc, "</md:EntityDescriptor>", `<md:ContactPerson contactType="technical"><md:Company>RX1</md:Company><md:GivenName>Asha</md:GivenName><md:SurName>Example</md:SurName>
<md:EmailAddress>mailto:asha@rx1.example</md:EmailAddress><md:EmailAddress>bare@rx1.example</md:EmailAddress><md:TelephoneNumber>1234</md:TelephoneNumber></md:ContactPerson>
<md:ContactPerson contactType="other" xmlns:remd="http://refeds.org/metadata" remd:contactType="http://refeds.org/metadata/contactType/security"><md:EmailAddress>mailto:cert@rx1.example</md:EmailAddress><md:EmailAddress>mailto:</md:EmailAddress></md:ContactPerson>
<md:ContactPerson contactType="other" xmlns:icmd="http://id.incommon.org/metadata" icmd:contactType="http://id.incommon.org/metadata/contactType/security"><md:GivenName>older</md:GivenName></md:ContactPerson>
</md:EntityDescriptor>`)
	doc = replace(t, doc, "<md:SPSSODescriptor ", `<md:SPSSODescriptor errorURL="https://pas.rx1.example/error?c=ERRORURL_CODE" `)
	e := parsed(t, doc)
	ui := UI{
		DisplayNames: []Localized{{"cy", "System Weinyddu Cleifion"}, {"en", "Patient Administration & Beds"}}, Descriptions: []Localized{{"en", "Beds"}},
		InformationURLs: []Localized{{"en", "https://pas.rx1.example/about"}},
		PrivacyURLs:     []Localized{{"cy", "https://pas.rx1.example/cy"}}, Keywords: []Localized{{"en", "beds"}},
		Logos: []Logo{{"https://pas.rx1.example/logo.png", "en", 80, 60}, {"data:image/png;base64,AAAA", "", 16, 16}},
	}
	if diff := cmp.Diff(ui, e.UI); diff != "" {
		t.Error(diff)
	}
	contacts := []Contact{
		{Type: "technical", Company: "RX1", GivenName: "Asha", Surname: "Example", Emails: []string{"asha@rx1.example", "bare@rx1.example"}, Phones: []string{"1234"}},
		{Type: Security, Emails: []string{"cert@rx1.example"}},
		{Type: Security, GivenName: "older"},
	}
	if diff := cmp.Diff(contacts, e.Contacts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Organization{[]Localized{{"en", "RX1"}}, []Localized{{"en", "Royal Example"}}, []Localized{{"en", "https://rx1.example/"}}}, e.Organization); diff != "" {
		t.Error(diff)
	}
	if e.SP.ErrorURL != "https://pas.rx1.example/error?c=ERRORURL_CODE" {
		t.Errorf("errorURL %q", e.SP.ErrorURL)
	}
	if got := codes(e.Notes, Warning); !sameWords(got, "about_url about_url logo_size contact_mailto") {
		t.Error(got)
	}
}

func sameWords(a, b string) bool {
	count := map[string]int{}
	for _, w := range strings.Fields(a) {
		count[w]++
	}
	for _, w := range strings.Fields(b) {
		count[w]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// TestParseServices: names and wanted values of attribute consuming services.
func TestParseServices(t *testing.T) {
	doc := replace(t, goodPartner(t), `isRequired="true"/>`, `isRequired="true"><saml:AttributeValue xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"> urn:x </saml:AttributeValue></md:RequestedAttribute>`)
	doc = replace(t, doc, "</md:ServiceName>", `</md:ServiceName><md:ServiceDescription xml:lang="en">Beds</md:ServiceDescription>`)
	s := parsed(t, doc).SP.Services[0]
	if diff := cmp.Diff([]Localized{{"en", "PAS"}}, s.Names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Localized{{"en", "Beds"}}, s.Descriptions); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"urn:x"}, s.Requested[0].Values); diff != "" {
		t.Error(diff)
	}
}

// TestAddresses: people are sent to the absolute addresses of the web, and to nothing that says who they are.
func TestAddresses(t *testing.T) {
	for value, kept := range map[string]bool{
		"https://a.example/x?y": true, "http://a.example/": true, "": false, "ftp://a.example/": false, "https:///x": false, "/x": false,
		"https://who:secret@a.example/": false, "https://a.example/\u202e": false, "https://a.example/%zz": false, "https://a.example:x/": false,
	} {
		e := Entity{}
		if got := e.address(value, "Logo"); (got == value && got != "") != kept || (len(e.Notes) == 0) != (kept || value == "") {
			t.Errorf("%q: %q %v", value, got, e.Notes)
		}
	}
}

// TestLogoSizes: a logo without a size that can be read is passed over.
func TestLogoSizes(t *testing.T) {
	for size, kept := range map[string]bool{
		`width="1" height="1"`: true, `width="0" height="1"`: false, `width="1" height="0"`: false, `width="1"`: false, `height="1"`: false, `width="-1" height="1"`: false,
		`width="1" height="65536"`: false,
	} {
		e := parsed(t, replace(t, goodPartner(t), "</mdui:UIInfo>", `<mdui:Logo `+size+`>https://pas.rx1.example/logo.png</mdui:Logo></mdui:UIInfo>`))
		if (len(e.UI.Logos) == 1) != kept || (codes(e.Notes, Warning) == "logo_size") == kept {
			t.Errorf("%s: %+v %v", size, e.UI.Logos, e.Notes)
		}
	}
}

// TestNameToShow: English first, else the first; of the interface, else of the default service, else of the organization.
func TestNameToShow(t *testing.T) {
	cy, fr, en, again := Localized{"cy", "Un"}, Localized{"fr", "Deux"}, Localized{"en", "Two"}, Localized{"en", "Three"}
	service := &ServiceProvider{Services: []AttributeService{{Names: []Localized{fr}}}}
	for want, e := range map[string]Entity{
		"Two": {UI: UI{DisplayNames: []Localized{cy, en, fr, again}}, SP: service}, "Un": {UI: UI{DisplayNames: []Localized{cy, fr}}}, "Deux": {SP: service, Organization: Organization{DisplayNames: []Localized{cy}}},
		"": {SP: &ServiceProvider{}},
	} {
		if e.readNames(); e.DisplayName != want {
			t.Errorf("%q, want %q", e.DisplayName, want)
		}
	}
	e := Entity{SP: &ServiceProvider{}, Organization: Organization{DisplayNames: []Localized{cy}}}
	if e.readNames(); e.DisplayName != "Un" {
		t.Errorf("%q", e.DisplayName)
	}
}
