-- Numbers that old keys sign for a renewal. Each belongs to one kiosk and one
-- submission, which is received once: none can be used twice.
CREATE TABLE renewal_nonce (
    nonce TEXT PRIMARY KEY,
    kiosk TEXT NOT NULL,
    submission TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
