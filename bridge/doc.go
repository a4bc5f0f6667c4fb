// Package bridge is the core: one sign-in becomes what each partner may be told.
//
// Nouns: Subject is a people.Person; Session, Transaction, Request, Issuance, Participant, Artifact, Refusal.
// Verbs are methods of Hub: Begin, BeginProven, Next, Authenticate, ChooseRole, Issue, Reissue and Deliver, Cancel, SwitchUser, Logout,
// EndAll and CardRemoved; OpenEmergency, Decline, ReviewEmergency and SendAlerts.
// Next alone decides what comes next (refuse, authenticate, choose a role, issue); steps never call each other.
//
// The room knows no HTTP, no SQL, no XML. Everything outside is reached through the ports of ports.go, and time
// and randomness are fields of Hub. No goroutine is started here.
package bridge
