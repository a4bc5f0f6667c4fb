package bridge

import (
	"strconv"
	"time"
)

// firstRetry is longer than any sign-out takes, so that the loop that retries never tells a partner
// whom the sign-out itself is telling at this moment.
const firstRetry = 30 * time.Second

// PendingDeliveries are what EndSession stores: one for each participant, not told yet. They fall due a
// little later, so that a hub that dies in the middle of a sign-out finishes it after its restart.
func PendingDeliveries(logout string, told []Participant, now time.Time) []Delivery {
	ds := make([]Delivery, len(told))
	for i, p := range told {
		ds[i] = Delivery{
			ID: logout + "." + strconv.Itoa(i+1), Logout: logout, Participant: p,
			State: DeliveryPending, Next: now.Add(firstRetry), Updated: now,
		}
	}
	return ds
}
