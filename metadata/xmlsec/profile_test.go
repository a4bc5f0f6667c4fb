package xmlsec

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

func elliptic256() elliptic.Curve { return elliptic.P256() }

const (
	referenceOpen = "<ds:Reference "
	infoEnd       = "</ds:SignedInfo>"
	secondC14N    = `<ds:Transform Algorithm="` + ExclusiveC14N + `"></ds:Transform>`
)

// profileAttacks break the shape of the signature: rows 13 to 19, 27, 31, 58.
func profileAttacks(t *testing.T) []attack {
	good := signed(t, authnRequest)
	before, sig, after := parts(good)
	si := info(good)
	reference := si[strings.Index(si, referenceOpen):strings.Index(si, infoEnd)]
	const root, policy = ` ID="_request"`, `<samlp:NameIDPolicy `
	return []attack{
		{"013", "two elements with one ID", replace(t, good, policy, policy+`ID="_request" `), CodeDuplicateID},
		{"013", "the same by xml:id", replace(t, good, policy, policy+`xml:id="_request" `), CodeDuplicateID},
		{"014", "ID twice", replace(t, good, root, root+root), CodeDuplicateID},
		{"014", "ID and xml:id", replace(t, good, root, root+` xml:id="_other"`), CodeDuplicateID},
		{"014", "ID and Id", replace(t, good, root, root+` Id="_other"`), CodeDuplicateID},
		{"015", "under Extensions", before + extensionsOpen + sig + extensionsEnd + after, CodeProfile},
		{"015", "last", replace(t, before+after, "</samlp:AuthnRequest>", sig+"</samlp:AuthnRequest>"), CodeProfile},
		{"015", "inside Issuer", replace(t, before+after, issuerEnd, sig+issuerEnd), CodeProfile},
		{"016", "two signatures", before + sig + sig + after, CodeProfile},
		{"016", "second one deep below", before + sig + extensionsOpen + sig + extensionsEnd + after, CodeProfile},
		{"017", "two references", resign(t, good, replace(t, si, infoEnd, reference+infoEnd)), CodeProfile},
		{"017", "other reference first", resign(t, good, replace(t, si, referenceOpen,
			replace(t, reference, "#_request", "#_other")+referenceOpen)), CodeProfile},
		{"018", "two SignedInfo", replace(t, good, "<ds:SignatureValue>", si+"<ds:SignatureValue>"), CodeProfile},
		{"018", "second SignedInfo last", replace(t, good, "</ds:Signature>", si+"</ds:Signature>"), CodeProfile},
		{"019", "comment in DigestValue", replace(t, good, "<ds:DigestValue>", "<ds:DigestValue><!--x-->"), CodeSyntax},
		{"019", "element in DigestValue", resign(t, good, replace(t, si, "</ds:DigestValue>", "<x></x></ds:DigestValue>")), CodeProfile},
		{"027", "signature in a wrong namespace", replace(t, good, `<ds:Signature xmlns:ds="`+dsigSpace, `<ds:Signature xmlns:ds="urn:x`), CodeProfile},
		{"027", "prefix bound elsewhere below", replace(t, good, "<ds:SignedInfo>", `<ds:SignedInfo xmlns:ds="urn:x">`), CodeProfile},
		{"031", "default namespace redeclared", replace(t, replace(t, good, "<ds:SignatureValue>", `<SignatureValue xmlns="urn:x">`),
			"</ds:SignatureValue>", "</SignatureValue>"), CodeProfile},
		{"058", "5,000 certificates", replace(t, good, "<ds:KeyInfo>", "<ds:KeyInfo>"+strings.Repeat("<X/>", 5000)), CodeLimits},
		{"058", "50,000 references", replace(t, good, referenceOpen, strings.Repeat("<ds:Reference/>", 50000)+referenceOpen), CodeLimits},
		{"profile", "ds:Object", replace(t, good, "</ds:Signature>", "<ds:Object></ds:Object></ds:Signature>"), CodeProfile},
		{"profile", "RetrievalMethod", replace(t, good, "<ds:KeyInfo>", `<ds:KeyInfo><ds:RetrievalMethod URI="#x"></ds:RetrievalMethod>`), CodeProfile},
		{"profile", "unknown attribute in Reference", resign(t, good, replace(t, si, referenceOpen, referenceOpen+`Evil="1" `)), CodeProfile},
		{"profile", "content changed", replace(t, good, "https://sp.example/acs", "https://evil.example/acs"), CodeDigest},
		{"profile", "SignedInfo changed", replace(t, good, `<ds:Reference `, `<ds:Reference Id="_r" `), CodeSignature},
		{"profile", "value changed", replace(t, good, "<ds:SignatureValue>", "<ds:SignatureValue>AAAA"), CodeSignature},
		{"profile", "value is not base64", replace(t, good, "<ds:SignatureValue>", "<ds:SignatureValue>?"), CodeProfile},
		{"profile", "no value", replace(t, good, "ds:SignatureValue", "ds:Value") + "", CodeSyntax},
	}
}

// TestSignatureIsPlain: where comments and CDATA sections are welcome, and signatures of what is held inside too, there are still none
// in a signature.
func TestSignatureIsPlain(t *testing.T) {
	good, l := signed(t, authnRequest), MetadataLimits().Holding()
	if _, err := VerifyEnveloped(good, l, partnerKeys()); err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"ds:Signature", "ds:SignedInfo", "ds:Transforms", "ds:DigestValue", "ds:SignatureValue", "ds:KeyInfo", "ds:X509Data", "ds:X509Certificate"} {
		for with, code := range map[string]Code{"<!-- -->": CodeSyntax, "<![CDATA[]]>": CodeSyntax, "<x:Signature xmlns:x='urn:x'/>": CodeProfile} {
			if v, err := VerifyEnveloped(replace(t, good, "</"+tag+">", with+"</"+tag+">"), l, partnerKeys()); codeOf(err) != code || v.Root() != nil {
				t.Errorf("%s in %s: %v", with, tag, err)
			}
		}
	}
}

// referenceAttacks point the Reference elsewhere or nowhere: rows 20 to 23 and 33. The signature over SignedInfo is right: this is
// a registered partner's key in the wrong hands.
func referenceAttacks(t *testing.T, here string) []attack {
	good := signed(t, authnRequest)
	si := info(good)
	uri := func(u string) string { return resign(t, good, replace(t, si, `URI="#_request"`, `URI="`+u+`"`)) }
	empty := sha256.Sum256(nil)
	start := strings.Index(si, "<ds:DigestValue>") + len("<ds:DigestValue>")
	end := strings.Index(si, "</ds:DigestValue>")
	return []attack{
		{"020", "whole document", uri(""), CodeProfile},
		{"020", "no URI", resign(t, good, replace(t, si, ` URI="#_request"`, "")), CodeProfile},
		{"021", "empty fragment, root without ID", resign(t, replace(t, good, ` ID="_request"`, ""), replace(t, si, "#_request", "#")), CodeProfile},
		{"022", "no fragment sign", uri("x_request"), CodeProfile},
		{"023", "xpointer", uri("#xpointer(id('_request'))"), CodeProfile},
		{"023", "http", uri(here), CodeProfile},
		{"023", "file", uri("file:///etc/passwd"), CodeProfile},
		{"023", "another ID", uri("#_other"), CodeProfile},
		{"033", "digest of nothing", resign(t, good, si[:start]+base64.StdEncoding.EncodeToString(empty[:])+si[end:]), CodeDigest},
		{"033", "empty digest", resign(t, good, si[:start]+si[end:]), CodeDigest},
	}
}

// algorithmAttacks ask for what is not on the allow-list: rows 42 to 44 and 82 to 84.
func algorithmAttacks(t *testing.T) []attack {
	good := signed(t, authnRequest)
	si := info(good)
	method := func(uri string) string { return resign(t, good, replace(t, si, RSASHA256, uri)) }
	digest := func(uri string) string { return resign(t, good, replace(t, si, SHA256, uri)) }
	transform := func(s string) string { return resign(t, good, replace(t, si, secondC14N, s)) }
	algorithm := func(uri string) string { return `<ds:Transform Algorithm="` + uri + `"></ds:Transform>` }
	prefixes := func(list string) string {
		return transform(`<ds:Transform Algorithm="` + ExclusiveC14N + `"><ec:InclusiveNamespaces xmlns:ec="` + ExclusiveC14N +
			`" PrefixList="` + list + `"></ec:InclusiveNamespaces></ds:Transform>`)
	}
	list := []attack{
		{"042", "500 prefixes", prefixes(strings.Repeat("a ", 500)), CodeLimits},
		{"042", "malformed prefix", prefixes("a:b"), CodeC14N},
		{"044", "three transforms", transform(secondC14N + secondC14N), CodeC14N},
		{"044", "no transforms", transform(""), CodeC14N},
		{"044", "parameter", transform(`<ds:Transform Algorithm="` + ExclusiveC14N + `"><ds:XPath>1</ds:XPath></ds:Transform>`), CodeC14N},
		{"082", "RSA-SHA1", method("http://www.w3.org/2000/09/xmldsig#rsa-sha1"), CodeAlgorithm},
		{"082", "SHA-1 digest", digest(SHA1), CodeAlgorithm},
		{"082", "MD5 digest", digest("http://www.w3.org/2001/04/xmldsig-more#md5"), CodeAlgorithm},
		{"083", "HMAC", method("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"), CodeAlgorithm},
		{"084", "HMACOutputLength", resign(t, good, replace(t, si, "</ds:SignatureMethod>",
			"<ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>")), CodeAlgorithm},
		{"081", "none", method("none"), CodeAlgorithm},
		{"081", "ECDSA with an RSA key", method(ECDSASHA256), CodeSignature},
	}
	for _, uri := range []string{
		"http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11", ExclusiveC14N + "WithComments",
	} {
		list = append(list, attack{"043", "SignedInfo by " + uri, resign(t, good, replace(t, si, `Algorithm="`+ExclusiveC14N, `Algorithm="`+uri)), CodeC14N},
			attack{"043", "content by " + uri, transform(algorithm(uri)), CodeC14N})
	}
	for _, uri := range []string{
		"http://www.w3.org/TR/1999/REC-xslt-19991116", "http://www.w3.org/TR/1999/REC-xpath-19991116",
		"http://www.w3.org/2002/06/xmldsig-filter2", "http://www.w3.org/2000/09/xmldsig#base64",
	} {
		list = append(list, attack{"044", uri, transform(algorithm(uri)), CodeC14N})
	}
	return list
}

// infoAttacks are SignedInfos by a registered key that differ from the profile in one place: what is signed is not yet what is
// understood. Rows 17 to 19, 43, 44 and 84 are about the same from other sides.
func infoAttacks(t *testing.T) []attack {
	good := signed(t, authnRequest)
	si := info(good)
	changed := func(old, with string) string { return resign(t, good, replace(t, si, old, with)) }
	renamed := func(name string) string { return resign(t, good, strings.ReplaceAll(si, "ds:"+name, "ds:Other"+name)) }
	const first = `<ds:Transform Algorithm="` + EnvelopedSignature + `"></ds:Transform>`
	value := si[strings.Index(si, "<ds:DigestValue>"):strings.Index(si, "</ds:Reference>")]
	noIssuer := authnRequest[:strings.Index(authnRequest, "<saml:Issuer")] + authnRequest[afterIssuer(authnRequest):]
	late, err := SignEnveloped([]byte(noIssuer), "_request", strings.Index(noIssuer, "</samlp:AuthnRequest>"), SigningKey{Signer: partnerKey(), Algorithm: RSASHA256}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return []attack{
		{"profile", "no CanonicalizationMethod", renamed("CanonicalizationMethod"), CodeProfile},
		{"profile", "no SignatureMethod", renamed("SignatureMethod"), CodeProfile},
		{"profile", "no Reference", renamed("Reference"), CodeProfile},
		{"profile", "no Transforms", resign(t, good, strings.NewReplacer("<ds:Transforms>", "<ds:T>", "</ds:Transforms>", "</ds:T>").Replace(si)), CodeProfile},
		{"profile", "no DigestMethod", renamed("DigestMethod"), CodeProfile},
		{"profile", "no DigestValue", renamed("DigestValue"), CodeProfile},
		{"profile", "something after DigestValue", changed("</ds:Reference>", "<ds:X></ds:X></ds:Reference>"), CodeProfile},
		{"profile", "DigestValue twice", changed(value, value+value), CodeProfile},
		{"profile", "only SignedInfo and DigestValue", changed(si[strings.Index(si, "<ds:Transforms>"):strings.Index(si, "<ds:DigestValue>")], ""), CodeProfile},
		{"profile", "attribute of DigestValue", changed("<ds:DigestValue>", `<ds:DigestValue Evil="1">`), CodeProfile},
		{"profile", "attribute of SignatureValue", replace(t, good, "<ds:SignatureValue>", `<ds:SignatureValue Evil="1">`), CodeProfile},
		{"profile", "attribute of SignedInfo", replace(t, good, "<ds:SignedInfo>", `<ds:SignedInfo xml:lang="en">`), CodeProfile},
		{"profile", "attribute of Signature", replace(t, good, "<ds:Signature ", `<ds:Signature Evil="1" `), CodeProfile},
		{"profile", "third part is not KeyInfo", strings.ReplaceAll(good, "ds:KeyInfo>", "ds:Object>"), CodeProfile},
		{"profile", "nothing but SignedInfo", untilInfoEnd(good) + "</ds:Signature>" + good[strings.Index(good, "</ds:Signature>")+len("</ds:Signature>"):], CodeProfile},
		{"profile", "digest cut short", changed(value, replace(t, value, value[len("<ds:DigestValue>"):len("<ds:DigestValue>")+4], "")), CodeDigest},
		{"015", "second child where there is no Issuer", string(late), CodeProfile},
		{"043", "parameter of CanonicalizationMethod", changed("</ds:CanonicalizationMethod>", `<ec:InclusiveNamespaces xmlns:ec="`+ExclusiveC14N+`" PrefixList="saml"></ec:InclusiveNamespaces></ds:CanonicalizationMethod>`), CodeC14N},
		{"043", "attribute of CanonicalizationMethod", changed("<ds:CanonicalizationMethod ", `<ds:CanonicalizationMethod Evil="1" `), CodeC14N},
		{"044", "exc-c14n twice", changed(first, secondC14N), CodeC14N},
		{"044", "enveloped-signature twice", changed(secondC14N, first), CodeC14N},
		{"044", "other order", resign(t, good, replace(t, si, first+secondC14N, secondC14N+first)), CodeC14N},
		{"044", "parameter of enveloped-signature", changed(first, replace(t, first, "></", "><ds:X></ds:X></")), CodeC14N},
		{"044", "first is no Transform", changed(first, strings.ReplaceAll(first, "ds:Transform", "ds:X")), CodeC14N},
		{"044", "second is no Transform", changed(secondC14N, strings.ReplaceAll(secondC14N, "ds:Transform", "ds:X")), CodeC14N},
		{"044", "attribute of the first", changed(first, replace(t, first, " Algorithm", ` Evil="1" Algorithm`)), CodeC14N},
		{"044", "attribute of the second", changed(secondC14N, replace(t, secondC14N, " Algorithm", ` Evil="1" Algorithm`)), CodeC14N},
		{"084", "parameter of DigestMethod", changed("</ds:DigestMethod>", "<ds:X></ds:X></ds:DigestMethod>"), CodeAlgorithm},
		{"084", "attribute of DigestMethod", changed("<ds:DigestMethod ", `<ds:DigestMethod Evil="1" `), CodeProfile},
		{"084", "attribute of SignatureMethod", changed("<ds:SignatureMethod ", `<ds:SignatureMethod Evil="1" `), CodeProfile},
	}
}

// untilInfoEnd is a signed document up to the end of SignedInfo.
func untilInfoEnd(doc string) string { return doc[:strings.Index(doc, infoEnd)+len(infoEnd)] }

// TestPrefixList: names of namespaces may be listed, up to a number, and the default one too.
func TestPrefixList(t *testing.T) {
	for list, want := range map[string]string{
		"": "<nil>", "saml samlp": "<nil>", "#default": "<nil>", "#default saml": "<nil>", strings.Repeat("a ", maxInclusivePrefixes): "<nil>",
		strings.Repeat("a ", maxInclusivePrefixes+1): CodeLimits, "#other": CodeC14N, "1a": CodeC14N,
	} {
		e, err := scan(`<x PrefixList="`+list+`"></x>`, MessageLimits())
		if err != nil {
			t.Fatal(err)
		}
		var s signature
		if err := s.readPrefixes(e); codeOf(err) != want {
			t.Errorf("%q: %v, want %s", list, err, want)
		} else if err == nil && strings.HasPrefix(list, "#default") && s.inclusive[0] != "" {
			t.Errorf("%q is read as %q", list, s.inclusive)
		}
	}
}

func TestSecurityDetachedAlgorithms(t *testing.T) {
	sig, err := SignDetached([]byte("x"), SigningKey{Signer: partnerKey(), Algorithm: RSASHA256}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, alg := range []string{
		"http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
		"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", "http://www.w3.org/2000/09/xmldsig#dsa-sha1", "none", "", "urn:x",
	} {
		t.Run("081/"+alg, func(t *testing.T) {
			if _, err := VerifyDetached([]byte(authnRequest), MessageLimits(), []byte("x"), alg, sig, partnerKeys()); codeOf(err) != CodeAlgorithm {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("085", func(t *testing.T) {
		doc := []byte(signed(t, authnRequest))
		if _, err := VerifyDetached(doc, MessageLimits(), []byte("x"), RSASHA256, sig, partnerKeys()); codeOf(err) != CodeProfile {
			t.Errorf("got %v", err)
		}
	})
}
