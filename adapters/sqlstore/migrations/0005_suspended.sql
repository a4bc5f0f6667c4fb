-- Sessions that wait for their subject: those that waited too long are found by it.
CREATE INDEX sessions_suspended ON sessions (suspended) WHERE ended = 0 AND suspended <> 0;

INSERT INTO schema_version (version, least) VALUES (5, 1);
