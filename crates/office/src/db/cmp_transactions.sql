-- Transactions with an authority behind CMP that it has not closed. A row goes when
-- the authority has heard what became of the certificate.
CREATE TABLE cmp_transaction (
    id INTEGER PRIMARY KEY,
    submission TEXT NOT NULL,
    -- of the certificate; none while the authority decides
    serial TEXT UNIQUE,
    -- cmp::Waiting or cmp::Issued, JSON
    state TEXT NOT NULL,
    -- not to be tried before
    try_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX cmp_transaction_waiting ON cmp_transaction (submission) WHERE serial IS NULL;
