-- Version 3: what applications register (keys, certificates, bound tokens), certificate authorities, revocations.

-- One JSON object with the members of RFC 7591 and its relatives; '' where nothing was registered.
ALTER TABLE application ADD COLUMN registration TEXT NOT NULL DEFAULT '';

-- The secret itself, wrapped under the master key, for applications that authenticate by client_secret_jwt.
ALTER TABLE secret ADD COLUMN wrapped BLOB;

-- Client certificates: those that our own authority issued, and those of others that were registered.
CREATE TABLE certificate (
    certificate_id INTEGER PRIMARY KEY AUTOINCREMENT,
    application_id INTEGER NOT NULL REFERENCES application ON DELETE CASCADE,
    environment_id INTEGER NOT NULL REFERENCES environment,
    issued INTEGER NOT NULL CHECK (issued IN (0, 1)), -- by our own authority
    thumbprint BLOB NOT NULL CHECK (length(thumbprint) = 32),
    serial TEXT NOT NULL, -- hexadecimal
    subject TEXT NOT NULL, -- RFC 4514
    not_before_s INTEGER NOT NULL,
    not_after_s INTEGER NOT NULL,
    created_at_s INTEGER NOT NULL,
    revoked_at_s INTEGER NOT NULL DEFAULT 0,
    last_used_at_s INTEGER NOT NULL DEFAULT 0,
    der BLOB NOT NULL,
    UNIQUE (application_id, thumbprint)
) STRICT;

CREATE INDEX certificate_by_expiry ON certificate (not_after_s) WHERE revoked_at_s = 0;

-- What our own authority has revoked, for its CRL; it outlives the application that the certificate was issued to.
CREATE TABLE revoked_certificate (
    environment_id INTEGER NOT NULL REFERENCES environment,
    serial TEXT NOT NULL,
    revoked_at_s INTEGER NOT NULL,
    not_after_s INTEGER NOT NULL,
    PRIMARY KEY (environment_id, serial)
) STRICT, WITHOUT ROWID;

-- The certificate authority of an environment.
CREATE TABLE authority (
    environment_id INTEGER PRIMARY KEY REFERENCES environment,
    certificate BLOB NOT NULL,
    wrapped_private BLOB NOT NULL,
    created_at_s INTEGER NOT NULL,
    crl_number INTEGER NOT NULL DEFAULT 0,
    crl BLOB,
    crl_next_update_s INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Revoked tokens, and moments before which everything of a credential or an application is revoked.
CREATE TABLE revocation (
    revocation_id INTEGER PRIMARY KEY AUTOINCREMENT,
    environment_id INTEGER NOT NULL REFERENCES environment,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
    application_id INTEGER NOT NULL,
    credential_tag INTEGER NOT NULL DEFAULT 0,
    jti TEXT NOT NULL DEFAULT '',
    before_s INTEGER NOT NULL,
    expires_at_s INTEGER NOT NULL,
    list BLOB,
    list_index INTEGER NOT NULL DEFAULT 0,
    UNIQUE (environment_id, kind, application_id, credential_tag, jti)
) STRICT;

CREATE INDEX revocation_by_expiry ON revocation (expires_at_s);
-- In the order in which those of an application are listed.
CREATE INDEX revocation_of_application ON revocation (application_id, revocation_id);
