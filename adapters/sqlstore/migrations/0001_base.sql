-- One text for SQLite and PostgreSQL. Times are nanoseconds since 1970 UTC, 0 for none; flags are 0 or 1;
-- "doc" columns hold JSON. BYTEA means nothing to SQLite, which keeps a blob as it is.
-- "least" is the oldest program version, counted in schema versions, that still works on this schema.
CREATE TABLE schema_version (
	version BIGINT PRIMARY KEY,
	least   BIGINT NOT NULL
);

CREATE TABLE counters (
	name  TEXT PRIMARY KEY,
	value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('audit', 0), ('indexed', 0), ('registry', 0);

CREATE TABLE artifacts (
	kind    TEXT   NOT NULL,
	key     BYTEA  NOT NULL,
	grp     BYTEA  NOT NULL,
	session TEXT   NOT NULL,
	payload BYTEA,
	expires BIGINT NOT NULL,
	spent   BIGINT NOT NULL,
	PRIMARY KEY (kind, key)
);
CREATE INDEX artifacts_grp ON artifacts (grp) WHERE length(grp) > 0;

CREATE TABLE sessions (
	id        TEXT   PRIMARY KEY,
	key       TEXT   NOT NULL,
	uid       TEXT   NOT NULL,
	method    TEXT   NOT NULL,
	assurance BIGINT NOT NULL,
	authn_at  BIGINT NOT NULL,
	started   BIGINT NOT NULL,
	seen      BIGINT NOT NULL,
	role_id   TEXT   NOT NULL,
	ended     BIGINT NOT NULL
);
CREATE INDEX sessions_key ON sessions (key);
CREATE INDEX sessions_started ON sessions (started);

CREATE TABLE participants (
	session  TEXT   NOT NULL,
	protocol TEXT   NOT NULL,
	partner  TEXT   NOT NULL,
	idx      TEXT   NOT NULL,
	subject  TEXT   NOT NULL,
	format   TEXT   NOT NULL,
	since    BIGINT NOT NULL,
	PRIMARY KEY (session, protocol, partner)
);
CREATE INDEX participants_idx ON participants (idx);

CREATE TABLE deliveries (
	id      TEXT   PRIMARY KEY,
	logout  TEXT   NOT NULL,
	doc     BYTEA  NOT NULL,
	due     BIGINT NOT NULL,
	updated BIGINT NOT NULL
);
CREATE INDEX deliveries_logout ON deliveries (logout);
CREATE INDEX deliveries_due ON deliveries (due) WHERE due <> 0;
CREATE INDEX deliveries_updated ON deliveries (updated);

CREATE TABLE persons (
	uid TEXT  PRIMARY KEY,
	doc BYTEA NOT NULL
);

CREATE TABLE authenticators (
	id     TEXT   PRIMARY KEY,
	uid    TEXT   NOT NULL,
	kind   TEXT   NOT NULL,
	handle TEXT   NOT NULL,
	added  BIGINT NOT NULL,
	doc    BYTEA  NOT NULL,
	UNIQUE (kind, handle)
);
CREATE INDEX authenticators_uid ON authenticators (uid);

CREATE TABLE partners (
	protocol TEXT   NOT NULL,
	id       TEXT   NOT NULL,
	document BYTEA  NOT NULL,
	metadata BYTEA,
	revision BIGINT NOT NULL,
	updated  BIGINT NOT NULL,
	PRIMARY KEY (protocol, id)
);

-- The record of every access. canonical is what proofs are computed over; the other columns only find it.
CREATE TABLE audit (
	seq       @SEQUENCE PRIMARY KEY,
	at        BIGINT NOT NULL,
	kind      TEXT   NOT NULL,
	subject   TEXT   NOT NULL,
	partner   TEXT   NOT NULL,
	ref       TEXT   NOT NULL,
	canonical BYTEA  NOT NULL
);

-- What queries of the record look into. It is filled from audit many rows at a time, up to the counter
-- 'indexed', because five indexes kept up to date by every sign-on cost more than the sign-on.
CREATE TABLE audit_index (
	seq     @SEQUENCE PRIMARY KEY,
	at      BIGINT NOT NULL,
	kind    TEXT   NOT NULL,
	subject TEXT   NOT NULL,
	partner TEXT   NOT NULL,
	ref     TEXT   NOT NULL
);
CREATE INDEX audit_at ON audit_index (at);
CREATE INDEX audit_kind ON audit_index (kind, seq);
CREATE INDEX audit_subject ON audit_index (subject, seq) WHERE subject <> '';
CREATE INDEX audit_partner ON audit_index (partner, seq) WHERE partner <> '';
CREATE INDEX audit_ref ON audit_index (ref, seq) WHERE ref <> '';

CREATE TABLE traces (
	ref     TEXT   NOT NULL,
	at      BIGINT NOT NULL,
	place   BIGINT NOT NULL,
	step    TEXT   NOT NULL,
	fields  BYTEA  NOT NULL,
	expires BIGINT NOT NULL
);
CREATE INDEX traces_ref ON traces (ref, at);
CREATE INDEX traces_expires ON traces (expires);

INSERT INTO schema_version (version, least) VALUES (1, 1);
