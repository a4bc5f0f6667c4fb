package metadata

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// ErrNotMetadata: the document is not the metadata of exactly one entity, or a value in it that decides about trust or time
// cannot be read.
var ErrNotMetadata = errors.New("metadata: not the metadata of one entity")

// Parse reads an EntityDescriptor, or an EntitiesDescriptor that holds exactly one (SAML Metadata 2.3). What it has to pass over
// becomes a note of the entity; Lint repeats the notes. Errors match [ErrNotMetadata].
func Parse(v xmlsec.Verified) (Entity, error) {
	root := v.Root()
	if root == nil {
		return Entity{}, fmt.Errorf("%w: nothing verified", ErrNotMetadata)
	}
	entity, outer := root, []*xmlsec.Element{root}
	if root.Is(space, "EntitiesDescriptor") {
		all := root.All(space, "EntityDescriptor")
		if len(all) != 1 || root.Child(space, "EntitiesDescriptor") != nil {
			return Entity{}, fmt.Errorf("%w: an aggregate of %d", ErrNotMetadata, len(all))
		}
		entity = all[0]
		outer = append(outer, entity)
	}
	if !entity.Is(space, "EntityDescriptor") {
		return Entity{}, fmt.Errorf("%w: the root element is another", ErrNotMetadata)
	}
	id, ok := entity.Attr("entityID")
	if !ok || id == "" {
		return Entity{}, fmt.Errorf("%w: no entityID", ErrNotMetadata)
	}
	e := Entity{ID: id, Raw: entity.Raw()}
	role := e.readRole(entity)
	if role != nil {
		outer = append(outer, role)
	}
	for _, holder := range outer {
		if err := e.readValidity(holder); err != nil {
			return Entity{}, err
		}
	}
	e.readNames(entity, role)
	e.readScopes(entity, role)
	e.readAttributes(entity)
	return e, nil
}

// readValidity keeps the earliest validUntil.
func (e *Entity) readValidity(holder *xmlsec.Element) error {
	value, ok := holder.Attr("validUntil")
	if !ok {
		return nil
	}
	until, err := time.Parse(time.RFC3339, strings.TrimSpace(value))
	if err != nil { // SAML times without a zone are UTC (SAML Core 1.3.3)
		until, err = time.Parse("2006-01-02T15:04:05", strings.TrimSpace(value))
	}
	if err != nil {
		return fmt.Errorf("%w: validUntil: %w", ErrNotMetadata, err)
	}
	if e.ValidUntil.IsZero() || until.Before(e.ValidUntil) {
		e.ValidUntil = until.UTC()
	}
	return nil
}

// readRole reads the first SPSSODescriptor that speaks SAML 2.0 and returns it.
func (e *Entity) readRole(entity *xmlsec.Element) *xmlsec.Element {
	var role *xmlsec.Element
	for _, r := range entity.All(space, "SPSSODescriptor") {
		protocols, _ := r.Attr("protocolSupportEnumeration")
		switch {
		case !slices.Contains(strings.Fields(protocols), Protocol):
			e.note(Warning, "role_protocol", "a service provider role does not speak SAML 2.0 and is passed over")
		case role != nil:
			e.note(Warning, "role_repeated", "more than one SAML 2.0 service provider role; the first one counts")
		default:
			role = r
		}
	}
	if role == nil {
		return nil
	}
	sp := &ServiceProvider{
		AuthnRequestsSigned:  boolean(role, "AuthnRequestsSigned"),
		WantAssertionsSigned: boolean(role, "WantAssertionsSigned"),
	}
	for _, k := range role.All(space, "KeyDescriptor") {
		e.readKey(sp, k)
	}
	for _, s := range role.All(space, "SingleLogoutService") {
		sp.SLO = append(sp.SLO, Endpoint{
			Binding: attribute(s, "Binding"), Location: attribute(s, "Location"), ResponseLocation: attribute(s, "ResponseLocation"),
		})
	}
	for _, f := range role.All(space, "NameIDFormat") {
		sp.NameIDFormats = append(sp.NameIDFormats, strings.TrimSpace(f.Text()))
	}
	e.readAlgorithms(sp, role, entity)
	e.readACS(sp, role)
	e.readRequested(sp, role)
	e.SP = sp
	return role
}

// readACS reads the assertion consumer services and finds the default: the first that says so, else the first that does not
// deny it, else the first (SAML Metadata 2.4.4.1).
func (e *Entity) readACS(sp *ServiceProvider, role *xmlsec.Element) {
	explicit, implicit := -1, -1
	for _, s := range role.All(space, "AssertionConsumerService") {
		index, err := strconv.ParseUint(strings.TrimSpace(attribute(s, "index")), 10, 16)
		if err != nil {
			e.note(Error, "acs_index", "an assertion consumer service has no readable index")
			continue
		}
		_, said := s.Attr("isDefault")
		switch {
		case boolean(s, "isDefault"):
			if explicit < 0 {
				explicit = len(sp.ACS)
			}
		case !said && implicit < 0:
			implicit = len(sp.ACS)
		}
		sp.ACS = append(sp.ACS, IndexedEndpoint{
			Binding: attribute(s, "Binding"), Location: attribute(s, "Location"), Index: int(index),
		})
	}
	if len(sp.ACS) == 0 {
		return
	}
	if explicit < 0 {
		explicit = max(implicit, 0)
	}
	sp.ACS[explicit].Default = true
}

// readRequested reads the attribute consuming services. The default is the first that says so, else the first that does not
// deny it, else the first (SAML Metadata 2.4.4.2); what it asks for is what the entity does.
func (e *Entity) readRequested(sp *ServiceProvider, role *xmlsec.Element) {
	explicit, implicit := -1, -1
	for _, s := range role.All(space, "AttributeConsumingService") {
		index, err := strconv.ParseUint(strings.TrimSpace(attribute(s, "index")), 10, 16)
		if err != nil {
			e.note(Warning, "service_index", "an attribute consuming service has no readable index and is passed over")
			continue
		}
		_, said := s.Attr("isDefault")
		switch {
		case boolean(s, "isDefault") && explicit < 0:
			explicit = len(sp.Services)
		case !said && implicit < 0:
			implicit = len(sp.Services)
		}
		sp.Services = append(sp.Services, AttributeService{Index: int(index), Requested: requested(s)})
	}
	if len(sp.Services) == 0 {
		return
	}
	if explicit < 0 {
		explicit = max(implicit, 0)
	}
	sp.Services[explicit].Default = true
	e.Requested = sp.Services[explicit].Requested
}

func requested(service *xmlsec.Element) []RequestedAttribute {
	var out []RequestedAttribute
	for _, a := range service.All(space, "RequestedAttribute") {
		out = append(out, RequestedAttribute{
			Name: attribute(a, "Name"), NameFormat: attribute(a, "NameFormat"), FriendlyName: attribute(a, "FriendlyName"),
			Required: boolean(a, "isRequired"),
		})
	}
	return out
}

// readNames finds the name to show, English first.
func (e *Entity) readNames(entity, role *xmlsec.Element) {
	var names []*xmlsec.Element
	if role != nil {
		if info := descend(role, space, "Extensions", spaceUI, "UIInfo"); info != nil {
			names = info.All(spaceUI, "DisplayName")
		}
		if service := role.Child(space, "AttributeConsumingService"); service != nil && len(names) == 0 {
			names = service.All(space, "ServiceName")
		}
	}
	if org := entity.Child(space, "Organization"); org != nil && len(names) == 0 {
		names = org.All(space, "OrganizationDisplayName")
	}
	for _, n := range names {
		lang, _ := n.AttrNS(spaceXML, "lang")
		if name := strings.TrimSpace(n.Text()); e.DisplayName == "" || lang == "en" {
			e.DisplayName = name
			if lang == "en" {
				return
			}
		}
	}
}

// readScopes keeps literal scopes; a regular expression is an error, since it can claim anything.
func (e *Entity) readScopes(holders ...*xmlsec.Element) {
	for _, h := range holders {
		if h == nil {
			continue
		}
		extensions := h.Child(space, "Extensions")
		if extensions == nil {
			continue
		}
		for _, s := range extensions.All(spaceShib, "Scope") {
			if boolean(s, "regexp") {
				e.note(Error, "scope_regexp", "a scope is a regular expression")
				continue
			}
			e.Scopes = append(e.Scopes, strings.TrimSpace(s.Text()))
		}
	}
}

func (e *Entity) note(severity Severity, code, message string) {
	e.Notes = append(e.Notes, Finding{severity, code, message})
}

func attribute(e *xmlsec.Element, name string) string {
	value, _ := e.Attr(name)
	return value
}

// boolean is xs:boolean; anything unreadable is false.
func boolean(e *xmlsec.Element, name string) bool {
	value := strings.TrimSpace(attribute(e, name))
	return value == "true" || value == "1"
}

// descend follows one child by expanded name after another.
func descend(e *xmlsec.Element, path ...string) *xmlsec.Element {
	for ; e != nil && len(path) > 1; path = path[2:] {
		e = e.Child(path[0], path[1])
	}
	return e
}
