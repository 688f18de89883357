-- +goose Up

-- The first journal Seq of each day of journal time; day counts from 1970-01-01 UTC.
CREATE TABLE clock (day INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;

CREATE INDEX feed_gone ON feed (seq) WHERE gone = 1;
