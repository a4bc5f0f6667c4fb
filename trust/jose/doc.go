// Package jose is everything JOSE of the hub, whichever front end meets it: it reads, verifies and signs compact JWS, reads and
// publishes keys, and reads the claims of JWTs. It knows nothing of the hub, of HTTP or of partners; time is handed in.
//
// What is read is read strictly (RFC 8725): three parts of base64url without padding or line ends, JSON objects in which no
// name stands twice at any depth, an algorithm out of the caller's list in its exact spelling, a type out of the caller's list,
// and a key out of the caller's set. A header never brings a key, an address of one, or an extension: crit and b64 are refused,
// jku, x5u, jwk and x5c are not looked at. The rules stand in one table (rules.go). [Verify] returns a [Verified], which holds
// nothing but what a signature covered.
//
// Limits: a token 16 KiB unless the caller says otherwise, a kid 256 bytes, a key set 256 KiB and 100 keys, a
// JSON object 256 members and 16 levels. Without a kid, four keys that fit are tried and no more.
//
// [VerifyProof] is the check of a DPoP proof (RFC 9449, section 4.3), all but that its jti is new: that is for who has a store.
//
// Choices where the standards leave one:
//   - A key without a kid fits every kid: a kid is a hint (RFC 7515, section 4.1.4), and the signature decides.
//   - A key of a set that nothing here can verify with is passed over, and why is kept ([KeySet.Skipped]): of a kind or curve
//     that is not known, for encryption, too weak, or broken (RFC 7517, section 5). A private or symmetric key spoils the set.
//   - Two keys may share a kid where no algorithm fits both (RFC 7517, section 4.5).
//   - typ is compared without regard to case, with or without "application/" (RFC 7515, section 4.1.9).
//   - A proof may be 60 seconds old and 30 seconds ahead; a caller may say otherwise, but 10 seconds ahead are always taken and more
//     than 60 never (FAPI 2.0 Security Profile, section 5.3.2.1). A nonce does not replace iat.
//   - htu is compared after normalising scheme, host, default port and empty path, and nothing else.
//   - A public key is published once for each algorithm it may sign with, under a kid for each and with the alg ([KeyID]): clients
//     differ in whether they need the alg, and those that do take it at its word.
//
// JWE is not offered.
package jose
