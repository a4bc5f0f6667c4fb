package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/metadata"
)

// Hints say where the terms of a SAML partner release less than its metadata asks for, and what they take its word for; where a sign-out
// will say less than an OIDC client's makers may expect; and where a legacy system lets in who it is not. They refuse nothing: whoever applies the
// terms may have meant it.
func (p Partner) Hints() []string {
	if p.OIDC != nil {
		return p.OIDC.hints()
	}
	if p.Ticket != nil {
		return p.Ticket.hints()
	}
	if p.SAML == nil {
		return nil
	}
	releases := func(name string) bool {
		return slices.ContainsFunc(p.Terms.Release, func(r Rule) bool { return r.Name == name })
	}
	const prefix = "urn:oasis:names:tc:SAML:attribute:"
	var out []string
	for _, needed := range p.SAML.Entity.Attributes[metadata.AttributeSubjectIDReq] {
		one := needed == "subject-id" || needed == "pairwise-id"
		switch {
		case one && !releases(prefix+needed):
			out = append(out, fmt.Sprintf("its metadata needs %s (subject-id:req), and no rule releases that: the set %s does", needed, needed))
		case needed == "any" && !releases(prefix+"subject-id") && !releases(prefix+"pairwise-id"):
			out = append(out, "its metadata needs a subject identifier (subject-id:req), and no rule releases one: the set pairwise-id does")
		}
	}
	for _, a := range p.SAML.Entity.Requested {
		if a.Required && !releases(a.Name) {
			out = append(out, fmt.Sprintf("its metadata requires the attribute %s (%s), and no rule releases that", a.Name, a.FriendlyName))
		}
	}
	if said := p.said(); len(said) > 0 {
		out = append(out, "its terms go by what its metadata says of it, for which you vouch: "+strings.Join(said, ", "))
	}
	return out
}
