package saml2

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

const (
	inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
)

// inclusivelySigned is a request whose SignedInfo was canonicalised by Canonical XML 1.0, written out by hand.
func inclusivelySigned(t *testing.T, doc string) string {
	t.Helper()
	made := envelopedBy(t, doc, signing(keys().sp))
	i, j := strings.Index(made, "<ds:SignedInfo>"), strings.Index(made, "</ds:SignedInfo>")+len("</ds:SignedInfo>")
	info := strings.Replace(made[i:j], exclusive, inclusive, 1)
	octets := strings.Replace(info, "<ds:SignedInfo>", `<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:samlp="`+protocolSpace+`">`, 1)
	value, err := xmlsec.SignDetached([]byte(octets), signing(keys().sp), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	end := strings.Index(made, "</ds:SignatureValue>")
	return made[:i] + info + "<ds:SignatureValue>" + base64.StdEncoding.EncodeToString(value) + made[end:]
}

// TestSecurityInclusiveTerm: row 43 holds unless an administrator set saml.allow_inclusive_c14n for the partner.
func TestSecurityInclusiveTerm(t *testing.T) {
	for name, allowed := range map[string]bool{"043 refused": false, "043 permitted": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.change(func(p *trust.Partner) { p.SAML.AllowInclusiveC14N = allowed })
			rec := w.browser().do(newForm(SSOPath, form("SAMLRequest", inclusivelySigned(t, w.authn().xml()))), false)
			if accepted := strings.HasPrefix(rec.Header().Get("Location"), ResumePath); accepted != allowed || !allowed && (w.lastReason() != "c14n" || !strings.Contains(rec.Body.String(), "must be the exclusive one")) {
				t.Errorf("%d %q, %q", rec.Code, rec.Header().Get("Location"), w.lastReason())
			}
		})
	}
}
