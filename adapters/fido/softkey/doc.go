// Package softkey is a FIDO security key in software, together with the part of a browser that talks to it:
// options in, response out, both in the JSON forms of WebAuthn Level 3. It protects nothing and is for the
// demonstration and for tests only; no other package may import it.
//
// A key made from the same random bytes is the same key: its credentials, and with them the answers to equal
// options, are a function of the seed, the relying party, the user handle and how many credentials it holds.
package softkey
