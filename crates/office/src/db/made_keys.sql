-- Keys that are made only at collection. Of an application that waits for its key the
-- column csr_sha256 holds the id, which no digest equals, until the desk has taken one.

-- Signed<ApprovedSubject>, JSON, by the desk: what the request has to say
ALTER TABLE submission ADD COLUMN approved_subject TEXT;
CREATE INDEX submission_key ON submission (subject_key_identifier);
-- What a kiosk signs when it has the key made; stays as long as the visit.
ALTER TABLE visit ADD COLUMN key_nonce TEXT;
ALTER TABLE visit ADD COLUMN key_nonce_expires_at INTEGER;

CREATE TABLE made_key (
    id INTEGER PRIMARY KEY,
    submission TEXT NOT NULL REFERENCES submission (id),
    kiosk TEXT NOT NULL,
    nonce TEXT NOT NULL UNIQUE,
    csr_sha256 TEXT NOT NULL,
    subject_key_identifier TEXT NOT NULL,
    -- Signed<KeyMade>, JSON, by the kiosk
    statement TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- asked (the desk has not looked), ordered, refused
    state TEXT NOT NULL
) STRICT;
-- One key an application, until the desk refuses it.
CREATE UNIQUE INDEX made_key_live ON made_key (submission) WHERE state <> 'refused';
CREATE INDEX made_key_asked ON made_key (id) WHERE state = 'asked';
