package saml2

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// bindingAttacks are rows 73 to 80 and 92 to 96.
func bindingAttacks() []attack {
	q := func(f func(w *world, query string) string) func(*world, *browser) *httptest.ResponseRecorder {
		return getQuery(func(w *world) string { return f(w, redirectQuery(w.t, "SAMLRequest", w.authn().xml(), "state")) })
	}
	s := func(f func(w *world, query string) string) func(*world, *browser) *httptest.ResponseRecorder {
		return q(func(w *world, query string) string { return f(w, signedQuery(w.t, query, signing(keys().sp))) })
	}
	again := func(name, value string) func(*world, *browser) *httptest.ResponseRecorder {
		return s(func(_ *world, query string) string { return query + "&" + name + "=" + value })
	}
	media := func(kind string) func(*world, *browser) *httptest.ResponseRecorder {
		return func(w *world, b *browser) *httptest.ResponseRecorder {
			r := newForm(SSOPath, form("SAMLRequest", w.authn().xml()))
			r.Header.Set("Content-Type", kind)
			return b.do(r, false)
		}
	}
	beside := func(name string) func(*world, *browser) *httptest.ResponseRecorder {
		return func(w *world, b *browser) *httptest.ResponseRecorder {
			return b.postCross(SSOPath+"?"+name+"=x", form("SAMLRequest", w.authn().xml()))
		}
	}
	return []attack{
		{"073", "evil last", q(func(w *world, query string) string { return query + "&SAMLRequest=" + packed(w.t, w.authn().xml()) }), 400, "", "dup_param"},
		{"073", "evil first", q(func(w *world, query string) string {
			return "SAMLRequest=" + packed(w.t, w.authn().xml()) + "&" + query
		}), 400, "", "dup_param"},
		{"073", "in a form", func(w *world, b *browser) *httptest.ResponseRecorder {
			f := form("SAMLRequest", w.authn().xml())
			f.Add("SAMLRequest", f.Get("SAMLRequest"))
			return b.postCross(SSOPath, f)
		}, 400, "", "dup_param"},
		{"073", "in the address of a form", beside("SAMLRequest"), 400, "", "dup_param"},
		{"074", "in the address of a form", beside("SAMLResponse"), 400, "", "dup_param"},
		{"075", "in the address of a form", beside("RelayState"), 400, "", "dup_param"},
		{"074", "both messages", q(func(w *world, query string) string { return query + "&SAMLResponse=" + packed(w.t, w.authn().xml()) }), 400, "", "two_messages"},
		{"075", "RelayState", again("RelayState", "x"), 400, "", "dup_param"},
		{"075", "SigAlg", again("SigAlg", "x"), 400, "", "dup_param"},
		{"075", "Signature", again("Signature", "eHh4"), 400, "", "dup_param"},
		{"076", "encoded name", q(func(_ *world, query string) string { return strings.Replace(query, "SAMLRequest", "SAML%52equest", 1) }), 400, "", "dup_param"},
		{"076", "encoded second", q(func(w *world, query string) string { return query + "&SAML%52equest=" + packed(w.t, w.authn().xml()) }), 400, "", "dup_param"},
		{"076", "other case", q(func(_ *world, query string) string { return strings.Replace(query, "SAMLRequest", "samlrequest", 1) }), 400, "", "no_message"},
		{"077", "another encoding than was signed", s(func(w *world, query string) string {
			return w.replaced(query, "RelayState=state", "RelayState=st%61te")
		}), 400, "", "signature"},
		{"078", "semicolon", q(func(_ *world, query string) string { return strings.Replace(query, "&", ";", 1) }), 400, "", "query_separator"},
		{"079", "removed", s(func(w *world, query string) string { return w.replaced(query, "&RelayState=state", "") }), 400, "", "signature"},
		{"079", "emptied", s(func(w *world, query string) string { return w.replaced(query, "RelayState=state", "RelayState=") }), 400, "", "signature"},
		{"079", "added", getQuery(func(w *world) string {
			return signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", w.authn().xml(), ""), signing(keys().sp)) + "&RelayState=x"
		}), 400, "", "signature"},
		{"080", "SigAlg alone", q(func(_ *world, query string) string { return query + "&SigAlg=" + url.QueryEscape(xmlsec.RSASHA256) }), 400, "", "half_signature"},
		{"080", "Signature alone", q(func(_ *world, query string) string { return query + "&Signature=eHh4" }), 400, "", "half_signature"},
		{"119", "unsolicited", getQuery(func(*world) string { return "providerId=" + url.QueryEscape(spID) + "&target=https://evil.example/" }), 400, "", "no_message"},
		{"093", "SAMLEncoding", q(func(_ *world, query string) string { return query + "&SAMLEncoding=urn:none" }), 400, "", "saml_encoding"},
		{"094", "5 kB of RelayState", getQuery(func(w *world) string {
			return redirectQuery(w.t, "SAMLRequest", w.authn().xml(), strings.Repeat("x", 5000))
		}), 400, "", "relay_state"},
		{"095", "SimpleSign", func(w *world, b *browser) *httptest.ResponseRecorder {
			f := form("SAMLRequest", w.authn().xml())
			f.Set("SigAlg", xmlsec.RSASHA256)
			f.Set("Signature", "eHh4")
			return b.postCross(SSOPath, f)
		}, 400, "", "signature"},
		{"063", "10,000 parameters", getQuery(func(w *world) string {
			return strings.Repeat("a=b&", 10000) + redirectQuery(w.t, "SAMLRequest", w.authn().xml(), "")
		}), 400, "", "query_limits"},
		{"063", "10,000 parameters of a form", func(w *world, b *browser) *httptest.ResponseRecorder {
			return b.do(formRequest(SSOPath, []byte(strings.Repeat("a=b&", 10000)+form("SAMLRequest", w.authn().xml()).Encode())), false)
		}, 400, "", "query_limits"},
		{"063", "10,000 parameters at the sign-out address", func(w *world, b *browser) *httptest.ResponseRecorder {
			return b.get(SLOPath + "?" + strings.Repeat("a=b&", 10000) + "SAMLRequest=x")
		}, 400, "", "query_limits"},
		{"096", "text/xml", media("text/xml"), 415, "", "media_type"},
		{"096", "multipart", media("multipart/form-data; boundary=x"), 415, "", "media_type"},
	}
}

// signatureAttacks are rows 81 to 91: who signed, and how.
func signatureAttacks() []attack {
	algorithm := func(uri string, sign func(w *world, octets string) []byte) func(*world, *browser) *httptest.ResponseRecorder {
		return getQuery(func(w *world) string {
			query := redirectQuery(w.t, "SAMLRequest", w.authn().xml(), "") + "&SigAlg=" + url.QueryEscape(uri)
			return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(sign(w, query)))
		})
	}
	withHMAC := func(w *world, octets string) []byte {
		der, err := x509.MarshalPKIXPublicKey(keys().sp.Public())
		if err != nil {
			w.t.Fatal(err)
		}
		m := hmac.New(sha256.New, der)
		m.Write([]byte(octets))
		return m.Sum(nil)
	}
	signedAs := func(key xmlsec.SigningKey, change func(*trust.Partner)) func(*world, *browser) *httptest.ResponseRecorder {
		return getQuery(func(w *world) string {
			w.change(change)
			return signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", w.authn().xml(), ""), key)
		})
	}
	enveloped := func(old, new string) func(*world, *browser) *httptest.ResponseRecorder {
		return postRequest(func(w *world) string {
			whole, _, _ := w.signedParts()
			return w.replaced(whole, old, new)
		})
	}
	const dsig = "http://www.w3.org/2000/09/xmldsig#"
	attacks := []attack{
		{"082", "RSA-SHA1", enveloped(xmlsec.RSASHA256, dsig+"rsa-sha1"), 400, "", "alg"},
		{"082", "SHA-1 digest", enveloped(`DigestMethod Algorithm="`+xmlsec.SHA256, `DigestMethod Algorithm="`+dsig+"sha1"), 400, "", "alg"},
		{"083", "enveloped HMAC", enveloped(xmlsec.RSASHA256, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"), 400, "", "alg"},
		{"084", "HMACOutputLength", enveloped(`xmldsig-more#rsa-sha256">`, `xmldsig-more#rsa-sha256"><ds:HMACOutputLength>1</ds:HMACOutputLength>`), 400, "", "alg"},
		{"085", "two kinds of signature", getQuery(func(w *world) string {
			whole, _, _ := w.signedParts()
			return signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", whole, ""), signing(keys().sp))
		}), 400, "", "sig_profile"},
		{"085", "enveloped in a URL", getQuery(func(w *world) string {
			whole, _, _ := w.signedParts()
			return redirectQuery(w.t, "SAMLRequest", whole, "")
		}), 400, "", "sig_profile"},
		{"086", "metadata says signed", changed(func(w *world, _ *authn) {
			w.change(func(p *trust.Partner) { p.SAML.Entity.SP.AuthnRequestsSigned = true })
		}), 400, "", "unsigned"},
		{"086", "terms say signed", changed(func(w *world, _ *authn) {
			w.change(func(p *trust.Partner) { p.SAML.RequestsSigned = true })
		}), 400, "", "unsigned"},
		{"088", "key of another partner", getQuery(func(w *world) string {
			w.withOther()
			return signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", w.authn().xml(), ""), signing(keys().other))
		}), 400, "", "signature"},
		{"089", "key in KeyInfo", postRequest(func(w *world) string {
			key := signing(keys().other)
			key.Certificate = certificateOf(w.t, keys().other).Raw
			return envelopedBy(w.t, w.authn().xml(), key)
		}), 400, "", "signature"},
		{"089", "no key is registered", signedAs(signing(keys().sp), func(p *trust.Partner) { p.SAML.Entity.SP.SigningKeys = nil }), 400, "", "no_key"},
		{"090", "encryption key", signedAs(signing(keys().encryption), func(p *trust.Partner) {
			p.SAML.Entity.SP.EncryptionKeys = []xmlsec.EncryptionKey{{Public: &keys().encryption.PublicKey}}
		}), 400, "", "signature"},
		{"088", "content changed", getQuery(func(w *world) string {
			query := signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", w.authn().xml(), ""), signing(keys().sp))
			_, rest, _ := strings.Cut(query, "&")
			return redirectQuery(w.t, "SAMLRequest", w.authn().xml(), "") + "&" + rest
		}), 400, "", "signature"},
	}
	for _, uri := range []string{
		dsig + "rsa-sha1", dsig + "hmac-sha1", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", dsig + "dsa-sha1", "none", "", "urn:unknown",
	} {
		attacks = append(attacks, attack{"081", "SigAlg " + uri, algorithm(uri, withHMAC), 400, "", "alg"})
	}
	return append(attacks, attack{"083", "HMAC with the public key", algorithm("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", withHMAC), 400, "", "alg"})
}

// accepted holds the rows, or the parts of them, that say what must pass.
func accepted() []attack {
	var out []attack
	pass := func(row string, send func(w *world, b *browser) *httptest.ResponseRecorder) {
		row, name, _ := strings.Cut(row, " ")
		out = append(out, attack{row: row, name: name, send: send})
	}
	pass("077 lower-case escapes", getQuery(func(w *world) string {
		query := lowerEscapes(redirectQuery(w.t, "SAMLRequest", w.authn().xml(), "a b/c")) + "&SigAlg=" + lowerEscapes(url.QueryEscape(xmlsec.RSASHA256))
		sig, err := xmlsec.SignDetached([]byte(query), signing(keys().sp), rand.Reader)
		if err != nil {
			w.t.Fatal(err)
		}
		return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(sig))
	}))
	pass("077 another order", getQuery(func(w *world) string {
		parts := strings.Split(signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", w.authn().xml(), "state"), signing(keys().sp)), "&")
		return parts[3] + "&" + parts[2] + "&" + parts[1] + "&" + parts[0]
	}))
	pass("078 other parameters", getQuery(func(w *world) string {
		return "foo=bar&" + signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", w.authn().xml(), "state"), signing(keys().sp)) + "&x=%3B"
	}))
	pass("087 unsigned", changed(func(*world, *authn) {}))
	pass("091 second key", getQuery(func(w *world) string {
		return signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", w.authn().xml(), ""), signing(keys().second))
	}))
	pass("093 DEFLATE is named", getQuery(func(w *world) string {
		return redirectQuery(w.t, "SAMLRequest", w.authn().xml(), "") + "&SAMLEncoding=" + url.QueryEscape(deflateEncoding)
	}))
	for _, n := range []int{80, 81, 1024} {
		pass(fmt.Sprintf("094 %d bytes of RelayState", n), getQuery(func(w *world) string {
			return redirectQuery(w.t, "SAMLRequest", w.authn().xml(), strings.Repeat("x", n))
		}))
	}
	pass("054 line ends in base64", func(w *world, b *browser) *httptest.ResponseRecorder {
		f := form("SAMLRequest", w.authn().xml())
		v := f.Get("SAMLRequest")
		f.Set("SAMLRequest", v[:76]+"\r\n"+v[76:])
		return b.postCross(SSOPath, f)
	})
	pass("045 xsi:type and xsi:nil on NameID", changed(func(_ *world, a *authn) {
		a.body = `<saml:Subject xmlns:saml="` + assertionSpace + `" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><saml:NameID xsi:nil="true" xsi:type="saml:EncryptedElementType">` +
			patel + `</saml:NameID></saml:Subject>`
	}))
	pass("113 scoping that names us", changed(func(w *world, a *authn) {
		a.body = `<samlp:Scoping ProxyCount="0"><samlp:IDPList><samlp:IDPEntry ProviderID="` + w.p.EntityID + `"/></samlp:IDPList></samlp:Scoping>`
	}))
	pass("114 extensions", changed(func(_ *world, a *authn) {
		a.body = `<samlp:Extensions><x xmlns="urn:x" a="1">y</x></samlp:Extensions>`
	}))
	pass("115 consent and provider name", changed(func(_ *world, a *authn) {
		a.attrs = ` Consent="rubbish" ProviderName="&lt;script&gt;"`
		a.body = `<saml:Conditions xmlns:saml="` + assertionSpace + `"><saml:AudienceRestriction><saml:Audience>urn:&lt;b&gt;</saml:Audience></saml:AudienceRestriction></saml:Conditions>`
	}))
	pass("047 markup in RelayState", getQuery(func(w *world) string {
		return redirectQuery(w.t, "SAMLRequest", w.authn().xml(), `"><script>alert(1)</script>`)
	}))
	return out
}

// lowerEscapes writes %2B as %2b, as some peers do.
func lowerEscapes(query string) string {
	var out strings.Builder
	for i := 0; i < len(query); i++ {
		if query[i] == '%' && i+2 < len(query) {
			out.WriteString(strings.ToLower(query[i : i+3]))
			i += 2
			continue
		}
		out.WriteByte(query[i])
	}
	return out.String()
}
