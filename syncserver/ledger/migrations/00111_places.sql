-- +goose Up
-- closure is JSON of station.Closure, empty for none.
ALTER TABLE station ADD COLUMN landmark TEXT NOT NULL DEFAULT '';
ALTER TABLE station ADD COLUMN photo TEXT NOT NULL DEFAULT '';
ALTER TABLE station ADD COLUMN closure TEXT NOT NULL DEFAULT '';

-- days is JSON of []schedule.Day, empty while the notice for the year is not out.
CREATE TABLE calendar (
	year INTEGER PRIMARY KEY, days TEXT NOT NULL, seq INTEGER NOT NULL
) STRICT;

-- Rows of stations say more now: a file from before is projected again.
DELETE FROM clock;
