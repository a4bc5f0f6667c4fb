// Package decode explains what travels between the hub and its partners: tokens, assertions, requests and answers, as text
// for the person who has to find out why something does not work. It needs no network and keeps nothing.
//
// An input is recognised by what it is, never by where it was found: a JWT, a SAML message in any binding's encoding, a role assertion of a legacy
// ticket, a document of a Smartcard agent, a query
// or form that holds several of them, the JSON of a token endpoint. What no one can be sure of is said to be so: a signature
// is "valid" only with a key that was given, or that the hub's configuration names.
package decode
