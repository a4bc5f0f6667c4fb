package metadata

import (
	"errors"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// ErrNotMetadata: the document is not the metadata of exactly one entity.
var ErrNotMetadata = errors.New("metadata: not the metadata of one entity")

// Parse reads an EntityDescriptor, or an EntitiesDescriptor that holds exactly one.
func Parse(v xmlsec.Verified) (Entity, error) { return Entity{}, ErrNotMetadata }
