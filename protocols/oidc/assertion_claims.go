package oidc

import (
	"errors"

	"github.com/lanyard-hub/lanyard/protocols/oidc/jose"
)

// assertion is the claims of a client assertion (RFC 7523, section 3).
type assertion struct {
	issuer, subject, id    string
	audience               []string
	single                 bool // aud is a string
	expires, issued, since float64
	hasIssued, hasSince    bool
}

// readAssertion reads claims strictly: no name twice, every one of its type.
func readAssertion(v jose.Verified) (assertion, error) {
	var a assertion
	claims, err := v.Claims()
	if err != nil {
		return a, err
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
