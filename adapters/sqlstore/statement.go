package sqlstore

// statement names one SQL text. Texts use $1 for parameters; SQLite is given ?1.
type statement int

const (
	begin statement = iota
	commit
	lockHead
	moveCounter
	moveHead
	putNew
	putOver
	consume
	getArtifact
	dropGroup
	saveSession
	touchSession
	sessionByID
	sessionByKey
	endSession
	overdueSessions
	suspendedSessions
	livingSessions
	livingOf
	livingBeside
	livingAt
	participantNow
	addParticipant
	addName
	dropParticipant
	dropName
	participantsOf
	participantsAt
	participantsTold
	saveDelivery
	deliveriesOf
	deliveriesDue
	moveDelivery
	appendEvent
	indexEvents
	eventsAfter
	eventsByRef
	eventsBySubject
	eventsByPartner
	eventsByKind
	savePerson
	personByUID
	personsAfter
	addAuthenticator
	authenticatorByID
	authenticatorByHandle
	authenticatorsOf
	updateAuthenticator
	partnerRevision
	savePartner
	removePartner
	addInvitation
	updateInvitation
	addWorkstation
	updateWorkstation
	workstationByID
	allWorkstations
	addEmergency
	reviewEmergency
	forgetNotes
	settleAlert
	moveAlert
	emergencyByID
	allEmergencies
	emergenciesWaiting
	alertsDue
	invitationByID
	allInvitations
	allPartners
	readCounter
	notifyRegistry
	saveTrace
	tracesOf
	deadArtifacts
	purgeArtifact
	purgeParticipants
	deadNames
	purgeNames
	purgeSessions
	purgeDeliveries
	purgeTraces
	statements // how many there are
)

const (
	artifactColumns    = `kind, key, grp, session, payload, expires, spent`
	sessionColumns     = `id, key, uid, method, assurance, authn_at, started, seen, role_id, ended, authenticator, workstation, suspended, standing, emergency`
	participantColumns = `session, protocol, partner, idx, subject, format, since`

	// of one name that a participant was told, while its session has been suspended since $6
	nameWhere = ` WHERE session = $1 AND protocol = $2 AND partner = $3 AND format = $4 AND subject = $5
		AND EXISTS (SELECT 1 FROM sessions WHERE id = $1 AND suspended = $6 AND suspended <> 0)`

	// of living sessions after the place $1, $2, at most $3
	livingWhere = `SELECT ` + sessionColumns + ` FROM sessions WHERE ended = 0 AND started <= $1 AND (started < $1 OR id > $2)`
	livingOrder = ` ORDER BY started DESC, id LIMIT $3`

	insertArtifact = `INSERT INTO artifacts (` + artifactColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (kind, key) DO UPDATE SET grp = excluded.grp, session = excluded.session, payload = excluded.payload,
		expires = excluded.expires, spent = excluded.spent WHERE artifacts.expires <= $8 OR ` + orphan
	eventsWhere = `SELECT a.canonical FROM audit_index i JOIN audit a ON a.seq = i.seq WHERE i.seq > $1 AND ($2 = '' OR i.subject = $2)
		AND ($3 = '' OR i.partner = $3) AND ($4 = '' OR i.ref = $4) AND ($5 = '' OR i.kind = $5)`
	eventsOrder = ` ORDER BY i.seq LIMIT $6`
	// orphan is an artifact whose session has ended: it counts as dropped, and purges remove it.
	orphan = `EXISTS (SELECT 1 FROM sessions WHERE sessions.id = artifacts.session AND sessions.ended <> 0)`
	// ownerless is a name whose session was purged, perhaps by a program that knows no further names.
	ownerless    = `NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.id = participant_names.session)`
	deadSessions = `(SELECT id FROM sessions WHERE started < $1 AND seen < $1 AND ended < $1 ORDER BY started, id LIMIT $2)`
)

// sqlText is what both dialects understand; it is asked once for each statement and connection. begin, lockHead
// and notifyRegistry differ and are the engines' own.
func sqlText(s statement) string {
	for _, about := range []map[statement]string{shortLived(), emergencies()} {
		if text, ok := about[s]; ok {
			return text
		}
	}
	return longLived()[s]
}

// shortLived is about artifacts, sessions, participants and deliveries.
func shortLived() map[statement]string {
	return map[statement]string{
		commit:      `COMMIT`,
		moveCounter: `UPDATE counters SET value = $2 WHERE name = $1`,
		moveHead:    `UPDATE counters SET value = $1 WHERE name = 'audit'`,
		readCounter: `SELECT value FROM counters WHERE name = $1`,

		putNew:  insertArtifact,
		putOver: insertArtifact + ` OR artifacts.spent = 0 OR excluded.spent = 1`,
		consume: `UPDATE artifacts SET spent = 1 WHERE kind = $1 AND key = $2 AND spent = 0 AND expires > $3 AND NOT ` + orphan,
		getArtifact: `SELECT grp, session, payload, expires, spent FROM artifacts
			WHERE kind = $1 AND key = $2 AND expires > $3 AND NOT ` + orphan,
		dropGroup: `DELETE FROM artifacts WHERE grp = $1 AND length(grp) > 0`,

		saveSession: `INSERT INTO sessions (` + sessionColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
			ON CONFLICT (id) DO UPDATE SET key = excluded.key, uid = excluded.uid, method = excluded.method,
			assurance = excluded.assurance, authn_at = excluded.authn_at, started = excluded.started, seen = excluded.seen,
			role_id = excluded.role_id, ended = excluded.ended, authenticator = excluded.authenticator,
			workstation = excluded.workstation, suspended = excluded.suspended, standing = excluded.standing, emergency = excluded.emergency
			WHERE sessions.ended = 0 AND ($16 = '' OR sessions.key = $16) AND (sessions.suspended = 0 OR excluded.suspended <> 0 OR $17 = 1)`,
		touchSession:      `UPDATE sessions SET seen = $2 WHERE id = $1 AND seen < $2`,
		sessionByID:       `SELECT ` + sessionColumns + ` FROM sessions WHERE id = $1`,
		sessionByKey:      `SELECT ` + sessionColumns + ` FROM sessions WHERE key = $1`,
		endSession:        `UPDATE sessions SET ended = $2 WHERE id = $1 AND ended = 0`,
		overdueSessions:   `SELECT id FROM sessions WHERE started <= $1 AND ended = 0 ORDER BY started, id LIMIT $2`,
		suspendedSessions: `SELECT id FROM sessions WHERE suspended <= $1 AND suspended <> 0 AND ended = 0 ORDER BY suspended, id LIMIT $2`,
		livingSessions:    livingWhere + livingOrder,
		livingOf:          livingWhere + ` AND uid = $4` + livingOrder,
		livingBeside:      livingWhere + ` AND workstation = $4 AND ($5 = '' OR uid = $5)` + livingOrder,
		livingAt: livingWhere + ` AND ($4 = '' OR uid = $4) AND id IN
			(SELECT session FROM told WHERE partner = $5 AND ($6 = '' OR protocol = $6))` + livingOrder,

		participantNow: `SELECT s.ended, s.suspended, COALESCE(p.idx, ''), COALESCE(p.subject, ''), COALESCE(p.format, ''), COALESCE(p.since, 0)
			FROM sessions s LEFT JOIN participants p ON p.session = s.id AND p.protocol = $2 AND p.partner = $3 WHERE s.id = $1`,
		addParticipant: `INSERT INTO participants (` + participantColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (session, protocol, partner) DO UPDATE SET idx = excluded.idx, subject = excluded.subject,
			format = excluded.format, since = excluded.since`,
		addName:         `INSERT INTO participant_names (` + participantColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
		dropParticipant: `DELETE FROM participants` + nameWhere,
		dropName:        `DELETE FROM participant_names` + nameWhere,
		participantsTold: `SELECT ` + participantColumns + ` FROM told WHERE subject = $3 AND protocol = $1 AND partner = $2
			AND EXISTS (SELECT 1 FROM sessions WHERE sessions.id = told.session AND sessions.ended = 0) ORDER BY since`,
		participantsOf: `SELECT ` + participantColumns + ` FROM told WHERE session = $1 ORDER BY since, protocol, partner, format, subject`,
		participantsAt: `SELECT ` + participantColumns + ` FROM told WHERE idx = $3 AND protocol = $1 AND partner = $2 ORDER BY since LIMIT 1`,

		saveDelivery: `INSERT INTO deliveries (id, logout, doc, due, updated) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO UPDATE SET logout = excluded.logout, doc = excluded.doc, due = excluded.due, updated = excluded.updated`,
		deliveriesOf:  `SELECT doc, due FROM deliveries WHERE logout = $1 ORDER BY length(id), id`,
		deliveriesDue: `SELECT doc, due FROM deliveries WHERE due <> 0 AND due <= $1 ORDER BY due, id LIMIT $2`,
		moveDelivery:  `UPDATE deliveries SET due = $2 WHERE id = $1`,
	}
}

// emergencies is about openings of emergency access. Whether one was reviewed, and its alert, are columns: who writes the one does not
// undo the other.
func emergencies() map[statement]string {
	const found = `SELECT doc, alert, attempts FROM emergencies`
	return map[statement]string{
		addEmergency:       `INSERT INTO emergencies (id, doc, opened, alert, attempts) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		reviewEmergency:    `UPDATE emergencies SET doc = $2, reviewed = $3 WHERE id = $1 AND reviewed = 0`,
		forgetNotes:        `UPDATE emergencies SET doc = $2 WHERE id = $1 AND reviewed <> 0`,
		settleAlert:        `UPDATE emergencies SET attempts = $2, alert = $3 WHERE id = $1`,
		moveAlert:          `UPDATE emergencies SET alert = $2 WHERE id = $1`,
		emergencyByID:      found + ` WHERE id = $1`,
		allEmergencies:     found + ` WHERE (opened < $1 OR opened = $1 AND id > $2) ORDER BY opened DESC, id LIMIT $3`,
		emergenciesWaiting: found + ` WHERE reviewed = 0 AND (opened < $1 OR opened = $1 AND id > $2) ORDER BY opened DESC, id LIMIT $3`,
		alertsDue:          found + ` WHERE alert <> 0 AND alert <= $1 ORDER BY alert, id LIMIT $2`,
	}
}

// longLived is about the record, people and partners, and about traces and purges.
func longLived() map[statement]string {
	return map[statement]string{
		appendEvent: `INSERT INTO audit (seq, at, kind, subject, partner, ref, canonical) VALUES ($1, $2, $3, $4, $5, $6, $7)`,

		indexEvents: `INSERT INTO audit_index (seq, at, kind, subject, partner, ref)
			SELECT seq, at, kind, subject, partner, ref FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2`,
		eventsAfter:     `SELECT canonical FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2`,
		eventsByRef:     eventsWhere + ` AND i.ref = $4 AND i.ref <> ''` + eventsOrder,
		eventsBySubject: eventsWhere + ` AND i.subject = $2 AND i.subject <> ''` + eventsOrder,
		eventsByPartner: eventsWhere + ` AND i.partner = $3 AND i.partner <> ''` + eventsOrder,
		eventsByKind:    eventsWhere + ` AND i.kind = $5` + eventsOrder,

		savePerson:   `INSERT INTO persons (uid, doc) VALUES ($1, $2) ON CONFLICT (uid) DO UPDATE SET doc = excluded.doc`,
		personByUID:  `SELECT doc FROM persons WHERE uid = $1`,
		personsAfter: `SELECT doc FROM persons WHERE uid > $1 ORDER BY uid LIMIT $2`,

		addAuthenticator: `INSERT INTO authenticators (id, uid, kind, handle, added, doc) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT DO NOTHING`,
		authenticatorByID:     `SELECT doc FROM authenticators WHERE id = $1`,
		authenticatorByHandle: `SELECT doc FROM authenticators WHERE kind = $1 AND handle = $2`,
		authenticatorsOf:      `SELECT doc FROM authenticators WHERE uid = $1 ORDER BY added, id`,
		updateAuthenticator:   `UPDATE authenticators SET doc = $2 WHERE id = $1`,

		partnerRevision: `SELECT revision FROM partners WHERE protocol = $1 AND id = $2`,
		savePartner: `INSERT INTO partners (protocol, id, document, metadata, revision, updated) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (protocol, id) DO UPDATE SET document = excluded.document, metadata = excluded.metadata,
			revision = excluded.revision, updated = excluded.updated`,
		removePartner: `DELETE FROM partners WHERE protocol = $1 AND id = $2`,

		addInvitation:     `INSERT INTO invitations (id, doc, made, revision) VALUES ($1, $2, $3, 1) ON CONFLICT DO NOTHING`,
		updateInvitation:  `UPDATE invitations SET doc = $2, revision = revision + 1 WHERE id = $1 AND revision = $3`,
		addWorkstation:    `INSERT INTO workstations (id, doc, revision) VALUES ($1, $2, 1) ON CONFLICT DO NOTHING`,
		updateWorkstation: `UPDATE workstations SET doc = $2, revision = revision + 1 WHERE id = $1 AND revision = $3`,
		workstationByID:   `SELECT doc, revision FROM workstations WHERE id = $1`,
		allWorkstations:   `SELECT doc, revision FROM workstations ORDER BY id`,
		invitationByID:    `SELECT doc, revision FROM invitations WHERE id = $1`,
		allInvitations:    `SELECT doc, revision FROM invitations ORDER BY made, id`,

		allPartners: `SELECT c.value, COALESCE(p.protocol, ''), COALESCE(p.id, ''), p.document, p.metadata,
			COALESCE(p.revision, 0), COALESCE(p.updated, 0) FROM counters c
			LEFT JOIN partners p ON 1 = 1 WHERE c.name = 'registry' ORDER BY p.protocol, p.id`,

		saveTrace: `INSERT INTO traces (ref, at, place, step, fields, expires) VALUES ($1, $2, $3, $4, $5, $6)`,
		tracesOf:  `SELECT ref, at, step, fields, expires FROM traces WHERE ref = $1 ORDER BY at, place`,

		deadArtifacts:     `SELECT kind, key FROM artifacts WHERE expires <= $1 OR ` + orphan + ` LIMIT $2`,
		purgeArtifact:     `DELETE FROM artifacts WHERE kind = $1 AND key = $2 AND (expires <= $3 OR ` + orphan + `)`,
		purgeParticipants: `DELETE FROM participants WHERE session IN ` + deadSessions,
		deadNames:         `SELECT DISTINCT session FROM participant_names WHERE ` + ownerless + ` LIMIT $1`,
		purgeNames:        `DELETE FROM participant_names WHERE session = $1 AND ` + ownerless,
		purgeSessions:     `DELETE FROM sessions WHERE id IN ` + deadSessions,
		purgeDeliveries: `DELETE FROM deliveries WHERE id IN
			(SELECT id FROM deliveries WHERE updated < $1 ORDER BY updated LIMIT $2)`,
		purgeTraces: `DELETE FROM traces WHERE (ref, at, place) IN
			(SELECT ref, at, place FROM traces WHERE expires <= $1 ORDER BY expires LIMIT $2)`,
	}
}
