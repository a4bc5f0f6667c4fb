package trust

// CIBADocument is what the OIDC part says about backchannel authentication (CIBA Core 1.0, section 4).
type CIBADocument struct {
	Mode     string `yaml:"mode,omitempty"`
	Endpoint string `yaml:"notification_endpoint,omitempty"`
}

// Ways in which a client of CIBA hears of an outcome. Push is not among them: it hands tokens to an address (FAPI-CIBA, section 5.2.2).
const (
	CIBAPoll = "poll" // it asks the token endpoint again and again
	CIBAPing = "ping" // it is told that asking is worth it
)

// CIBATerms say how a client hears of the outcome of a backchannel authentication.
type CIBATerms struct {
	Mode     string // CIBAPoll or CIBAPing; empty for clients that may not use the grant
	Endpoint string // of pings
}

// Decoupled reports whether the client may wait for an authorization that a person grants elsewhere: by a device code or by CIBA.
func (t OIDCTerms) Decoupled() bool { return t.May(GrantDevice) || t.May(GrantCIBA) }

func (b *builder) decoupled(d *CIBADocument, t *OIDCTerms) {
	if t.Decoupled() && t.Profile == ProfileCIS2 {
		b.fail("oidc.grants of the profile cis2: that service has neither %s nor %s", GrantDevice, GrantCIBA)
	}
	if d == nil {
		d = &CIBADocument{}
	} else if !t.May(GrantCIBA) {
		b.fail("oidc.ciba is for clients whose oidc.grants hold %s", GrantCIBA)
	}
	if !t.May(GrantCIBA) {
		return
	}
	c := CIBATerms{Mode: d.Mode, Endpoint: d.Endpoint}
	if c.Mode == "" {
		c.Mode = CIBAPoll
	}
	b.oneOf("oidc.ciba.mode", c.Mode, CIBAPoll, CIBAPing)
	if (c.Mode == CIBAPing) != (c.Endpoint != "") {
		b.fail("oidc.ciba.notification_endpoint is for the mode %s, and needed there", CIBAPing)
	}
	if c.Endpoint != "" {
		b.address("oidc.ciba.notification_endpoint", c.Endpoint)
	}
	t.CIBA = c
}
