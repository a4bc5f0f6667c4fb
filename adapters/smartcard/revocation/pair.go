package revocation

import (
	"bytes"
	"cmp"
	"fmt"
	"math/big"
	"time"
)

// pair is what is held of one issuer: its complete list, and the newest delta. It is a value: a change makes another.
type pair struct {
	complete, delta *list
}

// with takes a list in. A lower number than was seen before, or an older list under the same, is a rollback.
func (p pair) with(fresh *list, seen mark) (pair, error) {
	held, least := &p.complete, seen.Complete
	if fresh.base != nil {
		held, least = &p.delta, seen.Delta
	}
	if least != nil && fresh.number.Cmp(least) < 0 {
		return p, fmt.Errorf("%w: number %s is lower than %s, which was seen before", ErrList, fresh.number, least)
	}
	if old := *held; old != nil && cmp.Or(fresh.number.Cmp(old.number), fresh.thisUpdate.Compare(old.thisUpdate)) < 0 {
		return p, fmt.Errorf("%w: number %s is older than %s, which is in force", ErrList, fresh.number, old.number)
	}
	*held = fresh
	return p, nil
}

// combined reports whether the delta may be taken together with the complete list (RFC 5280, section 5.2.4): the same scope, and
// the complete list is no older than what the delta builds on and older than the delta. Issuer and key are the same anyway.
func (p pair) combined() bool {
	return p.complete != nil && p.delta != nil && bytes.Equal(p.complete.scope, p.delta.scope) &&
		p.complete.number.Cmp(p.delta.base) >= 0 && p.complete.number.Cmp(p.delta.number) < 0
}

// look says what the lists say of a certificate. A delta that does not fit can add to what is revoked and takes nothing back.
func (p pair) look(number []byte, now time.Time) Evidence {
	if p.complete == nil && p.delta == nil {
		return Evidence{}
	}
	e := Evidence{Source: SourceList}
	together := p.combined()
	switch {
	case p.delta != nil && p.delta.revoked.has(number):
		e.Revoked = true
	case together && p.delta.removed.has(number):
	case p.complete != nil:
		e.Revoked = p.complete.revoked.has(number)
	}
	if p.complete == nil {
		if !e.Revoked {
			return Evidence{} // a delta alone says nothing of who is not in it
		}
		e.Delta, e.ThisUpdate, e.NextUpdate = p.delta.number.String(), p.delta.thisUpdate, p.delta.nextUpdate
		return e
	}
	e.Number, e.ThisUpdate, e.NextUpdate = p.complete.number.String(), p.complete.thisUpdate, p.complete.nextUpdate
	if together {
		e.Delta = p.delta.number.String()
		// Within its dates the complete list counts by itself too: a delta that is late does not make it worse.
		if !now.After(p.delta.nextUpdate) || now.After(p.complete.nextUpdate) {
			e.ThisUpdate, e.NextUpdate = p.delta.thisUpdate, p.delta.nextUpdate
		}
	}
	return e
}

// mark is the highest numbers that were seen of one issuer; nil: none.
type mark struct {
	Complete *big.Int `json:"complete,omitempty"`
	Delta    *big.Int `json:"delta,omitempty"`
}

// raise reports whether the list's number is the highest of its kind by now, and remembers it.
func (m mark) raise(l *list) (mark, bool) {
	held := &m.Complete
	if l.base != nil {
		held = &m.Delta
	}
	if *held != nil && l.number.Cmp(*held) <= 0 {
		return m, false
	}
	*held = l.number
	return m, true
}
