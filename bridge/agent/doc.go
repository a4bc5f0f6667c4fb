// Package agent believes what the agent of a workstation says: a signed message, read strictly, from a workstation that was
// registered and not revoked, for this hub, now, about what was asked, and once. It knows no HTTP.
//
// A message is a compact JWS of the type lanyard-agent+jwt, signed with ES256 by the workstation's key, whose kid and iss are the
// workstation's id. docs/reference/agent.md describes it. What makes one good stands in one table (checks.go). Read gives a
// Message, which holds nothing but what the signature covered.
//
// A presence is such a message about a value that the hub gave to a page: it says that the page and the agent are on one computer.
// Nobody is ever signed in by one. What a card signs for a page is bound to the page's origin ([SignedText]), so that a page of
// another origin never gets a signature that is of use here.
//
// Silence watches for agents that are heard no more (silence.go).
package agent
