package bridge

import (
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Attribute is one released fact with its provenance. A value is a string, bool, int64, []any or map[string]any.
type Attribute struct {
	Name     string
	Friendly string
	Format   string // NameFormat in SAML: uri, basic or unspecified; empty: by the name
	Values   []any
	List     bool   // the rule yields a list: OIDC keeps it an array even with one element
	Rule     string // id of the rule that released it
}

// Withheld is one attribute that a rule names but that was not released, and why.
type Withheld struct {
	Name string
	Rule string
	Why  string
}

// Issuance is what may be said about whom to whom, until when. Front ends only encode it.
type Issuance struct {
	Partner     string
	Protocol    trust.Protocol
	Subject     string // the subject's identifier for this partner
	SubjectKind trust.SubjectKind
	UID         string
	Person      people.Person      // for front ends that print a fixed document; release still governs
	Role        people.RoleProfile // zero: none
	Attributes  []Attribute
	Withheld    []Withheld
	Assurance   Assurance
	Identity    people.IdentityLevel
	Method      Method
	Class       string // the asked context that was satisfied; empty if none was asked
	AuthnAt     time.Time
	At          time.Time
	SessionEnds time.Time
	Emergency   time.Time // until when, if it is told under emergency access only; zero: it is not. Class says so then
	Standing    Standing  // of the credential of the last proof
	Index       string    // names the session to this partner: SessionIndex, sid
	SessionID   string    // also the tracking id across protocols
	Ref         string

	writes []Write
}

// Attribute finds a released attribute by name.
func (i Issuance) Attribute(name string) (Attribute, bool) {
	for _, a := range i.Attributes {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}
