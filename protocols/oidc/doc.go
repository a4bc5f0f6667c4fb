// Package oidc is the OpenID provider: authorization code with PKCE, other response types where they are on, tokens, userinfo, and logout both ways.
//
// Routes:
//
//	GET      /.well-known/openid-configuration  discovery (OpenID Connect Discovery 1.0, section 4)
//	GET      /.well-known/oauth-authorization-server  the same (RFC 8414, section 3; IHE IUA, ITI-103)
//	GET      /.well-known/smart-configuration   what of it SMART apps look for (SMART App Launch 2.2, Conformance)
//	GET      /oidc/jwks                         the hub's public keys
//	GET POST /oidc/authorize                    authorization request (OpenID Connect Core 1.0, section 3.1.2)
//	POST     /oidc/par                          pushed authorization requests (RFC 9126)
//	POST     /oidc/device_authorization         a device asks for a device code and a user code (RFC 8628, section 3.1)
//	POST     /oidc/backchannel_authentication   a client asks that a person it names approves elsewhere (CIBA Core 1.0, section 7)
//	GET      /device                            where a person types a user code
//	POST     /device                            (user_code) begins a sign-on to approve
//	GET      /approvals                         what waits for the person who is signed in; takes over their sign-on to it (tx, v)
//	POST     /approvals                         (request, answer)
//	GET      /oidc/approve                      takes over when a person has proved who they are, to approve (tx, v)
//	POST     /oidc/approve                      (tx, v, answer) is this your device?
//	GET      /oidc/resume                       takes over when a transaction may be answered
//	POST     /oidc/token                        tokens for a code, a refresh token, the client itself or another token (RFC 6749, section 3.2)
//	GET POST /oidc/userinfo                     released claims (OpenID Connect Core 1.0, section 5.3)
//	POST     /oidc/revoke                       RFC 7009
//	POST     /oidc/introspect                   RFC 7662, RFC 9701
//	POST     /oidc/launch                       an EHR puts a context at hand for an app that it launches
//	GET POST /oidc/logout                       RP-initiated logout 1.0
//	GET      /oidc/front                        sends a frame on to a client's front-channel logout
//	GET      /oidc/session                      the page that clients frame to ask whether the sign-in changed (Session Management 1.0)
//	POST     /oidc/register                     a client registers itself, where it may (RFC 7591, section 3)
//	GET      /oidc/register/:client             what is registered of it (RFC 7592, section 2)
//	PUT      /oidc/register/:client             what it says of itself now
//	DELETE   /oidc/register/:client             it takes itself out
//	GET      /oidc/schemas                      the JSON Schemas of everything said here
//	GET      /oidc/schemas/:name                one of them
//
// With an issuer of the CIS2 face (oidc.cis2.path) the same is served below its path for clients of that profile, there
// as /authorize, /access_token, /userinfo, /connect/jwk_uri, /introspect, /token/revoke and /connect/endSession; what
// is not among these keeps its path.
//
// A request comes as plain parameters, as a request object that the client signed, or pushed beforehand, with an object in it or
// without. Whichever way, it passes the tables of checks.go before anything else sees it, and goes to the bridge as a
// bridge.Request. What may be said comes back as an Issuance; this room only encodes it. The token
// endpoint chooses from the table of grants.go. Codes and tokens carry their own content, sealed; what has to be
// remembered of a grant is one artifact, written in the same commit as the audit event (docs/adr/0016).
//
// Where the hub has an address for certificates (MutualTLS) the endpoints that clients call themselves are served there too. What a
// request proves to hold beside the client's credentials, a key by DPoP (dpop.go) or a certificate by TLS (certificate.go), its tokens
// can be bound to (binding.go); what is bound opens nothing without it (present.go).
//
// An access token is for the client itself or for resource servers (RFC 8707; audience.go), which are partners with terms of
// their own. What such a reader hears, in a JWT (access_jwt.go) or by introspection, is an Issuance for it and not for the client.
//
// A clinical scope (patient/Observation.rs) is granted as far as the terms cover it (trust/smart), and the answer's scope says so. A launch
// context comes from an EHR, which is a partner whose terms let it launch the app, and from nowhere else: smart_launch.go stores it,
// smart_launched.go finds it when a sign-on in the same session is answered, and it stays with the grant (smart_context.go).
//
// Choices where the standard leaves one, or practice differs:
//   - acr_values is a demand as far as this hub can meet one of the classes at all: the person proves in one of these ways, or the
//     answer is unmet_authentication_requirements. Classes that nothing here meets are passed over, as the standard's "voluntary"
//     has it, except in the profile cis2; called essential in the claims parameter, or named by the terms, they are a demand always.
//     An ID token never claims a class that was not met. A grant ends when the session was proven anew in a way that meets none of
//     the classes it was asked for.
//   - auth_time stays that of the sign-on the grant came from, also in the ID token of a refresh.
//   - Terms are obeyed as they are now: an address struck off while a person signs in gets no answer, and a scope
//     struck off is left out at the next step of the grant.
//   - Signing out ends a session that is idle too: its apps may still be open.
//   - A scope this hub does not know is ignored; one it knows but the terms do not allow is invalid_scope.
//   - Request objects are signed, with a registered key. request_uri works for what was pushed here, and for the addresses that the
//     client registered: nothing is fetched at a stranger's bidding. Beside a request URI of ours only client_id counts, and beside a request object
//     too where the terms require one, in the profile fapi2, or where its typ says oauth-authz-req+jwt; otherwise what the object
//     lacks is taken from beside it (OpenID Connect Core 1.0, section 6.1).
//   - The claims parameter asks by name for what the terms release, in the ID token or in userinfo, also without its scope. A claim
//     asked for with values is told if one of them is the person's.
//   - A pushed request works until a sign-on with it is complete: people reload, and go back. An error does not use it up.
//   - What is wrong with a pushed request or an object is told to the client at the redirect_uri beside it, if that is registered,
//     and to the person otherwise.
//   - Response types beside code are off unless the hub is configured to offer them and the client is registered for them: checks_response.go,
//     front.go. What passes through the browser is never in a query, lives five minutes at most, is bound to nothing and never renewed; an
//     ID token needs a nonce, and holds what userinfo would only where it is all that the client gets. It is recorded as it leaves.
//   - A code goes in a fragment only where the terms say so. An answer by JWT (JARM) has no typ, lives five minutes, and has iss inside.
//   - prompt=select_account asks for a new proof, like prompt=login: a browser holds one session at a time.
//     prompt=consent changes nothing: an administrator consents, in the terms.
//   - Device codes and CIBA: to approve always takes a new proof in that very sign-on, in a way that meets the classes asked for; to
//     refuse takes none. The grant hangs on the session that approved. A second exchange is refused and changes nothing.
//     The answers to a client that waits are not recorded.
//   - A refresh token is used once. Its second use ends the grant, unless it comes within ten seconds from a party that proves to be the same.
//   - A code that is redeemed wrongly by an authenticated client is spent by it.
//   - Silent renewal in a frame is for clients whose terms say oidc.frames: what is answered to prompt=none is then a redirect that
//     may be framed, and a browser that signed in to such a client holds a cookie that is SameSite=None and good for passive
//     requests from frames alone. Browsers that keep cookies from frames on other sites answer login_required. Renewing by script
//     is no activity: it does not keep the session from going idle. No page but that of checksession.go may be framed.
//   - The back channel comes before the front channel; a client that asks for a sign-out is told as every other is.
package oidc
