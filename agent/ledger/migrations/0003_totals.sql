-- What lets a row that has vanished be missed, as a checksum lets one be that
-- has changed.

-- The row's checksum. NULL in rows older than this column: the chain checks them.
ALTER TABLE event ADD COLUMN sum BLOB;

-- What the rows of each table come to: their checksums as 64-bit numbers, added
-- up. The program writes the one row when it has counted what is there.
CREATE TABLE total (
	only   INTEGER PRIMARY KEY CHECK (only = 1),
	boots  INTEGER NOT NULL,              -- how often the ledger has been opened
	serial INTEGER NOT NULL,              -- every transaction raises it by one, so that a doubtful commit can be looked up
	oldest INTEGER NOT NULL,              -- a program that knows this schema may go on with the file, although a newer one wrote it
	chain  INTEGER NOT NULL,
	loan   INTEGER NOT NULL,
	act    INTEGER NOT NULL,
	wish   INTEGER NOT NULL,
	doubt  INTEGER NOT NULL,
	pin    INTEGER NOT NULL,
	sum    BLOB NOT NULL
) STRICT;
