// Package ticket is the workstation's end of the legacy world: it signs in by the field's agent protocol (gpOBJECT documents over
// HTTPS, a challenge that the card signs as CMS) and keeps the ticket that programs of the workstation ask for.
//
//	code.go      the 32-bit table of errors, with a sentence, an HTTP status and an exit code each
//	ticket.go    get, get-no-auth, get-new, destroy; the life of the ticket
//	broker.go    the dialogue: authactivate, authvalidate, role selection, keep-alive, logout
//	role.go      which role
//	gpobject.go  the documents
//	cms.go       what the card signed, as CMS
//
// A ticket opens a person's session to whoever holds it: it is in memory only, never in a log, and leaves over loopback alone.
package ticket
