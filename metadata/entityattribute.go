package metadata

import (
	"strings"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// AttributeSubjectIDReq is the entity attribute by which a partner says which subject identifier it needs: subject-id,
// pairwise-id, any or none (SAML Subject Identifier Attributes 1.0).
const AttributeSubjectIDReq = "urn:oasis:names:tc:SAML:profiles:subject-id:req"

// readAttributes reads the entity attributes (SAML Metadata Extension for Entity Attributes 1.0): what the partner, or whoever
// vouches for its metadata, says of it. Assertions among them are passed over.
func (e *Entity) readAttributes(entity *xmlsec.Element) {
	list := descend(entity, space, "Extensions", spaceAttribute, "EntityAttributes")
	if list == nil {
		return
	}
	e.Attributes = map[string][]string{}
	for _, a := range list.All(spaceAssertion, "Attribute") {
		name := attribute(a, "Name")
		for _, v := range a.All(spaceAssertion, "AttributeValue") {
			e.Attributes[name] = append(e.Attributes[name], strings.TrimSpace(v.Text()))
		}
	}
}
