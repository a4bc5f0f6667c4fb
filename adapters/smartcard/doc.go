// Package smartcard accepts Smartcards: client certificates that a browser presented in a TLS handshake,
// which proved possession of the private key, or that come with a signature over a challenge (signed.go). It implements
// bridge.Cards.
//
// What makes a card good is the table of rules in checks.go, one function a rule, run in order. Whose card it
// is follows from one thing only: the key of the issuer that the verified path ends in and the serial number.
// Names, e-mail addresses and numbers inside the certificate are never read.
//
// Revocation is decided from lists held in memory (crl.go), loaded from files. Nothing here opens a
// connection. The listener asks for a certificate but does not require one (listener.go), so that a person
// without a good card gets a page that says what to do and not an error of the browser.
package smartcard
