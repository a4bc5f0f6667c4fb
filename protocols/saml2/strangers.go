package saml2

import "github.com/lanyard-hub/lanyard/bridge"

// StrangerKinds are the artifacts that a request without a session can make us store, for whoever bounds their number.
func StrangerKinds() []bridge.ArtifactKind { return []bridge.ArtifactKind{kindBounce, kindPending} }
