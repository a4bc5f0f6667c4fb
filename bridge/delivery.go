package bridge

import (
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
)

// EndReason says why a session ended, or was suspended. The record has it, and partners are told as far as their protocol can say it.
type EndReason string

// The reasons for a session's end or suspension.
const (
	EndedByUser       EndReason = "user"         // the subject signed out
	EndedBySwitch     EndReason = "user_switch"  // another subject took over the browser
	EndedByPartner    EndReason = "partner"      // a participant asked for it
	EndedByAdmin      EndReason = "admin"        // an administrator ended it
	EndedBySuspension EndReason = "suspended"    // the person was suspended
	EndedByRevocation EndReason = "revoked"      // what it was signed in with was revoked
	EndedByCard       EndReason = "card_removed" // the card left its reader
	EndedBySilence    EndReason = "agent_silent" // the agent of its workstation is heard no more: its card may have left
	EndedByLimit      EndReason = "absolute"     // it reached its absolute limit
	EndedElsewhere    EndReason = "elsewhere"    // its subject opened one at another workstation
	EndedByLock       EndReason = "locked"       // its subject left it for a while: a suspension only
	EndedByWaiting    EndReason = "not_resumed"  // it was suspended, and its subject did not come back in time
	EndedUnused       EndReason = "unused"       // the one sign-on that it was for was refused
)

// Ending is the end of one session, as EndSession stores it.
type Ending struct {
	Logout   string // names the sign-out
	Reason   EndReason
	At       time.Time
	Due      time.Time      // what was not told by then is told by the loop that retries
	Protocol trust.Protocol // of the participant that asked, if one did
	Partner  string         // that participant: it knows already
}

// firstRetry is longer than any sign-out takes, so that the loop that retries never tells a partner
// whom the sign-out itself is telling at this moment.
const firstRetry = 30 * time.Second

// Deliveries are what EndSession stores: one for each participant, not told yet unless it asked. They fall due a
// little later, so that a hub that dies in the middle of a sign-out finishes it after its restart.
func (e Ending) Deliveries(told []Participant) []Delivery {
	ds := make([]Delivery, len(told))
	for i, p := range told {
		ds[i] = Delivery{
			ID: e.Logout + "." + strconv.Itoa(i+1), Logout: e.Logout, Participant: p, Reason: e.Reason,
			State: DeliveryPending, Next: e.Due, Updated: e.At,
		}
		if e.Partner != "" && p.Partner == e.Partner && p.Protocol == e.Protocol {
			ds[i].State, ds[i].Next = DeliveryEnded, time.Time{}
		}
	}
	return ds
}
