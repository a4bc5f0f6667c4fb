package sqlstore

import (
	"bytes"
	"slices"
	"sync"
)

// cachedRows bounds each table of the cache: never more than twice as many rows are held.
const cachedRows = 1000

// rowCache holds rows of SQLite's database as of one state of it, so that a sign-on reads nothing that this
// process has read or written before. It is exact, not timed: every look compares the state of the WAL index, so
// that what another process commits is seen by the next read. Only the writer moves the cache to a new state.
//
// It is never asked whether something may be written: that is decided in the writer's transaction, which uses
// the cache only for what the transaction itself has not changed.
type rowCache struct {
	index walIndex

	mu           sync.Mutex
	state        walState // of the database when every row here was true; zero: none is
	sessions     generations[string, sqliteRow]
	keys         generations[string, string] // of sessions, to their ids
	participants generations[[3]string, sqliteRow]
	artifacts    generations[[2]string, sqliteRow]
	persons      generations[string, sqliteRow]
	head         sqliteRow // the last audit sequence number
}

// Columns that the cache itself looks at.
const (
	sessionKey, sessionSeen, sessionEnded, sessionSuspended, sessionWidth = 1, 7, 9, 12, 15 // of sessionColumns
	artifactSession, artifactPayload, artifactExpires                     = 1, 2, 3         // of getArtifact
)

// read answers from the cache, or runs the op and keeps what it found.
func (c *rowCache) read(o *op, run func(*op) error) error {
	if c == nil || !cacheable(o.stmt) {
		return run(o)
	}
	before := c.index.state()
	if found := c.find(before, o); found != nil {
		return o.feed(found)
	}
	kept, err := o.keep(run)
	if err == nil && kept != nil && !before.zero() && c.index.state() == before {
		c.insert(before, o, kept)
	}
	return err
}

// keep runs the op and returns a copy of its row if there was one only.
func (o *op) keep(run func(*op) error) (sqliteRow, error) {
	var kept sqliteRow
	scan := o.scan
	o.scan = func(r row) error {
		kept = slices.Clone(r.(sqliteRow))
		return scan(r)
	}
	err := run(o)
	o.scan = scan
	if o.rows != 1 {
		kept = nil
	}
	return kept, err
}

// feed gives the op a row as if it had read it.
func (o *op) feed(r sqliteRow) error {
	o.rows = 1
	return o.scan(r)
}

func cacheable(s statement) bool {
	switch s {
	case sessionByID, sessionByKey, getArtifact, personByUID:
		return true
	}
	return false
}

// find returns the row that the op would read in that state of the database; nil if it is not known.
func (c *rowCache) find(now walState, o *op) sqliteRow {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.zero() || now != c.state {
		return nil
	}
	switch o.stmt {
	case sessionByID:
		return c.session(text(o.args[0]))
	case sessionByKey:
		id, _ := c.keys.get(text(o.args[0]))
		if s := c.session(id); s != nil && s[sessionKey] == o.args[0] {
			return s
		}
	case getArtifact:
		return c.artifact([2]string{text(o.args[0]), text(o.args[1])}, o.args[2].(int64))
	case personByUID:
		p, _ := c.persons.get(text(o.args[0]))
		return p
	}
	return nil
}

func (c *rowCache) session(id string) sqliteRow {
	s, _ := c.sessions.get(id)
	return s
}

// artifact finds a living artifact whose session, if it has one, is known to live, too.
func (c *rowCache) artifact(key [2]string, now int64) sqliteRow {
	a, _ := c.artifacts.get(key)
	if a == nil || a[artifactExpires].(int64) <= now {
		return nil
	}
	if id := text(a[artifactSession]); id != "" {
		if s := c.session(id); s == nil || s[sessionEnded] != int64(0) {
			return nil
		}
	}
	a = slices.Clone(a) // callers own what they are given
	a[artifactPayload] = bytes.Clone(a[artifactPayload].([]byte))
	return a
}

// insert keeps what was read, unless the cache has moved on.
func (c *rowCache) insert(at walState, o *op, r sqliteRow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at != c.state {
		return
	}
	switch o.stmt {
	case sessionByID, sessionByKey:
		c.keepSession(r)
	case getArtifact:
		if payload, ok := r[artifactPayload].([]byte); ok {
			r[artifactPayload] = bytes.Clone(payload)
			c.artifacts.put([2]string{text(o.args[0]), text(o.args[1])}, r)
		}
	case personByUID:
		c.persons.put(text(o.args[0]), r)
	}
}

func (c *rowCache) keepSession(r sqliteRow) {
	c.sessions.put(text(r[0]), r)
	c.keys.put(text(r[sessionKey]), text(r[0]))
}

func (c *rowCache) clear() {
	c.sessions.clear()
	c.keys.clear()
	c.participants.clear()
	c.artifacts.clear()
	c.persons.clear()
	c.head = nil
}

func text(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case []byte:
		return string(x)
	}
	return ""
}
