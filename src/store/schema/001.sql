-- Version 1. Times are seconds UTC, 0 where there is none. Ids that the world may have seen are never used again.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY, -- 'store': names this database in feed positions; 'pepper': wrapped
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('store', randomblob(16));

CREATE TABLE environment (
    environment_id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (environment_id BETWEEN 1 AND 65535),
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE application (
    application_id INTEGER PRIMARY KEY AUTOINCREMENT,
    environment_id INTEGER NOT NULL REFERENCES environment,
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    auth_method INTEGER NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created_at_s INTEGER NOT NULL,
    UNIQUE (client_id, environment_id) -- in this order it also finds a client_id in any environment
) STRICT;

-- Clustered by application, so that applications are read with their secrets in one pass and no second index is
-- needed. The world's secret_id holds both columns: application_id * 65536 + number.
CREATE TABLE secret (
    application_id INTEGER NOT NULL REFERENCES application ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 65535),
    digest BLOB CHECK (length(digest) = 32),
    slow_hash TEXT,
    hint TEXT NOT NULL,
    created_at_s INTEGER NOT NULL,
    expires_at_s INTEGER NOT NULL,
    revoked_at_s INTEGER NOT NULL DEFAULT 0,
    last_used_at_s INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (application_id, number),
    CHECK ((digest IS NULL) <> (slow_hash IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE customer (
    environment_id INTEGER NOT NULL REFERENCES environment,
    customer_id TEXT NOT NULL,
    application_id INTEGER NOT NULL REFERENCES application ON DELETE CASCADE,
    app_user_id TEXT NOT NULL,
    created_at_s INTEGER NOT NULL,
    PRIMARY KEY (environment_id, customer_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX customer_of_application ON customer (application_id, customer_id);

CREATE TABLE signing_key (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    environment_id INTEGER NOT NULL REFERENCES environment,
    algorithm TEXT NOT NULL,
    kid TEXT NOT NULL,
    published_at_s INTEGER NOT NULL,
    activates_at_s INTEGER NOT NULL,
    retires_at_s INTEGER NOT NULL,
    removed_at_s INTEGER NOT NULL,
    public_jwk TEXT NOT NULL,
    wrapped_private BLOB NOT NULL,
    UNIQUE (environment_id, kid)
) STRICT;

-- The change feed. It names what changed; the reader looks up what is there now. A bulk import is one row with the
-- range of its application_ids.
CREATE TABLE change (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    tag INTEGER NOT NULL, -- random: tells this change from the one with the same number in a restored copy
    kind INTEGER NOT NULL,
    environment_id INTEGER,
    key TEXT,
    first_id INTEGER,
    last_id INTEGER
) STRICT;
