-- What the certificate beside it says, to be found by.
ALTER TABLE certificate ADD COLUMN iin TEXT;
ALTER TABLE certificate ADD COLUMN storage TEXT;
ALTER TABLE certificate ADD COLUMN not_before INTEGER;
ALTER TABLE certificate ADD COLUMN not_after INTEGER;
ALTER TABLE certificate ADD COLUMN revocation_reason TEXT;
-- No serial number twice.
CREATE UNIQUE INDEX certificate_serial ON certificate (serial);
CREATE INDEX certificate_iin ON certificate (iin);
CREATE INDEX certificate_submission ON certificate (submission);
CREATE INDEX certificate_unconfirmed ON certificate (confirm_before)
    WHERE state IN ('issued', 'revoking');
CREATE INDEX certificate_reserved ON certificate (id) WHERE state = 'reserved';
CREATE INDEX certificate_revoked ON certificate (id) WHERE state = 'revoked';

-- Revocation lists; numbers are never used twice, also after rows are gone.
CREATE TABLE revocation_list (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    published_at INTEGER
) STRICT;

-- Who wants which certificate revoked.
CREATE TABLE revocation (
    id INTEGER PRIMARY KEY,
    certificate INTEGER NOT NULL REFERENCES certificate (id),
    at INTEGER NOT NULL,
    -- asked (by the holder; the desk has not looked), held (an operator must look),
    -- ordered (by the desk), done, refused
    state TEXT NOT NULL,
    -- Signed<RevocationWish>, JSON, by a kiosk; its kiosk
    wish TEXT,
    kiosk TEXT,
    -- Signed<RevocationOrder>, JSON, by the desk
    desk_order TEXT
) STRICT;
CREATE INDEX revocation_certificate ON revocation (certificate);
CREATE INDEX revocation_at ON revocation (at);
CREATE INDEX revocation_state ON revocation (state) WHERE state IN ('asked', 'ordered');

-- A person at a kiosk who wants to see or revoke their certificates.
CREATE TABLE holder_visit (
    visit TEXT PRIMARY KEY,
    kiosk TEXT NOT NULL,
    iin TEXT NOT NULL,
    code_mac TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    -- of the code, then of the proven visit
    expires_at INTEGER NOT NULL,
    proven_at INTEGER
) STRICT;
