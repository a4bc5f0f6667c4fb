package jose

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"testing"
	"time"
)

// selfSigned is a certificate of a key, in DER.
func selfSigned(t *testing.T, key crypto.Signer, serial int64) *x509.Certificate {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "client"}, NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	must(t, err)
	out, err := x509.ParseCertificate(der)
	must(t, err)
	return out
}

// TestCertifies: a certificate is that of a registered key, and the registered one where there is one (RFC 8705, section 2.2.2).
func TestCertifies(t *testing.T) {
	for k, key := range signers() {
		first, second := selfSigned(t, key, 1), selfSigned(t, key, 2)
		other := signers()[kindP256]
		if k == kindP256 {
			other = signers()[kindRSA]
		}
		x5c := func(chain string) string { return `"x5c":[` + chain + `],` }
		quoted := func(c *x509.Certificate) string { return `"` + base64.StdEncoding.EncodeToString(c.Raw) + `"` }
		for name, c := range map[string]struct {
			member        string
			first, second bool
		}{
			"key alone":                    {"", true, true},
			"certificate":                  {x5c(quoted(first)), true, false},
			"certificate and its issuer":   {x5c(quoted(second) + "," + quoted(first)), false, true},
			"certificate of another key":   {x5c(quoted(selfSigned(t, other, 3))), false, false},
			"no certificate in the chain":  {x5c(""), false, false},
			"what is no certificate":       {x5c(`"AAAA"`), false, false},
			"what is not base64":           {x5c(`"@@"`), false, false},
			"a certificate without a list": {`"x5c":` + quoted(first) + `,`, true, false},
		} {
			set := setOf(t, jwk(other, ""), jwk(key, c.member))
			if set.Certifies(first) != c.first || set.Certifies(second) != c.second {
				t.Errorf("key %d, %s: first %t, second %t", k, name, set.Certifies(first), set.Certifies(second))
			}
		}
		if setOf(t, jwk(other, "")).Certifies(first) || (KeySet{}).Certifies(first) {
			t.Errorf("key %d: a certificate of a key that is not registered", k)
		}
	}
}
