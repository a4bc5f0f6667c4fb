package components

import (
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const bindings = "urn:oasis:names:tc:SAML:2.0:bindings:"

// shibbolethXML writes shibboleth2.xml for one application.
func shibbolethXML(s *site, c ShibbolethConfig) string {
	if c.Clock == 0 {
		c.Clock = 60 * time.Second
	}
	logout := bindings + "HTTP-Redirect " + bindings + "HTTP-POST"
	if c.LogoutBinding != "" {
		logout = bindings + c.LogoutBinding
	}
	request := bindings + "HTTP-Redirect " + bindings + "HTTP-POST"
	if c.PostRequests {
		request = bindings + "HTTP-POST"
	}
	if c.RequestBinding != "" {
		request = bindings + c.RequestBinding
	}
	signing := "false"
	switch {
	case c.SignRequests:
		signing = "true"
	case c.SignBack:
		signing = "back"
	}
	application := attrs(
		"entityID", c.EntityID, "homeURL", s.url("/"), "REMOTE_USER", "uid subject-id pairwise-id",
		"signing", signing, "signingAlg", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
		"digestAlg", "http://www.w3.org/2001/04/xmlenc#sha256",
		"authnContextClassRef", c.AuthnContext,
	)
	if c.EncryptNames {
		application += ` encryption="true"`
	}
	if !c.StrictTransport {
		application += ` requireTransportAuth="false"`
	}
	encryption := `<CredentialResolver type="File" use="encryption" key="sp-encrypt.key" certificate="sp-encrypt.crt"/>`
	if c.NoEncryption {
		encryption = ""
	}
	return fmt.Sprintf(`<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" xmlns:conf="urn:mace:shibboleth:3.0:native:sp:config" clockSkew="%d">
<OutOfProcess tranLogFormat="%%u|%%s|%%IDP|%%i|%%ac|%%t|%%attr|%%n|%%b|%%E|%%S|%%SS|%%L|%%UA|%%a"/>
<UnixListener address="%s/shibd.sock"/>
<ApplicationDefaults%s>
<Sessions lifetime="28800" timeout="3600" relayState="ss:mem" checkAddress="false" handlerSSL="true" cookieProps="https" redirectLimit="exact">
<SSO%s>SAML2</SSO>
<Logout%s>SAML2 Local</Logout>
<Handler type="MetadataGenerator" Location="/Metadata" signing="false"/>
<Handler type="Status" Location="/Status" acl="127.0.0.1 ::1"/>
<Handler type="Session" Location="/Session" showAttributeValues="true" contentType="application/json"/>
</Sessions>
<Errors supportContact="root@localhost" helpLocation="/about.html"/>
%s
<AttributeExtractor type="XML" validate="true" reloadChanges="false" path="attribute-map.xml"/>
<AttributeFilter type="XML" validate="true" path="attribute-policy.xml"/>
%s<CredentialResolver type="Chaining">
<CredentialResolver type="File" use="signing" key="sp-signing.key" certificate="sp-signing.crt"/>
%s
</CredentialResolver>
</ApplicationDefaults>
<SecurityPolicyProvider type="XML" validate="true" path="security-policy.xml"/>
<ProtocolProvider type="XML" validate="true" reloadChanges="false" path="protocols.xml"/>
</SPConfig>
`,
		int(c.Clock.Seconds()), s.dir, application,
		attrs("entityID", c.IdP, "outgoingBindings", request, "ECP", map[bool]string{true: "true"}[c.ECP]),
		attrs("outgoingBindings", logout, "asynchronous", map[bool]string{true: "false"}[c.SyncLogout]),
		metadataProvider(s, c), attributeQuery(c), encryption)
}

// attributeQuery makes shibd ask the hub by the NameID that it was told.
func attributeQuery(c ShibbolethConfig) string {
	if !c.Query {
		return ""
	}
	return `<AttributeResolver type="Query" subjectMatch="true"/>` + "\n"
}

// metadataProvider asks for schema-valid metadata and, when a certificate is
// given, for its signature.
func metadataProvider(s *site, c ShibbolethConfig) string {
	kind, source := "XML", ""
	switch {
	case c.QueryURL != "":
		kind, source = "MDQ", attrs("baseUrl", c.QueryURL, "cacheDirectory", s.dir+"/mdq", "ignoreTransport", "true")
	case c.MetadataURL != "":
		source = attrs("url", c.MetadataURL, "backingFilePath", s.dir+"/idp-backing.xml",
			"minRefreshDelay", "2", "maxRefreshDelay", "5")
	case c.IdPMetadata != nil:
		source = attrs("path", "idp.xml")
	default:
		return ""
	}
	var filters string
	if c.RequireValidity {
		filters += `<MetadataFilter type="RequireValidUntil" maxValidityInterval="2419200"/>`
	}
	if c.MetadataCert != "" {
		filters += `<MetadataFilter type="Signature" certificate="metadata-signer.pem"/>`
	}
	return `<MetadataProvider type="` + kind + `" validate="true"` + source + `>` + filters + `</MetadataProvider>`
}

// attributeMap maps the names the tests know, then those of the caller.
func attributeMap(more map[string]string) string {
	scoped := map[string]string{
		"urn:oasis:names:tc:SAML:attribute:subject-id":  "subject-id",
		"urn:oasis:names:tc:SAML:attribute:pairwise-id": "pairwise-id",
		"urn:oid:1.3.6.1.4.1.5923.1.1.1.6":              "eppn",
		"urn:oid:1.3.6.1.4.1.5923.1.1.1.9":              "affiliation",
	}
	plain := map[string]string{
		"urn:oid:0.9.2342.19200300.100.1.1": "uid",
		"urn:oid:0.9.2342.19200300.100.1.3": "mail",
		"urn:oid:2.16.840.1.113730.3.1.241": "displayName",
		"urn:oid:2.5.4.3":                   "cn",
		"urn:oid:2.5.4.4":                   "sn",
		"urn:oid:2.5.4.42":                  "givenName",
		"urn:oid:2.5.4.10":                  "o",
		"urn:oid:1.3.6.1.4.1.5923.1.1.1.1":  "unscoped-affiliation",
		"urn:oid:1.3.6.1.4.1.5923.1.1.1.7":  "entitlement",
		"urn:oid:1.3.6.1.4.1.5923.1.1.1.11": "assurance",
	}
	maps.Copy(plain, more)
	var b strings.Builder
	b.WriteString(`<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` + "\n")
	for _, name := range slices.Sorted(maps.Keys(scoped)) {
		if _, replaced := more[name]; !replaced {
			fmt.Fprintf(&b, "<Attribute%s><AttributeDecoder xsi:type=\"ScopedAttributeDecoder\" caseSensitive=\"false\"/></Attribute>\n",
				attrs("name", name, "id", scoped[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(plain)) {
		fmt.Fprintf(&b, "<Attribute%s/>\n", attrs("name", name, "id", plain[name]))
		// The same name with the "basic" or no format is a different attribute to shibd.
		for _, format := range []string{"basic", "unspecified"} {
			fmt.Fprintf(&b, "<Attribute%s/>\n", attrs("name", name, "id", plain[name],
				"nameFormat", "urn:oasis:names:tc:SAML:2.0:attrname-format:"+format))
		}
	}
	// NameIDs are mapped by their format; the value alone becomes the variable.
	for format, id := range map[string]string{
		"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent":   "persistent-id",
		"urn:oasis:names:tc:SAML:2.0:nameid-format:transient":    "transient-id",
		"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress": "email-id",
		"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified":  "unspecified-id",
		"urn:oid:1.3.6.1.4.1.5923.1.1.1.10":                      "persistent-id", // as in the stock map: its qualifiers are checked
	} {
		fmt.Fprintf(&b, "<Attribute%s><AttributeDecoder xsi:type=\"NameIDAttributeDecoder\" formatter=\"$Name\"/></Attribute>\n",
			attrs("name", format, "id", id))
	}
	return b.String() + "</Attributes>\n"
}

func shibbolethLogger(prefix, level string) string {
	if !strings.HasSuffix(prefix, "-") {
		prefix += "/"
	}
	const appender = `log4j.appender.%[1]s=org.apache.log4j.FileAppender
log4j.appender.%[1]s.fileName=%[2]s
log4j.appender.%[1]s.layout=org.apache.log4j.PatternLayout
log4j.appender.%[1]s.layout.ConversionPattern=%%d{%%H:%%M:%%S} %%p %%c %%x: %%m%%n
`
	return "log4j.rootCategory=" + level + ", main\n" +
		"log4j.category.Shibboleth.AttributeExtractor.XML=WARN\n" +
		"log4j.category.Shibboleth-TRANSACTION=INFO, tran\n" +
		"log4j.additivity.Shibboleth-TRANSACTION=false\n" +
		"log4j.ownAppenders.Shibboleth-TRANSACTION=true\n" +
		fmt.Sprintf(appender, "main", prefix+"shibd.log") +
		fmt.Sprintf(appender, "tran", prefix+"transaction.log")
}

// attrs writes XML attributes from name, value pairs; empty values are left
// out.
func attrs(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		b.WriteString(" " + pairs[i] + `="`)
		_ = xml.EscapeText(&b, []byte(pairs[i+1])) // a Builder cannot fail
		b.WriteString(`"`)
	}
	return b.String()
}
