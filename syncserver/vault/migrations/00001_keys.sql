-- +goose Up
CREATE TABLE secret (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- One key for each person and purpose; an erased person keeps a row without a
-- key, so that an old backup of the journal is not opened again by a new key.
CREATE TABLE person_key (
    member  TEXT NOT NULL,
    purpose TEXT NOT NULL,
    key     BLOB,
    PRIMARY KEY (member, purpose)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE person_key;
DROP TABLE secret;
