package oidc

import (
	"sync"
	"time"
)

// uninvited counts the registrations without an invitation. Each process counts for itself.
type uninvited struct {
	hourly int // 0: any number

	mu   sync.Mutex
	full time.Time // when the account is whole again: it refills evenly
}

// take reports whether one more may come now.
func (u *uninvited) take(now time.Time) bool {
	if u.hourly == 0 {
		return true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.full.Before(now) {
		u.full = now
	}
	next := u.full.Add(time.Hour / time.Duration(u.hourly))
	if next.After(now.Add(time.Hour)) {
		return false
	}
	u.full = next
	return true
}
