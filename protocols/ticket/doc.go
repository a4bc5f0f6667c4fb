// Package ticket speaks to legacy systems of the Smartcard era: a browser is given an opaque ticket, and the
// system's server exchanges it for a role assertion, a SAML 1.1 document in the shape that the field's
// parsers expect (prefixes, namespace string, order of the blocks).
//
// Routes:
//
//	GET  /ticket/start        partner, return, state  a system sends its user here
//	GET  /ticket/resume       tx, v                   the dispatcher comes back here
//	GET  /saml/RoleAssertion  token                   server to server; bound to the partner's network or certificate
//	POST /ticket/destroy      token                   the system ends its ticket
//
// A ticket is bound to one partner, one session and one role. It dies with the session.
package ticket
