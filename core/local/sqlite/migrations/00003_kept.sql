-- +goose Up
-- Ops that left the outbox. A server that was restored from a backup is told them again.
CREATE TABLE kept (
  seq    INTEGER NOT NULL PRIMARY KEY,
  hash   BLOB    NOT NULL,
  bytes  BLOB    NOT NULL,
  at     INTEGER NOT NULL,
  result BLOB    NOT NULL
);
PRAGMA user_version = 3;

-- +goose Down
DROP TABLE kept;
PRAGMA user_version = 1;
