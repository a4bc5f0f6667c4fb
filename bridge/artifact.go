package bridge

import "time"

// ArtifactKind names what an artifact is.
type ArtifactKind string

// Kinds used by the core. Front ends add their own; a kind is prefixed by its room.
const (
	KindTransaction ArtifactKind = "transaction"
	KindReplay      ArtifactKind = "replay"
	KindCardAttempt ArtifactKind = "card-attempt"
	KindCardProof   ArtifactKind = "card-proof"
	KindKeyCeremony ArtifactKind = "key-ceremony"
	KindEnrolment   ArtifactKind = "enrolment"
	KindTicket      ArtifactKind = "ticket"
	KindGrant       ArtifactKind = "oidc-grant"
	KindRefresh     ArtifactKind = "oidc-refresh" // that a refresh token was used
	KindJTI         ArtifactKind = "oidc-jti"
	KindSAMLLogout  ArtifactKind = "saml-logout"
	KindLeftHere    ArtifactKind = "left-here" // that a browser which shows another session now has a suspended one of this subject
	KindNotice      ArtifactKind = "notice"    // why a session ended or was suspended while its browser was not looking
)

// Artifact is any short-lived stored record. Kind and Key identify it. Secrets are never keys: what a
// browser or partner holds is hashed first.
type Artifact struct {
	Kind    ArtifactKind
	Key     string
	Group   string // dropped together by DropGroup, e.g. one OIDC grant; may be empty
	Session string // dropped when this session ends; may be empty
	Payload []byte
	Expires time.Time
	Spent   bool // consumed; kept until Expires so that a second use can be recognised
}

// Expired reports whether the artifact is dead at t.
func (a Artifact) Expired(t time.Time) bool { return !t.Before(a.Expires) }
