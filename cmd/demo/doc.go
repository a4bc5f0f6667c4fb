// Package demo is the whole of the hub on one machine for someone who wants to see it: a real hub, three
// sample partners, invented people, and a software card and security key for each of them, which really sign.
// It is imported by `lanyard demo` alone; a test proves it.
//
// Nothing here goes round a check. The software card is the client of a TLS handshake with a card host of the
// hub; the software key answers the hub's own WebAuthn options; the partners verify what they receive as
// partners do, with libraries that the hub does not use.
//
// Routes on the hub's host:
//
//	GET  /demo            the start page: apps, people, and the ladder of what was exchanged
//	GET  /demo/ladder     the ladder alone, for the page's script
//	GET  /demo/trace      what happened behind a reference (ref)
//	GET  /demo/static/:file
//	GET  /demo/card       whose software card to use (tx, v)
//	POST /demo/card       presents it to a card host of the hub (tx, v, uid)
//	GET  /demo/key        whose software key to use (tx, v)
//	POST /demo/key        signs the hub's options with it (tx, v, uid)
//
// Routes of each sample partner on its own host: GET / shows who is signed in and all that was received,
// GET /login signs in, GET /arrive takes what came by form from another site, GET or POST /logout signs out;
// and its protocol's own:
//
//	pas.localhost        GET /saml/metadata, POST /saml/acs, GET /saml/slo, POST /saml/slo/soap, GET /break/:kind
//	epr.localhost        GET /callback, POST /backchannel-logout, GET /break/:kind
//	pathology.localhost  POST /ticket
//
// Nobody can be hurt by it: everything listens on loopback, issuer and entity ids end in .localhost, every
// certificate says who it is not for, legacy tickets are of training mode, and a directory that holds a
// production hub is refused.
package demo
