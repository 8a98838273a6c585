-- Central's one database file. Times are integers: milliseconds since 1970,
-- UTC. Dates are texts, YYYY-MM-DD. Every row that kiosks cache carries the
-- version of the record at which it last changed.

-- The one row that all versions come from.
CREATE TABLE state (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  authority  TEXT    NOT NULL,
  generation INTEGER NOT NULL,  -- grows when the database is older than it was
  version    INTEGER NOT NULL,
  items      INTEGER NOT NULL,  -- version at which the item feed last changed
  own        INTEGER NOT NULL   -- and the kiosks' own feeds
) STRICT;

CREATE TABLE kiosk (
  name     TEXT    PRIMARY KEY,
  venue    TEXT    NOT NULL,
  shard    TEXT    NOT NULL,
  sign_key BLOB    NOT NULL,           -- its public key
  card_key BLOB    NOT NULL,           -- K: what its cards are keyed with
  broker   TEXT    NOT NULL DEFAULT '',-- its line in the broker's password file
  enrolled INTEGER NOT NULL,
  ver      INTEGER NOT NULL,           -- older feeds of this kiosk are keyed otherwise: reset
  revoked  INTEGER,
  resume   INTEGER NOT NULL DEFAULT 0, -- staff have looked: it may start a new epoch
  seen     INTEGER,
  online   INTEGER NOT NULL DEFAULT 0,
  session  BLOB
) STRICT, WITHOUT ROWID;

-- One life of a kiosk's numbering. The newest is the one with the highest seq.
CREATE TABLE stream (
  kiosk     TEXT    NOT NULL REFERENCES kiosk (name),
  epoch     BLOB    NOT NULL,
  seq       INTEGER NOT NULL,
  began     INTEGER NOT NULL,
  stored    INTEGER NOT NULL DEFAULT 0, -- every event up to here is here, or lost
  hash      BLOB,                       -- chain hash at stored; NULL: not known
  processed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kiosk, epoch),
  UNIQUE (kiosk, seq)
) STRICT, WITHOUT ROWID;

-- What kiosks sent, byte for byte. Rows are never changed.
CREATE TABLE event (
  kiosk    TEXT    NOT NULL,
  epoch    BLOB    NOT NULL,
  n        INTEGER NOT NULL,
  received INTEGER NOT NULL,
  hash     BLOB    NOT NULL, -- chain hash at n
  body     BLOB    NOT NULL,
  PRIMARY KEY (kiosk, epoch, n),
  FOREIGN KEY (kiosk, epoch) REFERENCES stream (kiosk, epoch)
) STRICT, WITHOUT ROWID;

-- What became of them.
CREATE TABLE outcome (
  id      INTEGER PRIMARY KEY,
  kiosk   TEXT    NOT NULL,
  epoch   BLOB    NOT NULL,
  n       INTEGER NOT NULL,
  out     TEXT    NOT NULL,
  reason  TEXT    NOT NULL,
  "case"  INTEGER,
  at      INTEGER NOT NULL, -- when the event was received
  ver     INTEGER NOT NULL,
  UNIQUE (kiosk, epoch, n),
  FOREIGN KEY (kiosk, epoch, n) REFERENCES event (kiosk, epoch, n)
) STRICT;
CREATE INDEX outcome_ver ON outcome (kiosk, ver);

-- Acts that have been applied, so that none is applied twice.
CREATE TABLE act (
  kiosk TEXT NOT NULL,
  tx    BLOB NOT NULL,
  type  TEXT NOT NULL,
  PRIMARY KEY (kiosk, tx, type)
) STRICT, WITHOUT ROWID;

CREATE TABLE item (
  item        TEXT    PRIMARY KEY,
  title       TEXT    NOT NULL,
  class       TEXT    NOT NULL,
  owner       TEXT    NOT NULL,
  parts       TEXT    NOT NULL, -- JSON array
  age         INTEGER NOT NULL,
  nfl         INTEGER NOT NULL,
  placeholder INTEGER NOT NULL,
  gone        INTEGER NOT NULL,
  ver         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX item_ver ON item (ver);

CREATE TABLE borrower (
  id       INTEGER PRIMARY KEY, -- what a feed's cursor may name instead of the card
  card     TEXT    NOT NULL UNIQUE,
  category TEXT    NOT NULL,
  blocked  INTEGER NOT NULL,
  expires  TEXT    NOT NULL,
  age_band INTEGER NOT NULL,
  messages TEXT    NOT NULL, -- JSON array
  stub     INTEGER NOT NULL,
  gone     INTEGER NOT NULL,
  ver      INTEGER NOT NULL
) STRICT;
CREATE INDEX borrower_ver ON borrower (ver);

CREATE TABLE loan (
  tx          BLOB    PRIMARY KEY,
  item        TEXT    NOT NULL,
  card        TEXT    NOT NULL,
  class       TEXT    NOT NULL,
  kiosk       TEXT    NOT NULL,
  start       INTEGER NOT NULL,
  due         INTEGER,          -- NULL: the kiosk did not say
  provisional INTEGER NOT NULL,
  renewals    INTEGER NOT NULL,
  renewed     TEXT    NOT NULL,
  paused      INTEGER,
  ended       INTEGER,
  ended_by    TEXT    NOT NULL,
  ended_tx    BLOB
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX loan_open ON loan (item) WHERE ended IS NULL;
CREATE INDEX loan_item ON loan (item, start);
CREATE INDEX loan_card ON loan (card) WHERE ended IS NULL;

CREATE TABLE hold (
  item   TEXT    NOT NULL,
  card   TEXT    NOT NULL,
  rank   INTEGER NOT NULL,
  filled BLOB,
  PRIMARY KEY (item, card)
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_filled ON hold (filled) WHERE filled IS NOT NULL;

-- The version of an item's loan and holds, and its last return.
CREATE TABLE circ (
  item        TEXT    PRIMARY KEY,
  returned    INTEGER,
  returned_at TEXT    NOT NULL DEFAULT '', -- the kiosk
  ver         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX circ_ver ON circ (ver);

-- "case" is a word of SQL's.
CREATE TABLE matter (
  id      INTEGER PRIMARY KEY,
  reasons TEXT    NOT NULL, -- JSON array
  urgent  INTEGER NOT NULL,
  parked  INTEGER NOT NULL,
  kiosk   TEXT    NOT NULL,
  epoch   BLOB    NOT NULL,
  n       INTEGER NOT NULL,
  item    TEXT    NOT NULL,
  card    TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  note    TEXT    NOT NULL,
  tell    TEXT    NOT NULL,
  share   TEXT    NOT NULL,
  closed  INTEGER,
  closing TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX matter_share ON matter (share) WHERE closed IS NULL AND share <> '';
CREATE INDEX matter_item ON matter (item) WHERE closed IS NULL;
CREATE INDEX matter_card ON matter (card) WHERE closed IS NULL AND tell <> '';

-- Rules and calendar by venue; '' is the default. A body that is NULL is gone.
CREATE TABLE book (
  kind  TEXT    NOT NULL CHECK (kind IN ('rules', 'calendar')),
  venue TEXT    NOT NULL,
  body  TEXT,
  ver   INTEGER NOT NULL,
  PRIMARY KEY (kind, venue)
) STRICT, WITHOUT ROWID;
