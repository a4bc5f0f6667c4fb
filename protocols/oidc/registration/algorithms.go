package registration

import (
	"slices"

	"github.com/lanyard-hub/lanyard/trust"
)

func takeIDTokenAlg(o Offer, v value, d *trust.Document) *Refusal {
	alg, why := v.of(o.IDTokenAlgs)
	d.OIDC.IDTokenAlg = alg
	return why
}

// missingIDTokenAlg: what the administrator chose, else RS256, else what the hub signs with first.
func missingIDTokenAlg(o Offer, d *trust.Document) {
	switch {
	case d.OIDC.IDTokenAlg != "":
	case slices.Contains(o.IDTokenAlgs, "RS256") || len(o.IDTokenAlgs) == 0:
		d.OIDC.IDTokenAlg = "RS256"
	default:
		d.OIDC.IDTokenAlg = o.IDTokenAlgs[0]
	}
}

func takeUserinfoAlg(o Offer, v value, d *trust.Document) *Refusal {
	alg, why := v.of(o.UserinfoAlgs)
	d.OIDC.UserinfoAlg = alg
	return why
}

func takeRequestAlg(o Offer, v value, d *trust.Document) *Refusal {
	alg, why := v.of(o.RequestAlgs)
	d.OIDC.RequestObjectAlg = alg
	return why
}

func takeResponseAlg(o Offer, v value, d *trust.Document) *Refusal {
	alg, why := v.of(o.ResponseAlgs)
	d.OIDC.ResponseAlg = alg
	return why
}

func takeSigned(o Offer, v value, d *trust.Document) *Refusal {
	is, why := v.flag()
	switch {
	case why != nil || !is && d.OIDC.RequestObject != "required":
		return why
	case !is:
		return v.refuse("must be true here.")
	case len(o.RequestAlgs) == 0:
		return v.refuse("is not offered by this hub.")
	}
	d.OIDC.RequestObject = "required"
	return nil
}

func takePushed(o Offer, v value, d *trust.Document) *Refusal {
	is, why := v.flag()
	switch {
	case why != nil || !is && !d.OIDC.PAR:
		return why
	case !is:
		return v.refuse("must be true here.")
	case !o.Pushed:
		return v.refuse("is not offered by this hub.")
	}
	d.OIDC.PAR = true
	return nil
}
