// Package translate decides what a partner is told: (session, person, role, partner terms, now) -> issuance,
// with a reason for every attribute released or withheld. It is pure: no clock, no randomness, no I/O.
// Issuance and explain run this same code.
package translate
