package hub

import (
	"net/url"

	"github.com/lanyard-hub/lanyard/protocols/oidc"
	"github.com/lanyard-hub/lanyard/trust"
)

// AssertionRules are what the hub's issuer of a client asks of its assertions. A client that is not registered is judged as one of the profile
// basic. They are known without a running provider.
func (h *Hub) AssertionRules(client string) oidc.AssertionRules {
	c := h.options.Config
	face, profile := oidc.Face{}, trust.ProfileBasic
	if p, err := h.registry.Partner(trust.OIDC, client); err == nil && p.OIDC != nil {
		profile = p.OIDC.Profile
	}
	if cis2 := oidc.CIS2Face(c.OIDC.CIS2.Path, c.OIDC.CIS2.Port443); c.OIDC.CIS2.Path != "" && cis2.Knows(profile) {
		return cis2.AssertionRules(client, profile, h.issuer, nil) // certificates are shown to the standard face alone
	}
	var mutual *url.URL
	if l := c.Listeners.MTLS; l.Address != "" {
		mutual, _ = url.Parse(l.URL) // the configuration was checked
	}
	return face.AssertionRules(client, profile, h.issuer, mutual)
}
