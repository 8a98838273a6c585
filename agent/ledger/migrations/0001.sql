-- What this kiosk did. Times are Unix milliseconds, UTC. Identifiers are 16 bytes.

-- One row for each life of the event numbering. Exactly one is current.
CREATE TABLE chain (
	epoch     BLOB PRIMARY KEY,
	current   INTEGER NOT NULL,           -- 1 for the epoch that grows
	base      INTEGER NOT NULL,           -- events up to here have been pruned
	base_hash BLOB NOT NULL,              -- chain hash at base
	head      INTEGER NOT NULL,           -- newest event
	head_hash BLOB NOT NULL,
	acked     INTEGER NOT NULL,           -- central has stored every event up to here
	sum       BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX chain_current ON chain (current) WHERE current = 1;

-- Events never change. Acknowledgements and outcomes lie elsewhere.
CREATE TABLE event (
	epoch BLOB NOT NULL REFERENCES chain (epoch),
	n     INTEGER NOT NULL,
	tx    BLOB NOT NULL,
	type  TEXT NOT NULL,
	at    INTEGER NOT NULL,
	body  BLOB NOT NULL,                  -- the bytes that the chain covers and that central gets
	hash  BLOB NOT NULL,                  -- chain hash at n
	PRIMARY KEY (epoch, n)
) STRICT;
CREATE INDEX event_tx ON event (tx);
CREATE TRIGGER event_never_changes BEFORE UPDATE ON event
BEGIN SELECT raise(ABORT, 'an event never changes'); END;

-- The last thing this kiosk did to an item: one loan per item.
CREATE TABLE loan (
	item     TEXT PRIMARY KEY,
	tx       BLOB NOT NULL,               -- of the issue or renewal, or of the return that closed it
	open     INTEGER NOT NULL,
	who      BLOB,                        -- circ.CardKey until central has folded the event, then NULL
	class    TEXT NOT NULL,
	due      INTEGER NOT NULL,
	renewals INTEGER NOT NULL,
	epoch    BLOB NOT NULL,
	n        INTEGER NOT NULL,            -- the event that says so
	sum      BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX loan_who ON loan (who) WHERE who IS NOT NULL;

-- A transaction whose tags do not all say so yet: a return's intent, or an
-- issue that is recorded and not yet verified.
CREATE TABLE act (
	tx    BLOB PRIMARY KEY,
	kind  TEXT NOT NULL,
	item  TEXT NOT NULL UNIQUE,
	visit BLOB NOT NULL,                  -- the visit that may drain its quiet wishes
	who   BLOB NOT NULL,                  -- circ.CardKey, zero for none
	boots INTEGER NOT NULL,               -- count of boots when it was made
	wall  INTEGER NOT NULL,
	mono  INTEGER NOT NULL,
	body  BLOB NOT NULL,                  -- JSON of the Go type draft
	sum   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What one tag must become: one wish per tag.
CREATE TABLE wish (
	uid  BLOB PRIMARY KEY,
	tx   BLOB NOT NULL REFERENCES act (tx),
	want TEXT NOT NULL,
	item TEXT NOT NULL,
	part INTEGER NOT NULL,
	of   INTEGER NOT NULL,
	sum  BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX wish_tx ON wish (tx);

-- Tags of issues that were reported as tag.unverified. Nothing is wanted of
-- them any more; but if one is seen quiet while its loan stands, staff hear so.
CREATE TABLE doubt (
	uid  BLOB PRIMARY KEY,
	tx   BLOB NOT NULL,
	want TEXT NOT NULL,
	item TEXT NOT NULL,
	part INTEGER NOT NULL,
	of   INTEGER NOT NULL,
	sum  BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX doubt_item ON doubt (item);

-- Single numbers: boots, and serial, which every transaction raises by one so
-- that a doubtful commit can be looked up.
CREATE TABLE mark (
	name  TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO mark VALUES ('boots', 0), ('serial', 0);
