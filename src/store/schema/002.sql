-- Version 2: operators and their sessions, the audit log, usage counts. Applications get a version of their own.

ALTER TABLE application ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE application ADD COLUMN updated_at_s INTEGER NOT NULL DEFAULT 0;
UPDATE application SET updated_at_s = created_at_s;

-- In order of application_id within an environment: what a list of one environment walks along.
CREATE INDEX application_of_environment ON application (environment_id);

CREATE TABLE operator (
    operator_id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL COLLATE NOCASE UNIQUE,
    name TEXT NOT NULL,
    role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),
    all_environments INTEGER NOT NULL CHECK (all_environments IN (0, 1)),
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    must_change_password INTEGER NOT NULL CHECK (must_change_password IN (0, 1)),
    password_hash TEXT NOT NULL,
    totp_enabled INTEGER NOT NULL DEFAULT 0 CHECK (totp_enabled IN (0, 1)),
    totp_wrapped BLOB,
    totp_last_step INTEGER NOT NULL DEFAULT 0,
    created_at_s INTEGER NOT NULL,
    last_login_at_s INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

-- By name, so that an environment that is configured later counts too.
CREATE TABLE operator_environment (
    operator_id INTEGER NOT NULL REFERENCES operator ON DELETE CASCADE,
    name TEXT NOT NULL,
    PRIMARY KEY (operator_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_code (
    operator_id INTEGER NOT NULL REFERENCES operator ON DELETE CASCADE,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (operator_id, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE operator_session (
    session_id INTEGER PRIMARY KEY AUTOINCREMENT,
    operator_id INTEGER NOT NULL REFERENCES operator ON DELETE CASCADE,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),
    failures INTEGER NOT NULL DEFAULT 0,
    created_at_s INTEGER NOT NULL,
    last_seen_at_s INTEGER NOT NULL,
    expires_at_s INTEGER NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
) STRICT;

CREATE INDEX session_of_operator ON operator_session (operator_id);

CREATE TABLE idempotent (
    key_digest BLOB NOT NULL UNIQUE CHECK (length(key_digest) = 32),
    request_digest BLOB NOT NULL CHECK (length(request_digest) = 32),
    at_s INTEGER NOT NULL,
    answer BLOB NOT NULL
) STRICT;

CREATE INDEX idempotent_by_time ON idempotent (at_s);

-- The hash covers every other column. Nothing here is ever updated or deleted by us.
CREATE TABLE audit_event (
    sequence INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    address TEXT NOT NULL,
    request_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id TEXT NOT NULL,
    target_name TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous_hash BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- Each ends with the sequence, so a filtered list is read backwards along one of them. The area of "key.rotate" is "key.".
CREATE INDEX audit_by_time ON audit_event (at_ms);
CREATE INDEX audit_by_environment ON audit_event (environment);
CREATE INDEX audit_by_actor ON audit_event (actor_id);
CREATE INDEX audit_by_action ON audit_event (action);
CREATE INDEX audit_by_area ON audit_event (substr(action, 1, instr(action, '.')));
CREATE INDEX audit_by_outcome ON audit_event (outcome);
CREATE INDEX audit_by_target ON audit_event (target_id);

CREATE TABLE audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    mac BLOB NOT NULL
) STRICT;

-- Usage. Each count is there three times, by minute (step 0), hour (1) and day (2), added to in one transaction. at_s is where the
-- step begins. Time comes first in the keys: new counts go to the end of the table, old ones leave from its front.
CREATE TABLE usage_total (
    step INTEGER NOT NULL,
    at_s INTEGER NOT NULL,
    environment_id INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (step, at_s, environment_id, outcome)
) STRICT, WITHOUT ROWID;

-- 0 stands for clients that are not known. An application that is gone keeps its numbers, so no reference.
CREATE TABLE usage_application (
    step INTEGER NOT NULL,
    at_s INTEGER NOT NULL,
    environment_id INTEGER NOT NULL,
    application_id INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (step, at_s, environment_id, application_id, outcome)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_latency (
    step INTEGER NOT NULL,
    at_s INTEGER NOT NULL,
    environment_id INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (step, at_s, environment_id, bucket)
) STRICT, WITHOUT ROWID;
