package trust

// EmergencyTerms let emergency access (break-glass) through to a partner where its other terms refuse for want of a role, of
// assurance, or because nobody can tell whether the credential was revoked. Without them the partner is told nothing under it.
type EmergencyTerms struct {
	// Unasked: the partner takes the class of emergency access where it asked for other classes. Without it such a request is refused.
	Unasked bool
	Release []Rule // instead of Terms.Release; nil: the same; empty: nothing
}

// Released are the rules of what is told under emergency access.
func (t Terms) Released(emergency bool) []Rule {
	if emergency && t.Emergency != nil && t.Emergency.Release != nil {
		return t.Emergency.Release
	}
	return t.Release
}

// EmergencyDocument is what a document says of emergency access.
type EmergencyDocument struct {
	Allow   bool       `yaml:"allow"`
	Unasked bool       `yaml:"unasked,omitempty"`
	Release *[]Release `yaml:"release,omitempty"` // nil: the same as without emergency
}

// emergency compiles what the terms say of emergency access; nil where they do not allow it.
func (b *builder) emergency() *EmergencyTerms {
	d := b.d.Emergency
	switch {
	case d == nil:
		return nil
	case !d.Allow:
		if d.Unasked || d.Release != nil {
			b.fail("emergency: without allow: true the rest of it means nothing")
		}
		return nil
	}
	t := &EmergencyTerms{Unasked: d.Unasked}
	if d.Release != nil {
		t.Release = append([]Rule{}, b.rules("emergency.release", *d.Release)...)
	}
	return t
}

// The release set of emergency access, and the names in it. They are no part of the set cis2: CIS2 has no such claims.
var (
	emergencySets = map[string]set{"emergency": {
		{Name: "emergency_access", Value: "session.emergency"},
		{Name: "authentication_standing", Value: "session.standing"},
	}}
	emergencySAML = map[string]set{"emergency": {
		{Name: "https://github.com/lanyard-hub/lanyard/attributes/emergency-access", Friendly: "emergencyAccess", Value: "session.emergency"},
		{Name: "https://github.com/lanyard-hub/lanyard/attributes/authentication-standing", Friendly: "authenticationStanding", Value: "session.standing"},
	}}
)
