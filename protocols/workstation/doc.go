// Package workstation is the hub's end of the agents of workstations: they enrol by a one-time secret, tell that a card left its
// reader, and ask which sessions are at their side. docs/reference/agent.md describes what goes over the wire.
//
// Routes:
//
//	POST /workstation/enrol     JSON: secret, key (public JWK), proof  the agent's key in exchange for its secret
//	POST /workstation/event     a message (JWS): event, reader, certificate, user, at, since  a card came or went
//	POST /workstation/status    a message (JWS): user  the sessions at this workstation
//	GET  /workstation/keys/:id  the key that offline proofs of a workstation are verified with
//
// Nobody is signed in by any of them, and none is called by a browser. What the card of an event is, its own certificate says: it
// finds sessions, and proves nothing.
package workstation
