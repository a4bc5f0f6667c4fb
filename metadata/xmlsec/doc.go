// Package xmlsec is the only room that touches untrusted XML or an XML signature.
//
// Everything that comes in passes one strict gate (scan.go): UTF-8, no DOCTYPE, no processing instruction, hard limits,
// declared prefixes, unique IDs. What a signature covered is serialised to exclusive canonical form, digested, and then
// read back from exactly those bytes (readback.go): [Verified] holds nothing else, and the parsers of other rooms accept no other type.
//
// The signature profile is one enveloped signature on the root element, one same-document Reference, the transforms
// enveloped-signature and exc-c14n, SHA-256 or better (SAML Core 5.4, XML Signature 1.1, Exclusive XML Canonicalization 1.0).
// Canonical XML 1.0 and 1.1 without comments are accepted where the caller's [Limits] say so, and nowhere else.
// Keys come from the caller; KeyInfo is a hint that nobody reads. On protocol messages goxmldsig gives a second opinion:
// where the two verifiers disagree the message is refused with the code "second_opinion".
//
// Outgoing XML is written in canonical form by the rooms that own it and is signed by one pass over the bytes
// ([SignEnveloped]); encryption is XML Encryption 1.1 with AES-GCM and RSA-OAEP, and ECDH-ES for EC keys of
// others ([Encrypt], [Decrypt]).
package xmlsec
