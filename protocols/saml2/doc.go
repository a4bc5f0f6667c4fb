// Package saml2 is the hub as SAML 2.0 identity provider: sign-on by browsers and by enhanced clients (ECP), Single Logout, artifact
// resolution, attribute queries, and its own metadata.
//
// A message is decoded with limits (binding.go, form.go, soap.go, dereference.go), verified by metadata/xmlsec, read once into a typed
// value (request.go, logoutmessage.go) and judged by a table of named checks (checks.go). What to say is the bridge's
// decision; assertion.go and respond.go only encode it.
//
// Routes:
//
//	GET  /saml2/metadata   the hub's own metadata; its address is the entity id
//	GET  /saml2/mdq/entities    the same by the Metadata Query Protocol, whose base URL is /saml2/mdq/
//	GET  /saml2/mdq/entities/*  the same by entity id or its SHA-1
//	GET  /saml2/sso        AuthnRequest by HTTP-Redirect or HTTP-Artifact
//	POST /saml2/sso        AuthnRequest by HTTP-POST, HTTP-POST-SimpleSign or HTTP-Artifact
//	GET  /saml2/resume     where a sign-on, or a sign-out, continues in the browser
//	GET  /saml2/slo        LogoutRequest and LogoutResponse by HTTP-Redirect or HTTP-Artifact
//	POST /saml2/slo        the same by HTTP-POST, HTTP-POST-SimpleSign or HTTP-Artifact
//	POST /saml2/slo/soap   LogoutRequest by SOAP
//	GET  /saml2/launch     begins a sign-on that no partner asked for, to a registered target
//	POST /saml2/ecp        AuthnRequest by SOAP from an enhanced client, which shows its card in the same request
//	POST /saml2/attributes AttributeQuery by SOAP, about somebody who is signed in
//	POST /saml2/artifact   ArtifactResolve by SOAP: hands over what was sent by HTTP-Artifact
//	GET  /saml2/slo/front  a page that POSTs a LogoutRequest of ours to a partner
//
// Answers to AuthnRequests go to a registered assertion consumer service and nowhere else, by HTTP-POST, HTTP-POST-SimpleSign or
// HTTP-Artifact, or through an enhanced client by PAOS. A request whose sender or reply address is not proven gets a page of ours,
// never a redirect; by SOAP it gets a fault.
//
// Two deviations of the field are tolerated: a POSTed message may be compressed as for HTTP-Redirect, and a NameID in a
// LogoutRequest may lack the qualifiers it was issued with. Unsolicited responses are off unless the terms name targets.
package saml2
