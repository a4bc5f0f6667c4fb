-- Openings of emergency access. Few; those that wait for a review, and those whose alert is due, are looked for.
CREATE TABLE emergencies (
	id       TEXT   PRIMARY KEY,
	doc      BYTEA  NOT NULL,
	opened   BIGINT NOT NULL,
	reviewed BIGINT NOT NULL DEFAULT 0,
	alert    BIGINT NOT NULL DEFAULT 0,
	attempts BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX emergencies_waiting ON emergencies (opened) WHERE reviewed = 0;
CREATE INDEX emergencies_alert ON emergencies (alert) WHERE alert <> 0;

INSERT INTO schema_version (version, least) VALUES (6, 1);
