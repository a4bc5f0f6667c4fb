package registration

import (
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/trust"
)

// takeAuth takes the method of client authentication. A client without any proves itself by PKCE, whatever else is permitted.
func takeAuth(o Offer, v value, d *trust.Document) *Refusal {
	offered := o.Auth
	if d.OIDC.Auth != "" { // an administrator chose
		offered = []string{d.OIDC.Auth}
	}
	method, why := v.of(offered)
	if why != nil {
		return why
	}
	setAuth(d, method)
	return nil
}

// missingAuth: client_secret_basic, if nobody chose another (RFC 7591, section 2).
func missingAuth(_ Offer, d *trust.Document) {
	if d.OIDC.Auth == "" {
		d.OIDC.Auth = trust.AuthBasic
	}
	setAuth(d, d.OIDC.Auth)
}

func setAuth(d *trust.Document, method string) {
	d.OIDC.Auth = method
	if method == trust.AuthNone {
		d.OIDC.PKCE = nil // required
	}
}

// takeAuthAlg binds the client to one algorithm of its assertions; for other methods it means nothing.
func takeAuthAlg(o Offer, v value, d *trust.Document) *Refusal {
	alg, why := v.of(o.AuthAlgs)
	if why == nil && d.OIDC.Auth == trust.AuthPrivateKeyJWT {
		d.OIDC.AuthAlg = alg
	}
	return why
}

// takeSubject takes the one name that the client's certificate must hold.
func takeSubject(kind string) func(Offer, value, *trust.Document) *Refusal {
	return func(_ Offer, v value, d *trust.Document) *Refusal {
		name, why := v.text()
		if why != nil {
			return why
		}
		if d.OIDC.TLSName != "" {
			return v.refuse("cannot be given beside another name of the certificate (RFC 8705, section 2.1.2).")
		}
		if d.OIDC.Auth == trust.AuthTLS {
			d.OIDC.TLSName = kind + ":" + name
		}
		return nil
	}
}

func tellSubject(kind string) func(trust.Document) any {
	return func(d trust.Document) any {
		name, found := strings.CutPrefix(d.OIDC.TLSName, kind+":")
		if !found {
			return nil
		}
		return strings.TrimSpace(name)
	}
}

func checkTLSName(_ Said, d *trust.Document) *Refusal {
	if d.OIDC.Auth == trust.AuthTLS && d.OIDC.TLSName == "" {
		return refuse(InvalidMetadata, "tls_client_auth needs one of tls_client_auth_subject_dn, _san_dns, _san_uri, _san_ip and _san_email (RFC 8705, section 2.1.2).")
	}
	return nil
}

// takeBind takes the client's word that its access tokens are to be bound to a key. It takes back nothing.
func takeBind(kind string) func(Offer, value, *trust.Document) *Refusal {
	return func(o Offer, v value, d *trust.Document) *Refusal {
		is, why := v.flag()
		switch {
		case why != nil || !is && d.OIDC.Bind != kind:
			return why
		case !is:
			return v.refuse("must be true here.")
		case !slices.Contains(o.Bind, kind):
			return v.refuse("is not offered by this hub.")
		case d.OIDC.Bind != "" && d.OIDC.Bind != kind:
			return v.refuse("cannot be true: access tokens of this client are bound in another way.")
		}
		d.OIDC.Bind = kind
		return nil
	}
}

func tellBind(kind string) func(trust.Document) any {
	return func(d trust.Document) any { return yes(d.OIDC.Bind == kind) }
}
