// Package registration reads what a client says of itself when it registers, and says it back: OpenID Connect Dynamic Client
// Registration 1.0, section 2; RFC 7591, section 2, and the members that other documents added. Each member stands once in a table
// (members.go), with what it becomes in a partner's document and how it is told again. It knows nothing of HTTP or stores.
//
// A client begins with what an administrator permits (trust.Template) and fills in its own facts. It may ask for less than is
// permitted, never for more: [Offer.Apply] refuses that, and trust.Registrar refuses it again.
//
// Choices where the standards leave one:
//   - A scope beyond what is permitted is left out, and the answer says which are there (RFC 7591, section 3.2.1). A grant type, an
//     algorithm or a method that is not permitted or not offered is refused: what a client would do with less is a guess.
//   - Without id_token_signed_response_alg ID tokens are signed with RS256, as the standard says, if the hub has such a key.
//   - A member that is not known is ignored (RFC 7591, section 2); null and "" are as if it were not there. What would weaken a
//     client without its knowledge is refused by name: software statements, and encryption of what it is told.
//   - The pages of a client are kept, never fetched; its logo is fetched by the provider, once.
package registration
