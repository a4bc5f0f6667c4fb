package mutate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// references point elsewhere, rightly signed.
func (d Document) references(l *list, p parts) error {
	good := signedInfo(p, d.Key)
	own := ` URI="#` + p.id + `"`
	for _, uri := range []string{
		"", "#", p.id, "x" + p.id, "#x" + p.id, "#" + p.id + " ", " #" + p.id, "##" + p.id, "#%5F" + p.id[1:], "#" + strings.ToUpper(p.id) + "X", "#xpointer(/)", "#xpointer(id('" + p.id + "'))",
		"#element(" + p.id + ")", "#other", d.Elsewhere, d.Elsewhere + "#" + p.id, "//localhost/#" + p.id, "file:///etc/passwd", "file:///dev/zero", "cid:" + p.id, "data:text/xml,x", "doc.xml#" + p.id, "./#" + p.id,
		"?#" + p.id, "urn:x#" + p.id, "jar:file:///x!/", "ftp://localhost/x", "http://[::1]:1/x", "\\\\localhost\\x", "#" + p.id + "&#xA;",
	} {
		if err := d.signedAs(l, "resign", fmt.Sprintf("URI %q", strings.NewReplacer(p.id, "ID", d.Elsewhere, "elsewhere", strings.ToUpper(p.id), "ID", p.id[1:], "ID").Replace(uri)), p, replaceOnce(good, own, ` URI="`+uri+`"`)); err != nil {
			return err
		}
	}
	infos := map[string]string{
		"no URI":                      replaceOnce(good, own, ""),
		"URI of another namespace":    replaceOnce(good, own, ` xmlns:x="urn:x" x:URI="#`+p.id+`"`),
		"unknown attribute":           replaceOnce(good, own, own+` Evil="1"`),
		"no Reference":                replaceOnce(good, element(good, "ds:Reference"), ""),
		"Reference of other name":     strings.ReplaceAll(good, "ds:Reference", "ds:reference"),
		"Manifest":                    strings.NewReplacer("<ds:Reference", "<ds:Manifest><ds:Reference", "</ds:Reference>", "</ds:Reference></ds:Manifest>").Replace(good),
		"Reference before methods":    replaceOnce(replaceOnce(good, element(good, "ds:Reference"), ""), infoOpen, infoOpen+element(good, "ds:Reference")),
		"no CanonicalizationMethod":   replaceOnce(good, element(good, "ds:CanonicalizationMethod"), ""),
		"no SignatureMethod":          replaceOnce(good, element(good, "ds:SignatureMethod"), ""),
		"no DigestMethod":             replaceOnce(good, element(good, "ds:DigestMethod"), ""),
		"no DigestValue":              replaceOnce(good, element(good, "ds:DigestValue"), ""),
		"something more":              replaceOnce(good, infoEnd, "<ds:x></ds:x>"+infoEnd),
		"digest in SignatureMethod":   replaceOnce(good, "</ds:SignatureMethod>", element(good, "ds:DigestValue")+"</ds:SignatureMethod>"),
		"methods swapped":             strings.NewReplacer("ds:CanonicalizationMethod", "ds:SignatureMethod", "ds:SignatureMethod", "ds:CanonicalizationMethod").Replace(good),
		"digest swapped with method":  replaceOnce(replaceOnce(good, element(good, "ds:DigestValue"), ""), "<ds:DigestMethod", element(good, "ds:DigestValue")+"<ds:DigestMethod"),
		"Type of a Manifest, and one": replaceOnce(replaceOnce(good, own, own+` Type="`+dsig+`Manifest"`), own, ` URI="#other"`),
	}
	for _, name := range slices.Sorted(maps.Keys(infos)) {
		if err := d.signedAs(l, "resign", name, p, infos[name]); err != nil {
			return err
		}
	}
	return nil
}

// transforms ask for other work than the profile has, rightly signed.
func (d Document) transforms(l *list, p parts) error {
	good := signedInfo(p, d.Key)
	transform := func(alg, inside string) string {
		return `<ds:Transform Algorithm="` + alg + `">` + inside + `</ds:Transform>`
	}
	xslt := `<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:include href="` + d.Elsewhere + `"></xsl:include></xsl:stylesheet>`
	prefixes := func(list string) string {
		return transform(excC14N, `<ec:InclusiveNamespaces xmlns:ec="`+excC14N+`" PrefixList="`+list+`"></ec:InclusiveNamespaces>`)
	}
	const inclusive, inclusive11 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11"
	lists := []struct{ name, with string }{
		{"none", ""}, {"enveloped alone", transformE}, {"exclusive alone", transformX}, {"other order", transformX + transformE}, {"enveloped twice", transformE + transformE}, {"exclusive twice", transformX + transformX},
		{"three", transformE + transformX + transformX}, {"fifty", transformE + strings.Repeat(transformX, 50)}, {"XSLT", transformE + transform("http://www.w3.org/TR/1999/REC-xslt-19991116", xslt)}, {"XSLT first", transform("http://www.w3.org/TR/1999/REC-xslt-19991116", xslt) + transformE + transformX},
		{"XPath", transformE + transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>not(ancestor-or-self::ds:Signature)</ds:XPath>")}, {"XPath that drops all", transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>false()</ds:XPath>") + transformX},
		{"XPath filter 2", transformE + transform("http://www.w3.org/2002/06/xmldsig-filter2", `<f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">/</f:XPath>`)}, {"base64", transformE + transform(dsig+"base64", "")},
		{"base64 alone", transform(dsig+"base64", "")}, {"decryption", transformE + transform("http://www.w3.org/2002/07/decrypt#XML", "")}, {"of no name", transformE + transform("", "")}, {"STR", transformE + transform("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform", "")},
		{"parameter of enveloped", transform(enveloped, "<ds:XPath>1</ds:XPath>") + transformX}, {"parameter of exclusive", transformE + transform(excC14N, "<ds:XPath>1</ds:XPath>")},
		{"attribute of exclusive", transformE + replaceOnce(transformX, " Algorithm", ` Evil="1" Algorithm`)}, {"something else between", transformE + "<ds:x></ds:x>" + transformX},
		{"500 prefixes", transformE + prefixes(strings.TrimSpace(strings.Repeat("p ", 500)))}, {"prefix with a colon", transformE + prefixes("a:b")}, {"#other as prefix", transformE + prefixes("#other")}, {"two lists", transformE + replaceOnce(prefixes("x"), "</ds:Transform>", `<ec:InclusiveNamespaces xmlns:ec="`+excC14N+`" PrefixList="y"></ec:InclusiveNamespaces></ds:Transform>`)},
		{"list in another namespace", transformE + transform(excC14N, `<ec:InclusiveNamespaces xmlns:ec="urn:x" PrefixList="x"></ec:InclusiveNamespaces>`)},
	}
	forms := map[string]string{"inclusive": inclusive, "inclusive 1.1": inclusive11, "exclusive with comments": excC14N + "WithComments", "inclusive with comments": inclusive + "#WithComments", "inclusive 1.1 with comments": inclusive11 + "#WithComments", "minimal": dsig + "minimal", "made up": "urn:x", "exclusive without hash": strings.TrimSuffix(excC14N, "#")}
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		uri := forms[name]
		lists = append(lists, struct{ name, with string }{name, transformE + transform(uri, "")}, struct{ name, with string }{name + " alone", transform(uri, "")})
		for _, sign := range []struct{ name, open string }{{"", infoAlone}, {", namespaces of the root", infoOpen[:len(infoOpen)-1] + ` xmlns:ds="` + dsig + `"` + rootNamespaces(p) + ">"}} {
			info := replaceOnce(good, `<ds:CanonicalizationMethod Algorithm="`+excC14N, `<ds:CanonicalizationMethod Algorithm="`+uri)
			v, err := value(d.Key, "sha256", []byte(replaceOnce(info, infoOpen, sign.open)))
			if err != nil {
				return err
			}
			l.add("resign", "SignedInfo "+name+sign.name, p.before+signatureOpen+info+"<ds:SignatureValue>"+b64(v)+"</ds:SignatureValue>"+signatureEnd+p.after)
		}
	}
	for _, t := range lists {
		if err := d.signedAs(l, "resign", "transforms: "+t.name, p, replaceOnce(good, transformE+transformX, t.with)); err != nil {
			return err
		}
	}
	for _, attribute := range []string{"Evil", "PrefixList"} {
		if err := d.signedAs(l, "resign", attribute+" of CanonicalizationMethod", p, replaceOnce(good, `<ds:CanonicalizationMethod Algorithm="`+excC14N+`"`, `<ds:CanonicalizationMethod Algorithm="`+excC14N+`" `+attribute+`="x"`)); err != nil {
			return err
		}
	}
	return d.signedAs(l, "resign", "parameter of CanonicalizationMethod", p, replaceOnce(good, "</ds:CanonicalizationMethod>", `<ec:InclusiveNamespaces xmlns:ec="`+excC14N+`" PrefixList="p"></ec:InclusiveNamespaces></ds:CanonicalizationMethod>`))
}

// rootNamespaces are the declarations on the root that inclusive canonicalization of SignedInfo has to repeat; canonical form has
// them in their order, and ds stands before saml.
func rootNamespaces(p parts) string {
	out := ""
	for _, a := range strings.Split(p.before[:strings.IndexByte(p.before, '>')], ` xmlns`)[1:] {
		if i := strings.IndexByte(a, '"'); i >= 0 {
			if j := strings.IndexByte(a[i+1:], '"'); j >= 0 {
				out += " xmlns" + a[:i+j+2]
			}
		}
	}
	return out
}
