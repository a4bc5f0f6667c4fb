// Package smartcard accepts Smartcards: client certificates that a browser presented in a TLS handshake,
// which proved possession of the private key, or that come with a signature over a challenge (signed.go, accept_cms.go). It implements
// bridge.Cards.
//
// What makes a card good is the table of rules in checks.go, one function a rule, run in order. Whose card it
// is follows from the key of the issuer that the verified path ends in and the serial number. Nothing else inside the certificate
// is read, but for the one number of an authority that the configuration says names its holders (identifier.go): by it a card that
// is not registered yet is registered, on record (register.go).
//
// Revocation is decided by a Decider of the room revocation, from memory. Nothing here opens a
// connection. The listener asks for a certificate but does not require one (listener.go), so that a person
// without a good card gets a page that says what to do and not an error of the browser.
package smartcard
