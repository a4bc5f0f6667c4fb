package saml2

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
)

// parserAttacks are rows 29 to 47: what one reader takes for one thing and another for another.
func parserAttacks() []attack {
	doc := func(f func(w *world, doc string) string) func(*world, *browser) *httptest.ResponseRecorder {
		return postRequest(func(w *world) string { return f(w, w.authn().xml()) })
	}
	signed := func(old, new string) func(*world, *browser) *httptest.ResponseRecorder {
		return postRequest(func(w *world) string {
			whole, _, _ := w.signedParts()
			return w.replaced(whole, old, new)
		})
	}
	issuer := func(as string) func(*world, *browser) *httptest.ResponseRecorder {
		return changed(func(_ *world, a *authn) { a.issuer = as })
	}
	return []attack{
		{"029", "DOCTYPE", doc(func(_ *world, d string) string {
			return `<!DOCTYPE x [<!ATTLIST samlp:AuthnRequest ForceAuthn CDATA "false">]>` + d
		}), 400, "", "doctype"},
		{"030", "element x::y", doc(func(w *world, d string) string {
			return w.replaced(d, "</samlp:AuthnRequest>", "<x::y/></samlp:AuthnRequest>")
		}), 400, "", "xml_syntax"},
		{"030", "attribute a:b:c", doc(func(w *world, d string) string { return w.replaced(d, " ID=", ` a:b:c="" ID=`) }), 400, "", "xml_syntax"},
		{"030", "xmlns:", doc(func(w *world, d string) string { return w.replaced(d, " ID=", ` xmlns:="urn:x" ID=`) }), 400, "", "xml_syntax"},
		{"031", "prefix bound again", signed("<ds:SignedInfo>", `<ds:SignedInfo xmlns:ds="urn:other">`), 400, "", "sig_profile"},
		{"031", "default namespace bound again", postRequest(func(w *world) string {
			whole, _, _ := w.signedParts()
			whole = strings.NewReplacer("<ds:", "<", "</ds:", "</", "xmlns:ds=", "xmlns=").Replace(whole)
			return w.replaced(whole, "<SignedInfo>", `<SignedInfo xmlns="urn:other">`)
		}), 400, "", "sig_profile"},
		{"032", "relative namespace", doc(func(w *world, d string) string { return w.replaced(d, " ID=", ` xmlns:r="relative" ID=`) }), 400, "", "xml_syntax"},
		{"033", "digest of nothing", postRequest(func(w *world) string {
			whole, _, _ := w.signedParts()
			start, end := strings.Index(whole, "<ds:DigestValue>")+len("<ds:DigestValue>"), strings.Index(whole, "</ds:DigestValue>")
			return whole[:start] + "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" + whole[end:]
		}), 400, "", "digest"},
		{"034", "one attribute by two prefixes", doc(func(w *world, d string) string {
			return w.replaced(d, " ID=", ` xmlns:a="urn:a" xmlns:b="urn:a" a:x="1" b:x="2" ID=`)
		}), 400, "", "xml_syntax"},
		{"035", "comment in Issuer", issuer("https://pas.example<!-- -->/sp"), 400, "", "xml_syntax"},
		{"036", "CDATA in Issuer", issuer("<![CDATA[" + spID + "]]>"), 400, "", "xml_syntax"},
		{"036", "PI in Issuer", issuer("https://pas.example<?x?>/sp"), 400, "", "xml_syntax"},
		{"036", "entity in Issuer", issuer("https://pas.example&x;/sp"), 400, "", "xml_syntax"},
		{"037", "space before", issuer(" " + spID), 400, "", "unknown_partner"},
		{"037", "no-break space behind", issuer(spID + "\u00a0"), 400, "", "unknown_partner"},
		{"037", "zero width", issuer("https://pas\u200b.example/sp"), 400, "", "unknown_partner"},
		{"038", "homoglyph", issuer("https://p\u0430s.example/sp"), 400, "", "unknown_partner"},
		{"038", "case", issuer("https://PAS.example/sp"), 400, "", "unknown_partner"},
		{"039", "UTF-16", doc(func(_ *world, d string) string {
			out := "\xff\xfe"
			for _, c := range []byte(d) {
				out += string(rune(c)) + "\x00"
			}
			return out
		}), 400, "", "encoding"},
		{"039", "ISO-8859-1", doc(func(_ *world, d string) string { return `<?xml version="1.0" encoding="ISO-8859-1"?>` + d }), 400, "", "encoding"},
		{"039", "two marks", doc(func(_ *world, d string) string { return "\ufeff\ufeff" + d }), 400, "", "encoding"},
		{"040", "text behind", doc(func(_ *world, d string) string { return d + "x" }), 400, "", "xml_syntax"},
		{"040", "second root", doc(func(_ *world, d string) string { return d + "<x/>" }), 400, "", "xml_syntax"},
		{"040", "NUL", doc(func(w *world, d string) string { return w.replaced(d, "<saml:Issuer", "\x00<saml:Issuer") }), 400, "", "encoding"},
		{"040", "not closed", doc(func(w *world, d string) string { return w.replaced(d, "</samlp:AuthnRequest>", "") }), 400, "", "xml_syntax"},
		{"041", "undeclared prefix", doc(func(w *world, d string) string { return w.replaced(d, " ID=", ` x:y="" ID=`) }), 400, "", "xml_syntax"},
		{"042", "500 prefixes", signed(`<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>`,
			`<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="`+
				strings.Repeat("p ", 500)+`"/></ds:Transform>`), 400, "", "xml_limits"},
		{"043", "inclusive", signed(`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">`,
			`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315">`), 400, "", "c14n"},
		{"043", "with comments", signed(`<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">`,
			`<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#WithComments">`), 400, "", "c14n"},
		{"044", "XSLT", signed(`Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"`, `Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"`), 400, "", "c14n"},
		{"044", "XPath", signed(`Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"`, `Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"`), 400, "", "c14n"},
	}
}

// bombAttacks are rows 49 to 58: what is small here and large there.
func bombAttacks() []attack {
	raw := func(value func(w *world) string) func(*world, *browser) *httptest.ResponseRecorder {
		return getQuery(func(w *world) string { return "SAMLRequest=" + url.QueryEscape(value(w)) })
	}
	doc := func(f func(w *world, doc string) string) func(*world, *browser) *httptest.ResponseRecorder {
		return postRequest(func(w *world) string { return f(w, w.authn().xml()) })
	}
	body := func(make func() string) func(*world, *browser) *httptest.ResponseRecorder {
		return getQuery(func(w *world) string {
			a := w.authn()
			a.body = make()
			return redirectQuery(w.t, "SAMLRequest", a.xml(), "")
		})
	}
	compressed := func(pack func(io.Writer) io.WriteCloser) func(*world, *browser) *httptest.ResponseRecorder {
		return raw(func(w *world) string {
			var out bytes.Buffer
			z := pack(&out)
			if _, err := z.Write([]byte(w.authn().xml())); err != nil {
				w.t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				w.t.Fatal(err)
			}
			return base64.StdEncoding.EncodeToString(out.Bytes())
		})
	}
	text := func(w *world) string { return base64.StdEncoding.EncodeToString(deflated(w.t, w.authn().xml())) }
	return []attack{
		{"049", "external entity", doc(func(w *world, d string) string {
			return `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + w.replaced(d, spID, "&e;")
		}), 400, "", "doctype"},
		{"050", "parameter entity", doc(func(_ *world, d string) string {
			return `<!DOCTYPE x [<!ENTITY % r SYSTEM "http://127.0.0.1:1/x.dtd">%r;]>` + d
		}), 400, "", "doctype"},
		{"051", "billion laughs", doc(func(w *world, d string) string {
			return `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>` + w.replaced(d, spID, "&c;")
		}), 400, "", "doctype"},
		{"052", "10 MB in 10 kB", body(func() string { return strings.Repeat(" ", 10<<20) }), 400, "", "xml_limits"},
		{"053", "trailing bytes", raw(func(w *world) string {
			return base64.StdEncoding.EncodeToString(append(deflated(w.t, w.authn().xml()), "more"...))
		}), 400, "", "deflate"},
		{"053", "zlib", compressed(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }), 400, "", "deflate"},
		{"053", "gzip", compressed(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }), 400, "", "deflate"},
		{"053", "cut off", raw(func(w *world) string {
			d := deflated(w.t, w.authn().xml())
			return base64.StdEncoding.EncodeToString(d[:len(d)-4])
		}), 400, "", "deflate"},
		{"054", "10 MB of base64", func(_ *world, b *browser) *httptest.ResponseRecorder {
			return b.postCross(SSOPath, url.Values{"SAMLRequest": {strings.Repeat("A", 10<<20)}})
		}, 413, "", ""},
		{"054", "10 MB of base64, length not told", func(_ *world, b *browser) *httptest.ResponseRecorder {
			r := newForm(SSOPath, url.Values{"SAMLRequest": {strings.Repeat("A", 10<<20)}})
			r.ContentLength = -1
			return b.do(r, false)
		}, 413, "", "body_limits"},
		{"054", "200 kB of base64", func(_ *world, b *browser) *httptest.ResponseRecorder {
			return b.postCross(SSOPath, url.Values{"SAMLRequest": {strings.Repeat("A", 150<<10)}})
		}, 400, "", "xml_limits"},
		{"054", "URL-safe alphabet", raw(func(w *world) string { return strings.NewReplacer("+", "-", "/", "_").Replace(text(w)) + "-_" }), 400, "", "base64"},
		{"054", "bad padding", raw(func(w *world) string { return strings.TrimRight(text(w), "=") + "=====" }), 400, "", "base64"},
		{"055", "200,000 elements deep", body(func() string { return strings.Repeat("<a>", 200000) + strings.Repeat("</a>", 200000) }), 400, "", "xml_limits"},
		{"055", "5,000 elements deep", body(func() string { return strings.Repeat("<a>", 5000) + strings.Repeat("</a>", 5000) }), 400, "", "xml_limits"},
		{"056", "1,000 attributes", body(func() string {
			s := "<samlp:Extensions"
			for i := range 1000 {
				s += fmt.Sprintf(` a%d=""`, i)
			}
			return s + "/>"
		}), 400, "", "xml_limits"},
		{"057", "1,000 namespaces", body(func() string {
			s, end := "", ""
			for i := range 1000 {
				s += fmt.Sprintf(`<a xmlns:n%d="urn:%d">`, i, i)
				end += "</a>"
			}
			return s + end
		}), 400, "", "xml_limits"},
		{"058", "many References", postRequest(func(w *world) string {
			whole, _, _ := w.signedParts()
			start, end := strings.Index(whole, "<ds:Reference"), strings.Index(whole, "</ds:Reference>")+len("</ds:Reference>")
			return whole[:end] + strings.Repeat(whole[start:end], 50) + whole[end:]
		}), 400, "", "sig_profile"},
	}
}
