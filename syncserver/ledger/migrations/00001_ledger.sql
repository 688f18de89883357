-- +goose Up

-- The newest journal Seq that all other tables contain; written in the same transaction as they are.
CREATE TABLE applied (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	seq INTEGER NOT NULL
) STRICT;
INSERT INTO applied VALUES (1, 0);

CREATE TABLE org (
	id TEXT PRIMARY KEY, name TEXT NOT NULL, parent TEXT NOT NULL, kind TEXT NOT NULL, digest BLOB, seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Names, phones and numbers are only inside sealed.
CREATE TABLE person (
	id TEXT PRIMARY KEY, org TEXT NOT NULL, sex TEXT NOT NULL, birth TEXT NOT NULL, tags TEXT NOT NULL, children INTEGER NOT NULL,
	lives_in TEXT NOT NULL, barred INTEGER NOT NULL, digest BLOB, sealed BLOB, seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX person_org ON person (org);

-- number counts stations in the order in which they first appeared.
CREATE TABLE station (
	id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, name TEXT NOT NULL, lat REAL NOT NULL, lon REAL NOT NULL, datum TEXT NOT NULL,
	kind TEXT NOT NULL, address TEXT NOT NULL, hours TEXT NOT NULL, phone TEXT NOT NULL, facilities TEXT NOT NULL, status TEXT NOT NULL,
	checked TEXT NOT NULL, digest BLOB, authority TEXT NOT NULL, seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE activity (
	id TEXT PRIMARY KEY, number INTEGER NOT NULL, revision INTEGER NOT NULL, spec BLOB NOT NULL, seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- rest is the part of total that is set aside for nobody; held counts the seats of it that are not free.
CREATE TABLE pool (
	activity TEXT NOT NULL, id TEXT NOT NULL, total INTEGER NOT NULL, rest INTEGER NOT NULL, held INTEGER NOT NULL, shut INTEGER NOT NULL,
	PRIMARY KEY (activity, id)
) STRICT, WITHOUT ROWID;

-- offered and used are journal places.
CREATE TABLE enrolment (
	code_hash BLOB PRIMARY KEY, device TEXT NOT NULL, role TEXT NOT NULL, station TEXT NOT NULL, member TEXT NOT NULL, org TEXT NOT NULL,
	expires INTEGER NOT NULL, offered INTEGER NOT NULL, used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- enrolled and gone are journal places; gone is 0 while the device may work.
CREATE TABLE device (
	id TEXT PRIMARY KEY, role TEXT NOT NULL, station TEXT NOT NULL, member TEXT NOT NULL, org TEXT NOT NULL, public_key BLOB,
	enrolled INTEGER NOT NULL, gone INTEGER NOT NULL, reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A claim that was not refused. state is op.ClaimState; taken is CBOR of []op.Taken; granted_at is 0 until a seat was granted.
CREATE TABLE claim (
	ticket INTEGER PRIMARY KEY, member TEXT NOT NULL, org TEXT NOT NULL, activity TEXT NOT NULL, pool TEXT NOT NULL, station TEXT NOT NULL,
	seats INTEGER NOT NULL, state INTEGER NOT NULL, taken BLOB NOT NULL, place INTEGER NOT NULL, epoch INTEGER NOT NULL, inside INTEGER NOT NULL,
	came INTEGER NOT NULL, at INTEGER NOT NULL, granted_at INTEGER NOT NULL, channel INTEGER NOT NULL, entered_by TEXT NOT NULL,
	device TEXT NOT NULL, seq INTEGER NOT NULL
) STRICT;
CREATE INDEX claim_activity ON claim (activity);

CREATE TABLE refusal (
	activity TEXT NOT NULL, code INTEGER NOT NULL, claims INTEGER NOT NULL, seats INTEGER NOT NULL, PRIMARY KEY (activity, code)
) STRICT, WITHOUT ROWID;

-- What each op was answered; body is CBOR of op.Result.
CREATE TABLE result (
	device TEXT NOT NULL, dev_seq INTEGER NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (device, dev_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE redemption (
	seq INTEGER PRIMARY KEY, ticket INTEGER NOT NULL, station TEXT NOT NULL, device TEXT NOT NULL, device_at INTEGER NOT NULL,
	override INTEGER NOT NULL, reason TEXT NOT NULL, entered_by TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;

CREATE TABLE check_in (
	seq INTEGER PRIMARY KEY, ticket INTEGER NOT NULL, out INTEGER NOT NULL, device TEXT NOT NULL, device_at INTEGER NOT NULL, at INTEGER NOT NULL
) STRICT;

-- Scans that handed nothing over.
CREATE TABLE scan (
	seq INTEGER PRIMARY KEY, verdict INTEGER NOT NULL, ticket INTEGER NOT NULL, activity TEXT NOT NULL, station TEXT NOT NULL,
	device TEXT NOT NULL, device_at INTEGER NOT NULL, word TEXT NOT NULL, entered_by TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;

CREATE TABLE task (
	seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, org TEXT NOT NULL, activity TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;

CREATE TABLE incident (
	seq INTEGER PRIMARY KEY, word TEXT NOT NULL, ticket INTEGER NOT NULL, device TEXT NOT NULL, verdict INTEGER NOT NULL, at INTEGER NOT NULL
) STRICT;

CREATE TABLE draw (
	seq INTEGER PRIMARY KEY, activity TEXT NOT NULL, seed TEXT NOT NULL, digest TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;

-- Rows that devices hold, each in its newest version. A member's messages are only here.
CREATE TABLE feed (
	scope TEXT NOT NULL, tbl TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, gone INTEGER NOT NULL, body BLOB NOT NULL,
	PRIMARY KEY (scope, tbl, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX feed_scope_seq ON feed (scope, seq);
