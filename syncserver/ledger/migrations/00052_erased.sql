-- +goose Up

-- People who were erased and have not come back; seq is the journal place.
CREATE TABLE erased (
	member TEXT PRIMARY KEY, seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
