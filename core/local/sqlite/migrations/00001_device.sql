-- +goose Up
CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

-- One line: where the device stands.
CREATE TABLE state (
  one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  cursor INTEGER NOT NULL,
  acked  INTEGER NOT NULL,
  last   INTEGER NOT NULL,
  hash   BLOB    NOT NULL
);
INSERT INTO state VALUES (1, 0, 0, 0, zeroblob(16));

CREATE TABLE outbox (
  seq    INTEGER NOT NULL PRIMARY KEY,
  hash   BLOB    NOT NULL,
  bytes  BLOB    NOT NULL,
  at     INTEGER NOT NULL,
  result BLOB
);

CREATE TABLE rows (
  tbl  TEXT    NOT NULL CHECK (tbl <> ''),
  id   TEXT    NOT NULL CHECK (id <> ''),
  seq  INTEGER NOT NULL CHECK (seq >= 0),
  body BLOB    NOT NULL,
  PRIMARY KEY (tbl, id)
) WITHOUT ROWID;

-- Open reads this instead of asking goose: it must equal the number of this file.
PRAGMA user_version = 1;

-- +goose Down
DROP TABLE rows;
DROP TABLE outbox;
DROP TABLE state;
DROP TABLE meta;
PRAGMA user_version = 0;
