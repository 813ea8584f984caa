CREATE TABLE kiosk (
    id TEXT PRIMARY KEY,
    -- invited, awaiting, confirmed, revoked
    state TEXT NOT NULL,
    token_sha256 TEXT UNIQUE,
    token_expires_at INTEGER NOT NULL,
    tls_csr_pem TEXT,
    manifest_key_pem TEXT,
    tls_certificate_pem TEXT,
    -- of the certificate in DER: how the listener finds the kiosk of a connection
    tls_certificate_sha256 TEXT UNIQUE,
    added_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    revoked_at INTEGER,
    last_seen_at INTEGER,
    heartbeat TEXT,
    heartbeat_at INTEGER
) STRICT;

-- Stand-in for the Mobile Citizens Database and the register of persons.
CREATE TABLE citizen (
    iin TEXT PRIMARY KEY,
    surname TEXT NOT NULL,
    given_name TEXT NOT NULL,
    patronymic TEXT NOT NULL,
    language TEXT,
    phone TEXT
) STRICT;

-- Stand-in for the gateway of 1414.
CREATE TABLE sms (
    id INTEGER PRIMARY KEY,
    phone TEXT NOT NULL,
    text TEXT NOT NULL,
    sent_at INTEGER NOT NULL
) STRICT;

CREATE TABLE phone_code (
    purpose TEXT NOT NULL,
    submission TEXT NOT NULL,
    kiosk TEXT NOT NULL,
    phone TEXT NOT NULL,
    code_mac TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- given when the code was right
    proof TEXT,
    PRIMARY KEY (purpose, submission)
) STRICT;

CREATE TABLE phone_tries (
    phone TEXT PRIMARY KEY,
    wrong INTEGER NOT NULL,
    last_wrong_at INTEGER NOT NULL,
    frozen_until INTEGER
) STRICT;

CREATE TABLE phone_proof (
    proof TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    submission TEXT NOT NULL,
    kiosk TEXT NOT NULL,
    phone TEXT NOT NULL,
    proven_at INTEGER NOT NULL
) STRICT;
CREATE INDEX phone_proof_submission ON phone_proof (submission, purpose);

-- Counted events, for limits: what happened, to whom, when.
CREATE TABLE counted (
    what TEXT NOT NULL,
    who TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX counted_what ON counted (what, who, at);

CREATE TABLE upload (
    -- also the name of the object
    id TEXT PRIMARY KEY,
    kiosk TEXT NOT NULL,
    submission TEXT NOT NULL,
    part TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    length INTEGER NOT NULL,
    -- bytes that survive a power cut
    durable INTEGER NOT NULL,
    -- open, complete, gone
    state TEXT NOT NULL,
    touched_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX upload_live ON upload (kiosk, submission, part, sha256) WHERE state <> 'gone';

CREATE TABLE submission (
    id TEXT PRIMARY KEY,
    kiosk TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    -- Signed<Manifest>, JSON
    manifest TEXT NOT NULL,
    manifest_digest TEXT NOT NULL,
    previous_digest TEXT NOT NULL,
    csr_sha256 TEXT NOT NULL UNIQUE,
    receipt_code_sha256 TEXT NOT NULL UNIQUE,
    -- Signed<DurableReceipt>, JSON
    receipt TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    -- received, open (verified by the desk, undecided), approved, rejected, ask_again
    state TEXT NOT NULL,
    -- Signed<SubmissionResult>, JSON, by the desk
    result TEXT,
    decided_at INTEGER,
    decided_by TEXT,
    -- JSON list of findings; codes only, nothing personal
    findings TEXT,
    -- the number that collection codes go to; known once the desk has looked
    contact_phone TEXT,
    subject_key_identifier TEXT,
    -- Signed<IssueOrder>, JSON, by the desk
    issue_order TEXT
) STRICT;
CREATE INDEX submission_state ON submission (state, received_at);
CREATE INDEX submission_kiosk ON submission (kiosk, sequence);

CREATE TABLE part (
    submission TEXT NOT NULL REFERENCES submission (id),
    name TEXT NOT NULL,
    object TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    length INTEGER NOT NULL,
    PRIMARY KEY (submission, name)
) STRICT;

CREATE TABLE alarm (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    kiosk TEXT,
    submission TEXT
) STRICT;

-- A citizen collecting at a kiosk.
CREATE TABLE visit (
    kiosk TEXT NOT NULL,
    submission TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- when a code of purpose collect was right in this visit
    proven_at INTEGER,
    nonce TEXT UNIQUE,
    nonce_expires_at INTEGER,
    PRIMARY KEY (kiosk, submission)
) STRICT;

-- A nonce signed by the citizen's key, waiting for or answered by the authority.
CREATE TABLE key_proof (
    nonce TEXT PRIMARY KEY,
    submission TEXT NOT NULL,
    kiosk TEXT NOT NULL,
    signature TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- waiting, issued, refused
    state TEXT NOT NULL
) STRICT;
CREATE INDEX key_proof_waiting ON key_proof (at) WHERE state = 'waiting';

CREATE TABLE certificate (
    id INTEGER PRIMARY KEY,
    submission TEXT NOT NULL,
    nonce TEXT NOT NULL UNIQUE,
    serial TEXT,
    der BLOB,
    sha256 TEXT,
    issued_at INTEGER NOT NULL,
    confirm_before INTEGER NOT NULL,
    -- reserved, issued, confirmed, revoking, revoked
    state TEXT NOT NULL,
    revoked_at INTEGER
) STRICT;
-- Never two live certificates for one application.
CREATE UNIQUE INDEX certificate_live ON certificate (submission) WHERE state <> 'revoked';

CREATE TABLE phone_change (
    submission TEXT PRIMARY KEY,
    number_before TEXT,
    number_now TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
