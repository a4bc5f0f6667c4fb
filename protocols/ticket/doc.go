// Package ticket speaks to legacy systems of the Smartcard era: a browser, or a Smartcard agent, is given an opaque ticket, and the
// system's server exchanges it for a role assertion, a SAML 1.1 document in the shape that the field's
// parsers expect (prefixes, namespace string, order of the blocks).
//
// Routes for browsers and servers:
//
//	GET  /ticket/start           partner, return, state  a system sends its user here
//	GET  /ticket/resume          tx, v                   the dispatcher comes back here
//	GET  /saml/RoleAssertion     token                   server to server; bound to the partner's network or certificate
//	POST /ticket/destroy         token                   the system ends its ticket
//	GET  POST /identity/isTokenValid  tokenid            the same binding for all that follow: boolean=true or boolean=false
//	GET  POST /identity/attributes    subjectid          what the terms release, a line a fact
//	GET  POST /identity/logout        subjectid          ends the session
//	POST /json/sessions          _action, tokenId        validate or logout; the ticket may be in the header iPlanetDirectoryPro
//	POST /json/sessions/         _action, tokenId        the same
//
// Routes for the field's Smartcard agents, on hosts of their own where the configuration names some; documents are those of gpobject:
//
//	POST /login/authactivate              a challenge for the card
//	POST /login/authvalidate              the card's answer (CMS); begins a session and gives the ticket
//	GET  /login/dtd                       what the DOCTYPE of our answers names
//	GET  /saml/RoleSelectionGP.jsp        token, selectedRoleUid
//	GET  POST /sessionmanager/session/update  token, or sso_ticket in a document: still at work
//	POST /login/authlogout                sso_ticket in a document: ends the session
//
// A ticket of a browser is bound to one partner, one session and one role. One of an agent is bound to its session, whose role of the
// moment it follows, and names no partner: the one whose network or certificate fits the server that presents it is asked what its terms
// allow. Both die with their session.
package ticket
