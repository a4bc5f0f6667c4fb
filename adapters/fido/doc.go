// Package fido enrols FIDO security keys and signs in with them by WebAuthn. It implements bridge.Keys.
//
// Credentials are discoverable, so nobody types a name, and the key must verify its owner by PIN or biometrics
// at every ceremony. What a browser sends is first read strictly (strict.go), then judged by the table of rules
// in checks.go, each with its own audit code, and then verified by go-webauthn as a second opinion that
// also checks the signature. A person is told one sentence whatever was wrong.
//
// What a key is worth is decided at each sign-in from what it proved of its model, the policy (policy.go) and the metadata of the FIDO
// Metadata Service in force (blob.go reads it, follow.go keeps it): worth.go has the table. That room of the library is not used: it asks
// addresses in certificates that nobody verified yet, takes any name under the root, and knows no number before.
//
// Attestation is verified by the library and by rules of ours (statement.go); of Android and Apple by ours alone.
//
// What a key is told about its owner is a hash of the uid and the display name; no uid.
package fido
