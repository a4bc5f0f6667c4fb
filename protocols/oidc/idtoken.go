package oidc

import (
	"maps"
	"strconv"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// idToken is the claims of an ID token (OpenID Connect Core 1.0, section 2), with those of CIS2. The field set
// is closed: no release rule can speak over it. Levels are strings, aud is one string.
type idToken struct {
	Issuer        string    `json:"iss"`
	Subject       string    `json:"sub"`
	Audience      string    `json:"aud"`
	Party         string    `json:"azp"`
	Expires       int64     `json:"exp"`
	Issued        int64     `json:"iat"`
	AuthTime      int64     `json:"auth_time"`
	Nonce         string    `json:"nonce,omitempty"`
	ACR           string    `json:"acr"`
	AMR           [1]string `json:"amr"`
	AccessHash    string    `json:"at_hash,omitempty"` // of the access token that it came with
	CodeHash      string    `json:"c_hash,omitempty"`  // of the code
	SID           string    `json:"sid"`
	Tracking      string    `json:"auditTrackingId"`
	Identity      string    `json:"id_assurance_level"`
	Authenticated string    `json:"authentication_assurance_level"`
	SelectedRole  string    `json:"selected_roleid,omitempty"`
	FHIRUser      string    `json:"fhirUser,omitempty"` // SMART App Launch 2.2
	ID            string    `json:"jti,omitempty"`      // of a client that may exchange it: a sealed grantID
	*cis2Token
}

// grantID is the sealed content of the jti of an ID token: which grant it came from, so that what it is exchanged for ends with that.
type grantID struct {
	Grant string `json:"i"`
}

type idTokenInput struct {
	nonce, access string
	code          string // empty at a refresh
	scopes        []string
	front         bool           // it passes through the browser
	more          map[string]any // claims that it holds because the client can ask for them nowhere else
}

// idToken encodes an issuance for a client. auth_time is that of the authentication the grant came from, also
// when another app asked for a newer proof since (OpenID Connect Core 1.0, section 12.2).
func (p *Provider) idToken(c *client, g *grant, iss bridge.Issuance, in idTokenInput) (string, error) {
	iss = g.asProven(iss)
	expires := iss.At.Add(p.life.IDToken)
	if expires.After(iss.SessionEnds) {
		expires = iss.SessionEnds
	}
	id, err := p.idTokenID(c, g)
	if err != nil {
		return "", err
	}
	said := idToken{
		Issuer: p.issuer, Subject: g.Subject, Audience: c.id, Party: c.id,
		Expires: expires.Unix(), Issued: iss.At.Unix(), AuthTime: g.AuthnAt, Nonce: in.nonce,
		ACR: acrOf(iss), AMR: [1]string{string(iss.Method)}, AccessHash: halfHash(c, in.access), CodeHash: p.codeHash(c, in),
		SID: iss.Index, Tracking: iss.SessionID,
		Identity: strconv.Itoa(int(iss.Identity)), Authenticated: strconv.Itoa(int(iss.Assurance)), SelectedRole: selectedRole(iss, in.scopes),
		FHIRUser: fhirUser(iss, in.scopes), ID: id, cis2Token: p.cis2Token(g),
	}
	more := askedInToken(iss, g.Claims)
	if in.more != nil {
		maps.Copy(in.more, more)
		more = in.more
	}
	return p.sign(c.alg, typJWT, withClaims(said, more))
}

// halfHash is empty of nothing.
func halfHash(c *client, value string) string {
	if value == "" {
		return ""
	}
	return jose.HalfHash(c.alg, value)
}

// codeHash is in the ID token that comes with a code by the browser (OpenID Connect Core 1.0, section 3.3.2.11), and on the CIS2 face also in
// the one that a code is redeemed for.
func (p *Provider) codeHash(c *client, in idTokenInput) string {
	if !in.front && !p.face.cis2 {
		return ""
	}
	return halfHash(c, in.code)
}

// idTokenID is empty for clients that cannot exchange the token: nobody asks it of theirs.
func (p *Provider) idTokenID(c *client, g *grant) (string, error) {
	if !c.terms.Tokens.ExchangeIDToken {
		return "", nil
	}
	return p.sealer.seal(sealIDToken, grantID{g.ID})
}
