package metadata

import (
	"fmt"
	"strings"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// member is an entity of a document, last, behind all that it stands in from the root on: their validUntil bounds it, too (SAML
// Metadata 2.3.1).
type member []*xmlsec.Element

func (m member) entity() *xmlsec.Element { return m[len(m)-1] }

// selectEntity finds the descriptor that is meant: the only one, or the only one with this ID.
func selectEntity(root *xmlsec.Element, id string) (member, error) {
	all := members(root, nil)
	if len(all) == 0 && !root.Is(space, "EntitiesDescriptor") {
		return nil, fmt.Errorf("%w: the root element is another", ErrNotMetadata)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	var found []member
	for _, m := range all {
		if id != "" && attribute(m.entity(), "entityID") == id {
			found = append(found, m)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, fmt.Errorf("%w: an aggregate that describes %s more than once", ErrNotMetadata, shortened(id))
	case id != "":
		return nil, fmt.Errorf("%w: an aggregate of %d without %s%s", ErrNotMetadata, len(all), shortened(id), named(all))
	}
	return nil, fmt.Errorf("%w: an aggregate of %d%s", ErrNotMetadata, len(all), named(all))
}

// members are the entities of a document, those of nested aggregates included.
func members(e *xmlsec.Element, outer member) []member {
	outer = append(outer[:len(outer):len(outer)], e)
	if e.Is(space, "EntityDescriptor") {
		return []member{outer}
	}
	var all []member
	if e.Is(space, "EntitiesDescriptor") {
		for _, c := range e.Children {
			all = append(all, members(c, outer)...)
		}
	}
	return all
}

// named lists a few of the entities for whoever has to choose one.
func named(all []member) string {
	const most = 5
	var ids []string
	for _, m := range all[:min(len(all), most)] {
		ids = append(ids, shortened(attribute(m.entity(), "entityID")))
	}
	if len(all) > most {
		ids = append(ids, "…")
	}
	if len(ids) == 0 {
		return ""
	}
	return ": " + strings.Join(ids, ", ")
}
