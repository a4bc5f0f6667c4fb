package registration

import (
	"net/url"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/trust"
)

// takeSubjectType lets a client ask for the identifier that tells less, never for one that tells more.
func takeSubjectType(_ Offer, v value, d *trust.Document) *Refusal {
	kind, why := v.of([]string{"public", "pairwise"})
	switch {
	case why != nil:
		return why
	case kind == "public" && d.Subject == trust.SubjectPairwise:
		return v.refuse("must be pairwise here.")
	case kind == "pairwise" && d.Subject == trust.SubjectTransient:
		return v.refuse("must be left out here: the identifier is another at every sign-on.")
	case kind == "pairwise":
		d.Subject = trust.SubjectPairwise
	}
	return nil
}

func tellSubjectType(d trust.Document) any {
	switch d.Subject {
	case trust.SubjectPairwise:
		return "pairwise"
	case trust.SubjectTransient: // neither
		return nil
	case trust.SubjectUID, trust.SubjectEmail:
	}
	return "public"
}

// checkSector finds the sector of pairwise identifiers: the host of sector_identifier_uri, which trust takes from there, or the one
// host of all redirect URIs (OpenID Connect Core 1.0, section 8.1). Apps on a device share their hosts, so each is a sector of its own; so
// is a client that has tokens without a redirect: nothing then shows that the host is its own, and it could learn by what name another
// client knows a person.
func checkSector(_ Said, d *trust.Document) *Refusal {
	redirected := d.OIDC.SignsOn() && !slices.Contains(d.OIDC.Grants, trust.GrantDevice) && !slices.Contains(d.OIDC.Grants, trust.GrantCIBA)
	switch {
	case !redirected && d.OIDC.SectorURI != "":
		return refuse(InvalidMetadata, "sector_identifier_uri is only for clients who get tokens of a person at a redirect URI alone: by others nothing shows that the sector is theirs.")
	case !redirected:
		return nil
	}
	if d.Subject != trust.SubjectPairwise || d.OIDC.SectorURI != "" || d.OIDC.Type == "native" {
		return nil
	}
	for _, raw := range d.OIDC.RedirectURIs {
		u, err := url.Parse(raw)
		if err != nil {
			continue // refused already
		}
		host := strings.ToLower(u.Hostname())
		if d.OIDC.Sector != "" && d.OIDC.Sector != host {
			return refuse(InvalidMetadata, "sector_identifier_uri is missing: redirect_uris with several hosts need one for pairwise identifiers (OpenID Connect Core 1.0, section 8.1).")
		}
		d.OIDC.Sector = host
	}
	return nil
}
