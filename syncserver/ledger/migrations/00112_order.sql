-- +goose Up
-- The epoch that the newest entry is of, and for each claim the place among all entries that ever
-- were (op.Order) of its last hand-over or undoing, and of its last check-in; 0 for none.
ALTER TABLE applied ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE claim ADD COLUMN handed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE claim ADD COLUMN passed INTEGER NOT NULL DEFAULT 0;

-- A file from before does not know them: it is projected again.
DELETE FROM clock;
