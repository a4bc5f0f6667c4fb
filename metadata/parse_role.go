package metadata

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// readRole reads the first SPSSODescriptor that speaks SAML 2.0 and returns it.
func (e *Entity) readRole(entity *xmlsec.Element) *xmlsec.Element {
	var role *xmlsec.Element
	all := entity.All(space, "SPSSODescriptor")
	for _, r := range all {
		switch {
		case !slices.Contains(strings.Fields(attribute(r, "protocolSupportEnumeration")), Protocol):
			e.note(Warning, "role_protocol", "a service provider role does not speak SAML 2.0 and is passed over")
		case role != nil:
			e.note(Warning, "role_repeated", "more than one SAML 2.0 service provider role; the first one counts")
		default:
			role = r
		}
	}
	if len(all) == 0 && entity.Child(space, "IDPSSODescriptor") != nil {
		e.note(Error, "role_other", "this is the metadata of an identity provider, not of a service provider")
	}
	if role == nil {
		return nil
	}
	sp := &ServiceProvider{
		AuthnRequestsSigned: e.boolean(role, "AuthnRequestsSigned"), WantAssertionsSigned: e.boolean(role, "WantAssertionsSigned"),
		ErrorURL: e.address(trimmed(role, "errorURL"), "errorURL"),
	}
	for _, k := range role.All(space, "KeyDescriptor") {
		e.readKey(sp, k)
	}
	for _, s := range role.All(space, "SingleLogoutService") {
		sp.SLO = append(sp.SLO, Endpoint{
			Binding: trimmed(s, "Binding"), Location: trimmed(s, "Location"), ResponseLocation: trimmed(s, "ResponseLocation"),
		})
	}
	for _, f := range role.All(space, "NameIDFormat") {
		sp.NameIDFormats = append(sp.NameIDFormats, strings.TrimSpace(f.Text()))
	}
	e.readAlgorithms(sp, role, entity)
	sp.ACS = e.readIndexed(role, "AssertionConsumerService", "acs", "an assertion consumer service")
	sp.ArtifactResolution = e.readIndexed(role, "ArtifactResolutionService", "artifact", "an artifact resolution service")
	e.readRequested(sp, role)
	e.SP = sp
	return role
}

// readIndexed reads indexed endpoints and finds their default.
func (e *Entity) readIndexed(role *xmlsec.Element, local, code, what string) []IndexedEndpoint {
	var out []IndexedEndpoint
	var kept []*xmlsec.Element
	for _, s := range role.All(space, local) {
		index, err := strconv.ParseUint(trimmed(s, "index"), 10, 16)
		if err != nil {
			e.note(Error, code+"_index", what+" has no readable index")
			continue
		}
		if attribute(s, "ResponseLocation") != "" {
			e.note(Warning, code+"_response", what+" has a ResponseLocation, which is passed over")
		}
		kept = append(kept, s)
		out = append(out, IndexedEndpoint{Binding: trimmed(s, "Binding"), Location: trimmed(s, "Location"), Index: int(index)})
	}
	if i := e.standard(kept, code, what); i >= 0 {
		out[i].Default = true
	}
	return out
}

// standard finds the default: the first that says so, else the first that does not deny it, else the first (SAML Metadata 2.2.3);
// -1 of none.
func (e *Entity) standard(all []*xmlsec.Element, code, what string) int {
	explicit, implicit := -1, -1
	for i, s := range all {
		_, said := s.Attr("isDefault")
		switch {
		case e.boolean(s, "isDefault") && explicit >= 0:
			e.note(Warning, code+"_default", "more than one time "+what+" is the default; the first one counts")
		case boolean(s, "isDefault"):
			explicit = i
		case !said && implicit < 0:
			implicit = i
		}
	}
	switch {
	case len(all) == 0:
		return -1
	case explicit >= 0:
		return explicit
	}
	return max(implicit, 0)
}

// readRequested reads the attribute consuming services (SAML Metadata 2.4.4.1). What the default one asks for is what the entity
// does.
func (e *Entity) readRequested(sp *ServiceProvider, role *xmlsec.Element) {
	var kept []*xmlsec.Element
	for _, s := range role.All(space, "AttributeConsumingService") {
		index, err := strconv.ParseUint(trimmed(s, "index"), 10, 16)
		if err != nil {
			e.note(Warning, "service_index", "an attribute consuming service has no readable index and is passed over")
			continue
		}
		kept = append(kept, s)
		sp.Services = append(sp.Services, AttributeService{
			Index: int(index), Names: localized(s, space, "ServiceName"), Descriptions: localized(s, space, "ServiceDescription"),
			Requested: e.requested(s),
		})
	}
	if i := e.standard(kept, "service", "an attribute consuming service"); i >= 0 {
		sp.Services[i].Default = true
		e.Requested = sp.Services[i].Requested
	}
}

func (e *Entity) requested(service *xmlsec.Element) []RequestedAttribute {
	var out []RequestedAttribute
	for _, a := range service.All(space, "RequestedAttribute") {
		r := RequestedAttribute{
			Name: trimmed(a, "Name"), NameFormat: trimmed(a, "NameFormat"), FriendlyName: attribute(a, "FriendlyName"),
			Required: e.boolean(a, "isRequired"),
		}
		for _, v := range a.All(spaceAssertion, "AttributeValue") {
			r.Values = append(r.Values, strings.TrimSpace(v.Text()))
		}
		out = append(out, r)
	}
	return out
}
