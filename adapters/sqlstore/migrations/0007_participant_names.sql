-- Further names of the subject that a participant was told in one session: participants has the first. Few have any.
CREATE TABLE participant_names (
	session  TEXT   NOT NULL,
	protocol TEXT   NOT NULL,
	partner  TEXT   NOT NULL,
	idx      TEXT   NOT NULL,
	subject  TEXT   NOT NULL,
	format   TEXT   NOT NULL,
	since    BIGINT NOT NULL,
	PRIMARY KEY (session, protocol, partner, format, subject)
);
CREATE INDEX participant_names_idx ON participant_names (idx);
CREATE INDEX participant_names_subject ON participant_names (subject);

-- Whom a partner means that gives a name and no session.
CREATE INDEX participants_subject ON participants (subject);

-- Both together. The first of all may be told again after it was dropped, when there are further ones already.
CREATE VIEW told AS
	SELECT session, protocol, partner, idx, subject, format, since FROM participants
	UNION ALL
	SELECT session, protocol, partner, idx, subject, format, since FROM participant_names n WHERE NOT EXISTS (
		SELECT 1 FROM participants p WHERE p.session = n.session AND p.protocol = n.protocol AND p.partner = n.partner
		AND p.format = n.format AND p.subject = n.subject);

INSERT INTO schema_version (version, least) VALUES (7, 1);
