-- +goose Up

-- What devices may grant by themselves. body is CBOR of op.Lease as it stands; rest are the serials that were not reported, void those
-- that are void, both CBOR of []op.Taken. unreported counts rest; fate is quota.Fate of it; doubt is 1 when the holder is gone.
-- audience is the organisation whose members a shared lease may serve, and all below it; empty is everybody.
CREATE TABLE lease (
	id INTEGER PRIMARY KEY, device TEXT NOT NULL, activity TEXT NOT NULL, pool TEXT NOT NULL, unreported INTEGER NOT NULL, fate INTEGER NOT NULL,
	over TEXT NOT NULL, doubt INTEGER NOT NULL, audience TEXT NOT NULL, body BLOB NOT NULL, rest BLOB NOT NULL, void BLOB NOT NULL, seq INTEGER NOT NULL
) STRICT;
CREATE INDEX lease_activity ON lease (activity);

-- What happened at counters and doors to tickets whose grant was not reported yet.
CREATE TABLE early (
	ticket INTEGER PRIMARY KEY, redeemed INTEGER NOT NULL, came INTEGER NOT NULL, inside INTEGER NOT NULL
) STRICT;

-- Granted by a device over a limit that it could not see.
ALTER TABLE claim ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN member TEXT NOT NULL DEFAULT '';
