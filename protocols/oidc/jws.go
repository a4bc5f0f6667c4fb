package oidc

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

var b64 = base64.RawURLEncoding

// sign makes a compact JWS of claims (RFC 7515, section 3.1) with the active key of alg. It writes the
// serialisation itself: the header is known, and this runs once for every sign-on.
func (p *Provider) sign(alg keyring.Algorithm, typ string, claims any) (string, error) {
	key, err := p.keys().Signing(alg)
	if err != nil {
		return "", fmt.Errorf("oidc: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("oidc: write claims: %w", err)
	}
	header := `{"alg":"` + string(alg) + `","kid":"` + key.ID + `","typ":"` + typ + `"}`
	buf := make([]byte, 0, 4*(len(header)+len(payload))/3+384)
	buf = b64.AppendEncode(buf, []byte(header))
	buf = append(buf, '.')
	buf = b64.AppendEncode(buf, payload)
	digest := sha256.Sum256(buf)
	signature, err := key.Signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("oidc: sign: %w", err)
	}
	if alg == keyring.ES256 {
		if signature, err = fixedWidth(signature); err != nil {
			return "", err
		}
	}
	buf = append(buf, '.')
	return string(b64.AppendEncode(buf, signature)), nil
}

// fixedWidth turns the ASN.1 form of a P-256 signature into r and s side by side (RFC 7518, section 3.4).
func fixedWidth(der []byte) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &sig); err != nil || len(rest) > 0 || sig.R.Sign() <= 0 || sig.S.Sign() <= 0 || sig.R.BitLen() > 256 || sig.S.BitLen() > 256 {
		return nil, errors.New("oidc: key returned no P-256 signature")
	}
	out := make([]byte, 64)
	sig.R.FillBytes(out[:32])
	sig.S.FillBytes(out[32:])
	return out, nil
}

var errNotOurs = errors.New("oidc: not a token of this hub")

// ownClaims are those of an ID token that comes back as a hint.
type ownClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	SID      string `json:"sid"`
}

// verifyOwn reads an ID token that this hub signed, expired or not: a hint names, it does not authorise.
func (p *Provider) verifyOwn(token string) (ownClaims, error) {
	var claims ownClaims
	if len(token) > maxToken {
		return claims, errNotOurs
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		return claims, errNotOurs
	}
	header := jws.Signatures[0].Protected
	if !plainHeader(header) || header.ExtraHeaders[jose.HeaderType] != typJWT {
		return claims, errNotOurs // a logout token is no ID token
	}
	for _, k := range p.keys().Published() {
		if k.ID != header.KeyID || !k.Can(keyring.Algorithm(header.Algorithm)) {
			continue
		}
		payload, err := jws.Verify(k.Signer.Public())
		if err != nil {
			return claims, errNotOurs
		}
		if err := json.Unmarshal(payload, &claims); err != nil || claims.Issuer != p.issuer {
			return ownClaims{}, errNotOurs
		}
		return claims, nil
	}
	return claims, errNotOurs
}

// Types of the tokens this hub signs.
const (
	typJWT    = "JWT"
	typLogout = "logout+jwt"
)

const maxToken = 8 << 10 // bytes of any token a client sends

// plainHeader reports whether a header asks for nothing beyond a plain signature (RFC 8725, section 3.10).
func plainHeader(h jose.Header) bool {
	_, crit := h.ExtraHeaders["crit"]
	_, unencoded := h.ExtraHeaders["b64"]
	return !crit && !unencoded
}
