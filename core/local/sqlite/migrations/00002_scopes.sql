-- +goose Up

-- Rows in view. Two scopes may have the same row; scope is empty for the device's
-- own rows (seq 0) and for those of a server that names no scopes.
CREATE TABLE scoped (
  tbl   TEXT    NOT NULL CHECK (tbl <> ''),
  id    TEXT    NOT NULL CHECK (id <> ''),
  scope TEXT    NOT NULL,
  seq   INTEGER NOT NULL CHECK (seq >= 0),
  body  BLOB    NOT NULL,
  PRIMARY KEY (tbl, id, scope)
) WITHOUT ROWID;
INSERT INTO scoped SELECT tbl, id, '', seq, body FROM rows;
DROP TABLE rows;
ALTER TABLE scoped RENAME TO rows;

-- Rows that wait for a checkpoint to bring their scope into view; gone ones remove another.
CREATE TABLE staged (
  scope TEXT    NOT NULL,
  tbl   TEXT    NOT NULL CHECK (tbl <> ''),
  id    TEXT    NOT NULL CHECK (id <> ''),
  seq   INTEGER NOT NULL,
  gone  INTEGER NOT NULL,
  body  BLOB    NOT NULL,
  PRIMARY KEY (scope, tbl, id)
) WITHOUT ROWID;

-- fresh: what comes into view next replaces what is in view.
CREATE TABLE scopes (
  name  TEXT    NOT NULL PRIMARY KEY,
  held  INTEGER NOT NULL,
  fresh INTEGER NOT NULL
) WITHOUT ROWID;

PRAGMA user_version = 2;

-- +goose Down
CREATE TABLE plain (
  tbl  TEXT    NOT NULL CHECK (tbl <> ''),
  id   TEXT    NOT NULL CHECK (id <> ''),
  seq  INTEGER NOT NULL CHECK (seq >= 0),
  body BLOB    NOT NULL,
  PRIMARY KEY (tbl, id)
) WITHOUT ROWID;
INSERT OR REPLACE INTO plain SELECT tbl, id, seq, body FROM rows ORDER BY seq, scope;
DROP TABLE rows;
ALTER TABLE plain RENAME TO rows;
DROP TABLE staged;
DROP TABLE scopes;
PRAGMA user_version = 1;
