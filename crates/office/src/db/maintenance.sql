-- Updates offered to kiosks, technicians, and what kiosks tell of themselves.

-- NULL: no group
ALTER TABLE kiosk ADD COLUMN kiosk_group TEXT;
-- When the desk looks again at what is offered to this kiosk; NULL: now
ALTER TABLE kiosk ADD COLUMN offer_due_at INTEGER;
CREATE INDEX kiosk_offer_due ON kiosk (offer_due_at) WHERE state = 'confirmed';

CREATE TABLE software_update (
    -- the later one is the newer, whatever its version says
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version TEXT NOT NULL,
    -- of the bundle, and its file's name
    sha256 TEXT NOT NULL,
    length INTEGER NOT NULL,
    -- NULL: all kiosks
    kiosk_group TEXT,
    percent INTEGER NOT NULL,
    daily_window TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT;

CREATE TABLE update_offer (
    -- never used twice: a kiosk takes no lower one than it has seen
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kiosk TEXT NOT NULL REFERENCES kiosk (id),
    software_update INTEGER NOT NULL REFERENCES software_update (id),
    -- Signed<UpdateOffer>, JSON, by the desk; NULL: offered no more
    statement TEXT,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX update_offer_kiosk ON update_offer (kiosk, number);
CREATE INDEX update_offer_update ON update_offer (software_update) WHERE statement IS NOT NULL;

CREATE TABLE kiosk_report (
    kiosk TEXT NOT NULL REFERENCES kiosk (id),
    -- readiness, work_order, update_result
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    -- of the signed statement
    digest TEXT NOT NULL,
    -- Signed<..>, JSON, by the kiosk
    statement TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- of an update's result, where the offer was one to this kiosk
    software_update INTEGER REFERENCES software_update (id),
    -- ended (installed or rolled back): not offered again
    settled INTEGER NOT NULL,
    PRIMARY KEY (kiosk, kind, number)
) STRICT;
CREATE INDEX kiosk_report_settled ON kiosk_report (kiosk, software_update) WHERE settled = 1;

CREATE TABLE technician (
    -- hexadecimal
    serial TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    certificate_pem TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE technician_list (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Signed<RevokedTechnicians>, JSON, by the desk
    statement TEXT NOT NULL,
    issued_at INTEGER NOT NULL
) STRICT;
