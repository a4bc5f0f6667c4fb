// Package revocation decides from what is held in memory how sure it is that a card was not revoked, and by what evidence. It
// opens no connection and no file when it is asked; only for a card about which nothing is known a sign-in may wait, briefly, for the
// responder of the configuration (asknow.go).
//
// A Cache belongs to one authority and its Policy. It holds the authority's complete revocation lists and the deltas to them
// (list.go, pair.go) and its OCSP answers about single cards (answer.go). Both are believed by their own signature and by
// nothing else: where they came from does not count. They come from files that the operator keeps (files.go), from the addresses
// in the configuration (refresh.go, prefetch.go), and from what a card's own handshake carries (Staple in cache.go). An address
// inside of a certificate, a list or an answer is never read, let alone asked.
//
// Lists are read in two passes of constant memory (scan.go): the first finds the signature and counts, the second fills arrays of
// exactly that size. The number of a list never goes back, across restarts either (numbers.go).
//
// The rungs of the policy are in policy.go: fresh, stale within what is permitted, and unknown.
package revocation
