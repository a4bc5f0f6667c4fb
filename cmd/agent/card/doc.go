// Package card knows the readers of a workstation and the cards in them, through any PKCS#11 middleware: which certificate a card
// signs in with, its signature, and that it came or went.
//
//	module.go    what is wanted of a middleware; pkcs11.go one that is loaded, by the room cryptoki
//	choose.go    the rules by which a certificate is the one to sign in with
//	readers.go   all readers of all modules, and the card that is to be used
//	sign.go      one signature: the PIN asked, the tries it costs, login and logout
//	watch.go     insertion and removal
//
// Every signature logs in anew and logs out after it: who holds the card proves that they know the PIN, each time. A PIN is wiped
// when it was used; the copies that the middleware made are out of reach. The last try before a card locks is never spent without the
// person's word.
package card
