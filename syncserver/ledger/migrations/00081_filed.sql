-- +goose Up

-- Where a task or an incident was filed, so that what staff did about it gets there too.
CREATE TABLE filed (
	seq INTEGER NOT NULL, scope TEXT NOT NULL,
	PRIMARY KEY (seq, scope)
) STRICT, WITHOUT ROWID;
INSERT INTO filed SELECT CAST(id AS INTEGER), scope FROM feed WHERE tbl IN ('task', 'incident') AND gone = 0;
