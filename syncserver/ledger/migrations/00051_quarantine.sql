-- +goose Up

-- Ops that were not decided, in their own bytes. number is the op's at its device; accepted is the journal place at
-- which staff had it recorded after all, 0 until then.
CREATE TABLE quarantine (
	seq INTEGER PRIMARY KEY, device TEXT NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL, word TEXT NOT NULL,
	accepted INTEGER NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE INDEX quarantine_device ON quarantine (device);

-- What devices signed when they had erased themselves: CBOR of wire.Wiped.
CREATE TABLE wiped (
	device TEXT PRIMARY KEY, seq INTEGER NOT NULL, receipt BLOB NOT NULL, at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
