package metadata

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// ErrNotMetadata: the document is not the metadata of the one entity that is wanted, or a value in it that decides about trust or
// time cannot be read.
var ErrNotMetadata = errors.New("metadata: not the metadata of one entity")

// Parse reads an EntityDescriptor, or an EntitiesDescriptor that holds exactly one (SAML Metadata 2.3). What it has to pass over
// becomes a note of the entity; Lint repeats the notes. Errors match [ErrNotMetadata].
func Parse(v xmlsec.Verified) (Entity, error) { return ParseEntity(v, "") }

// ParseEntity is Parse for an aggregate of several, of which it reads the entity with this ID. A document about one entity only is
// read whoever that is.
func ParseEntity(v xmlsec.Verified, id string) (Entity, error) {
	root := v.Root()
	if root == nil {
		return Entity{}, fmt.Errorf("%w: nothing verified", ErrNotMetadata)
	}
	found, err := selectEntity(root, id)
	if err != nil {
		return Entity{}, err
	}
	return readEntity(found)
}

func readEntity(m member) (Entity, error) {
	entity, outer := m.entity(), m
	id := attribute(entity, "entityID")
	if id == "" {
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
	e.readAbout(entity, role)
	e.readNames()
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
			if e.boolean(s, "regexp") {
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

// trimmed is an attribute of a type whose white space collapses, such as xs:anyURI (XML Schema 2, 4.3.6).
func trimmed(e *xmlsec.Element, name string) string {
	return strings.Trim(attribute(e, name), " \t\r\n")
}

// boolean is xs:boolean; anything unreadable is false.
func boolean(e *xmlsec.Element, name string) bool {
	value := trimmed(e, name)
	return value == "true" || value == "1"
}

// boolean is the same, with a note of what cannot be read.
func (e *Entity) boolean(holder *xmlsec.Element, name string) bool {
	if value, said := holder.Attr(name); said && !slices.Contains([]string{"true", "1", "false", "0"}, strings.TrimSpace(value)) {
		e.note(Warning, "boolean", fmt.Sprintf("%s=%q is none of true, false, 1 and 0; it is taken for false", name, shortened(value)))
	}
	return boolean(holder, name)
}

// shortened bounds what a note repeats of a document.
func shortened(value string) string {
	if r := []rune(value); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return value
}

// descend follows one child by expanded name after another.
func descend(e *xmlsec.Element, path ...string) *xmlsec.Element {
	for ; e != nil && len(path) > 1; path = path[2:] {
		e = e.Child(path[0], path[1])
	}
	return e
}
