-- What an authority puts off is not asked for before.
ALTER TABLE key_proof ADD COLUMN try_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revocation ADD COLUMN try_at INTEGER NOT NULL DEFAULT 0;
