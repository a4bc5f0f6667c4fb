package saml2

import "github.com/lanyard-hub/lanyard/bridge"

// StrangerKinds are the artifacts that a request without a session can make us store, for whoever bounds their number.
// A refusal that a partner fetches is one: what a person who is signed in is answered with goes with the session.
func StrangerKinds() []bridge.ArtifactKind {
	return []bridge.ArtifactKind{kindBounce, kindPending, kindArtifact}
}
