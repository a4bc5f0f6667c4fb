-- Computers whose agents the hub believes. Few, read by their ids or all together.
CREATE TABLE workstations (
	id       TEXT   PRIMARY KEY,
	doc      BYTEA  NOT NULL,
	revision BIGINT NOT NULL
);

-- Where a session is, since when it waits for its subject, how the credential stood, and until when it is emergency access.
ALTER TABLE sessions ADD COLUMN workstation TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN suspended BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN standing TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN emergency BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sessions_beside ON sessions (workstation) WHERE ended = 0 AND workstation <> '';

INSERT INTO schema_version (version, least) VALUES (4, 1);
