package registration

import "github.com/lanyard-hub/lanyard/trust"

// takeRequestURIs takes the addresses that the client's request objects may be fetched from.
func takeRequestURIs(o Offer, v value, d *trust.Document) *Refusal {
	all, why := v.texts()
	if why != nil {
		return why
	}
	for _, uri := range all {
		if err := trust.CheckRequestURI(uri, o.Lab); err != nil {
			return v.refuse("is not valid: each must be an https URL with a host and without user, of at most 512 characters.")
		}
	}
	d.OIDC.RequestURIs = all
	return nil
}

// checkRequestURIs leaves out addresses from which nothing would be fetched, and the answer says so: what lies there is signed, and a client
// that pushes its requests names no others.
func checkRequestURIs(_ Said, d *trust.Document) *Refusal {
	if d.OIDC.JWKS == "" && d.OIDC.JWKSURI == "" || d.OIDC.PAR {
		d.OIDC.RequestURIs = nil
	}
	return nil
}
