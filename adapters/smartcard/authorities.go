package smartcard

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// ParseAuthorities reads a PEM bundle of authorities and says which of them are roots: those that no other
// certificate of the bundle issued. The operator put them there, so a path may end in each.
func ParseAuthorities(data []byte) (roots, intermediates []*x509.Certificate, err error) {
	var all []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, nil, fmt.Errorf("smartcard: unexpected PEM block %q among authorities", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("smartcard: authority: %w", err)
		}
		if !c.IsCA || !c.BasicConstraintsValid {
			return nil, nil, fmt.Errorf("smartcard: certificate of %q is not an authority's", c.Subject)
		}
		all = append(all, c)
	}
	if bytes.Contains(data, []byte("-----BEGIN")) {
		return nil, nil, errors.New("smartcard: damaged PEM block among authorities")
	}
	for _, c := range all {
		if issuedByOther(c, all) {
			intermediates = append(intermediates, c)
		} else {
			roots = append(roots, c)
		}
	}
	if len(roots) == 0 {
		return nil, nil, errors.New("smartcard: no root among the authorities")
	}
	return roots, intermediates, nil
}

func issuedByOther(c *x509.Certificate, all []*x509.Certificate) bool {
	if c.CheckSignatureFrom(c) == nil {
		return false
	}
	for _, other := range all {
		if other != c && bytes.Equal(other.RawSubject, c.RawIssuer) && c.CheckSignatureFrom(other) == nil {
			return true
		}
	}
	return false
}
