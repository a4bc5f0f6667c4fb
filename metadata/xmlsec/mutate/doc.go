// Package mutate makes hostile documents out of good ones, for tests alone; no program has it.
//
// It takes one correctly signed message ([Document], or [Detached] for a signed query or form, or an [Envelope] of SOAP) and
// yields what an attacker would make of it, by name: wrapped (XSW 1 to 9 and every other place), duplicated, signed again with
// the wrong key or in the wrong way, written in another encoding or with markup that only some parsers see, too large, and
// changed in every attribute and text. A verifier has to refuse each of these [Mutant]s. The kit also yields what a verifier must
// not refuse because the standard says that it is the same message (Equivalents): a test of refusals alone cannot tell a strict
// verifier from a broken one.
//
// It knows nothing of metadata/xmlsec and signs by itself, so that both cannot be wrong in the same way.
package mutate
