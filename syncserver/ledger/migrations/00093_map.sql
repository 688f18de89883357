-- +goose Up
-- The map pack that devices carry: one row, or none.
CREATE TABLE map (
	area TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, made TEXT NOT NULL, blob BLOB NOT NULL, bytes INTEGER NOT NULL, seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
