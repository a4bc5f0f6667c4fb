package sqlstore

import (
	"bytes"
	"slices"
)

// begin is told that the writer holds SQLite's lock: the state stands still. Whatever somebody else has written
// since this process wrote last empties the cache.
func (c *rowCache) begin() {
	if c == nil {
		return
	}
	now := c.index.state()
	c.mu.Lock()
	defer c.mu.Unlock()
	if now != c.state {
		c.clear()
		c.state = now
	}
}

// first runs an op of a transaction's first phase, and spares the reads that the cache can answer: saved says
// that the transaction has saved a session already.
func (c *rowCache) first(o *op, saved bool, run func(*op) error) error {
	if c == nil || saved || (o.stmt != lockHead && o.stmt != participantNow) {
		return run(o)
	}
	if found := c.known(o); found != nil {
		return o.feed(found)
	}
	kept, err := o.keep(run)
	if err == nil && kept != nil {
		c.learn(o, kept)
	}
	return err
}

func (c *rowCache) known(o *op) sqliteRow {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.zero() {
		return nil
	}
	if o.stmt == lockHead {
		return c.head
	}
	s := c.session(text(o.args[0]))
	p, _ := c.participants.get(participantKey(o.args))
	if s == nil || p == nil {
		return nil
	}
	return append(sqliteRow{s[sessionEnded], s[sessionSuspended]}, p...)
}

// learn keeps what the writer read before it wrote anything.
func (c *rowCache) learn(o *op, r sqliteRow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.stmt == lockHead {
		c.head = r
		return
	}
	if since := r[5]; since != int64(0) { // else there is none
		c.participants.put(participantKey(o.args), r[2:])
	}
}

func participantKey(args []any) [3]string {
	return [3]string{text(args[0]), text(args[1]), text(args[2])}
}

// commit moves the cache to the state after a transaction of the writer that ran these ops. Should somebody
// else have written since, or should nothing have been written, the states do not match and it is emptied at the
// next begin.
func (c *rowCache) commit(ops []*op) {
	if c == nil {
		return
	}
	now := c.index.state()
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.commits() != c.state.commits()+1 || now.zero() || c.state.zero() || !slices.ContainsFunc(ops, wrote) {
		return
	}
	for _, o := range ops {
		if wrote(o) {
			c.apply(o)
		}
	}
	c.state = now
}

func wrote(o *op) bool { return o.scan == nil && o.rows > 0 }

// apply does to the cache what a statement did to the database. One that it does not know empties it.
func (c *rowCache) apply(o *op) {
	switch o.stmt {
	case putNew, putOver:
		c.keepArtifact(o.args)
	case consume, purgeArtifact:
		c.artifacts.drop([2]string{text(o.args[0]), text(o.args[1])})
	case dropGroup:
		c.artifacts.clear()
	case saveSession:
		c.keepSession(slices.Clone(driverRow(o.args[:sessionWidth])))
	case touchSession:
		c.change(text(o.args[0]), sessionSeen, o.args[1])
	case endSession:
		c.change(text(o.args[0]), sessionEnded, o.args[1])
	case addParticipant:
		c.participants.put(participantKey(o.args), driverRow(o.args[3:]))
	case dropParticipant:
		c.participants.drop(participantKey(o.args))
	case savePerson:
		c.persons.put(text(o.args[0]), driverRow(o.args[1:]))
	case appendEvent:
		c.head = driverRow(o.args[:1])
	case purgeSessions, purgeParticipants:
		c.sessions.clear()
		c.keys.clear()
		c.participants.clear()
	case addName, dropName, purgeNames, saveDelivery, moveDelivery, moveCounter, notifyRegistry, indexEvents, addAuthenticator,
		updateAuthenticator, savePartner, removePartner, addInvitation, updateInvitation, addWorkstation, updateWorkstation, addEmergency, reviewEmergency, forgetNotes,
		settleAlert, moveAlert, saveTrace, purgeDeliveries, purgeTraces: // of tables that are not cached
	default:
		c.clear()
	}
}

// keepArtifact keeps what will be asked for: a mark without a payload is only ever written.
func (c *rowCache) keepArtifact(args []any) {
	key := [2]string{text(args[0]), text(args[1])}
	if payload, ok := args[4].([]byte); !ok || len(payload) == 0 {
		c.artifacts.drop(key)
		return
	}
	r := driverRow(args[2:7])
	r[artifactPayload] = bytes.Clone(args[4].([]byte)) // the caller's own, who may go on using it
	c.artifacts.put(key, r)
}

func (c *rowCache) change(id string, column int, v any) {
	if s := c.session(id); s != nil {
		s = slices.Clone(s)
		s[column] = v
		c.sessions.put(id, s)
	}
}

func driverRow(args []any) sqliteRow {
	r := make(sqliteRow, len(args))
	for i, a := range args {
		r[i] = a
	}
	return r
}
