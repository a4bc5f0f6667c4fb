package oidc

import (
	"errors"

	"github.com/lanyard-hub/lanyard/trust/jose"
)

// assertion is the claims of a client assertion (RFC 7523, section 3).
type assertion struct {
	issuer, subject, id    string
	audience               []string
	single                 bool // aud is a string
	expires, issued, since float64
	hasIssued, hasSince    bool
}

// ofRequests are claims by which a request object is known. One that names its client as sub, as some do, would pass for an assertion
// otherwise, and it goes through browsers.
var ofRequests = [...]string{"response_type", "redirect_uri", "code_challenge", "state"}

// readAssertion reads claims strictly: no name twice, every one of its type.
func readAssertion(claims jose.Claims) (assertion, error) {
	var a assertion
	var err error
	for _, name := range ofRequests {
		if claims.Has(name) {
			return a, errors.New(name + " belongs into a request object, and a request object is no client assertion (RFC 9101, section 10.8)")
		}
	}
	for _, c := range [...]struct {
		name string
		to   *string
	}{{"iss", &a.issuer}, {"sub", &a.subject}, {"jti", &a.id}} {
		if *c.to, err = claims.Text(c.name); err != nil {
			return a, err
		}
	}
	if a.expires, err = claims.Seconds("exp"); err != nil {
		return a, err
	}
	for _, c := range [...]struct {
		name string
		to   *float64
		has  *bool
	}{{"iat", &a.issued, &a.hasIssued}, {"nbf", &a.since, &a.hasSince}} {
		if *c.to, err = claims.Seconds(c.name); err != nil && !errors.Is(err, jose.ErrMissing) {
			return a, err
		}
		*c.has = err == nil
	}
	_, err = claims.Text("aud")
	a.single = err == nil
	a.audience, err = claims.Texts("aud")
	return a, err
}
