package saml2

import "github.com/lanyard-hub/lanyard/trust"

// wanted are the names of the attributes that a partner's metadata asks for, under the index of a request or by default; nil:
// its terms do not make a difference of it. known is false if there is no such index where it matters.
func wanted(partner trust.Partner, index *int) (names []string, known bool) {
	if partner.SAML == nil || !partner.SAML.RequestedOnly || partner.SAML.Entity.SP == nil {
		return nil, true
	}
	names = []string{} // not nil: that would be everything
	for _, s := range partner.SAML.Entity.SP.Services {
		if index == nil && !s.Default || index != nil && *index != s.Index {
			continue
		}
		for _, a := range s.Requested {
			names = append(names, a.Name)
		}
		return names, true
	}
	return names, false
}
