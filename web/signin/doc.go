// Package signin is what a clinician sees: sign-in by security key or smartcard, the role page, the first
// page, switch user, sign-out with its results, enrolment, and the page that apps send people to when
// something failed there. Everything but the security key and the agent of the workstation works by plain forms and links.
//
// Routes on the hub's own host:
//
//	GET  /                        who is signed in, their apps; takes over a finished local sign-on (tx, v)
//	GET  /signin                  ways to sign in (tx, v); without tx: starts a local sign-on
//	GET  /signin/logo             the logo of an app (client, v)
//	POST /signin/key/begin        JSON: a ceremony and its WebAuthn options
//	POST /signin/key/finish       the key's answer (ceremony, credential)
//	POST /signin/card             sends the browser to a card host of its own
//	POST /signin/agent/begin      JSON: a challenge for the card, through the agent of the workstation
//	POST /signin/agent/finish     what card and agent signed (challenge, certificate, signature, presence)
//	POST /signin/workstation      the agent says that this sign-on is at its side (presence)
//	POST /signin/tap              JSON: whether the card that was put in is that of who is signed in (presence)
//	GET  /signin/card/done        takes the proof that the card host left (proof); once
//	POST /signin/cancel           answers the app that the subject gave up
//	GET  /role                    choose a role (tx, v, filter)
//	POST /role                    (role)
//	POST /role/change             starts the choice of another role
//	GET  /emergency               offers emergency access where an app would refuse (tx, v, offer)
//	POST /emergency               opens it (reason, note, confirm)
//	POST /emergency/decline       goes on without it
//	GET  /status                  how the hub is doing, in public words; JSON for those who accept it
//	POST /lock                    suspends the session until the same person comes back
//	POST /switch                  ends or suspends the session for the next person
//	GET  /signout                 asks: a link or an image never signs anybody out
//	POST /signout                 ends the session
//	GET  /signout/result          what became of each app (logout)
//	GET  /enrol/:token            set up a security key or a smartcard
//	POST /enrol/:token/key/begin  JSON, as above
//	POST /enrol/:token/key/finish (ceremony, credential, label)
//	POST /enrol/:token/card       sends the browser to a card host
//	GET  /enrol/card/done         takes the card that the card host saw (proof); once
//	GET  /error                   the errorURL of our metadata (REFEDS profile)
//
// Route on the card hosts, one host name for each attempt:
//
//	GET  /card                    checks the card of the TLS handshake and goes back to the hub
package signin
