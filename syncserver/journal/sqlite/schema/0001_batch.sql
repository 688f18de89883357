-- "YZJ1": tells a journal from any other SQLite file.
PRAGMA application_id = 0x595a4a31;

-- The body stands last so that the start of a row, which is all that the head
-- and the chain need, lies in the leaf page and not behind overflow pages.
CREATE TABLE batch (
    number INTEGER PRIMARY KEY,
    first  INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    hash   BLOB NOT NULL,
    body   BLOB NOT NULL
) STRICT;
