-- What a session was signed in with: '' where a program of version 1 made it. The index finds a person's living sessions.
ALTER TABLE sessions ADD COLUMN authenticator TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_living ON sessions (uid) WHERE ended = 0;

INSERT INTO schema_version (version, least) VALUES (2, 1);
