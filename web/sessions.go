package web

import (
	"crypto/sha256"
	"sync"
	"time"
)

// Sessions are remembered in two generations, each of so many and for so long.
const (
	sessionsKept = 16384
	sessionsFor  = time.Hour
)

// sessions remembers, by the hash of their secret, sessions that were seen alive: their browsers pay no toll, and
// nobody need ask the store. It may forget; it cannot be made to grow.
type sessions struct {
	mu         sync.Mutex
	young, old map[[16]byte]struct{}
	since      time.Time // when the young generation began
}

func sessionKey(secret string) (key [16]byte) {
	sum := sha256.Sum256([]byte(secret))
	copy(key[:], sum[:])
	return key
}

func (s *sessions) remember(secret string, now time.Time) {
	key := sessionKey(secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.young == nil || len(s.young) >= sessionsKept || now.Sub(s.since) > sessionsFor {
		s.old, s.young, s.since = s.young, map[[16]byte]struct{}{}, now
	}
	s.young[key] = struct{}{}
}

// known says whether the session was seen alive lately.
func (s *sessions) known(secret string) bool {
	if secret == "" {
		return false
	}
	key := sessionKey(secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, young := s.young[key]
	_, old := s.old[key]
	return young || old
}
