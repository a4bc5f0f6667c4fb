// Package e2e drives the built program (`lanyard serve`) from outside: real relying parties, a real browser,
// real databases, started by e2e/components. The tests need LANYARD_COMPONENTS=1, which `make test` sets.
//
//	hub_test.go         init, configuration, people and partners of the hub under test
//	surfer_test.go      a browser without JavaScript: redirects, forms, cookies, a card
//	shibboleth_test.go  Shibboleth SP: sign-on, attributes, encryption, logout from either end
//	shibboleth_requests_test.go  what a Shibboleth SP can ask for, and reads of what it is told
//	openidc_test.go     mod_auth_openidc: code flow, claims, back-channel logout; openidc_api_test.go: as a resource server; openidc_ways_test.go: keys, form_post, signed userinfo and requests, refresh, front channel
//	openidclient_test.go  openid-client (Node.js, certified): every way to ask, every grant, bound tokens, registration
//	oidcclientts_test.go  oidc-client-ts in Chromium: a single page app signs in, renews, revokes, signs out
//	goclient_test.go    go-oidc and golang.org/x/oauth2: code, refresh, userinfo, device code, client credentials, logout tokens
//	cis2app_test.go     an app written for CIS2, pointed at the hub by its issuer
//	pythonsaml_test.go  lasso, pysaml2 and python3-saml: Redirect, POST, Artifact, SOAP logout, attribute queries, every strict setting
//	nodesaml_test.go    node-saml; samlify_test.go and saml20_test.go: two more libraries of Node.js, and what each needs
//	howto_test.go       follows docs/how-to/connect-an-app-*.md to the letter (make howtos)
//	suite_test.go       the OpenID Foundation's conformance suite, started by hand: conformance/README.md
//	ticket_test.go      a legacy client written from the field's description
//	chromium_test.go    headless Chromium: keys, cards, roles, switching, signing out
//	durable_test.go     kill -9, drain, PostgreSQL
package e2e
