-- Invitations by which clients register themselves. Few, and never looked for but by their ids.
CREATE TABLE invitations (
	id       TEXT   PRIMARY KEY,
	doc      BYTEA  NOT NULL,
	made     BIGINT NOT NULL,
	revision BIGINT NOT NULL
);

INSERT INTO schema_version (version, least) VALUES (3, 1);
