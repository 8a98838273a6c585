-- What central told this kiosk, and what this kiosk has seen. No names, no
-- numbers of cards, no PINs: a card is its keyed hash, a holder four bytes.
-- Times are UTC milliseconds since 1970, days are days since 1970.

CREATE TABLE feed (
  feed         TEXT    NOT NULL PRIMARY KEY,
  generation   INTEGER NOT NULL,
  version      INTEGER NOT NULL,
  as_of_ms     INTEGER NOT NULL, -- central's signed time; 0: never heard
  folded_epoch BLOB    NOT NULL, -- which own events the version contains
  folded_n     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO feed VALUES ('items', 0, 0, 0, zeroblob(16), 0), ('own', 0, 0, 0, zeroblob(16), 0);

CREATE TABLE clock (
  only     INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
  floor_ms INTEGER NOT NULL -- newest signed time seen; 0: none
) STRICT;

INSERT INTO clock VALUES (1, 0);

CREATE TABLE item (
  item     TEXT    NOT NULL PRIMARY KEY,
  ver      INTEGER NOT NULL,
  title    TEXT    NOT NULL,
  class    TEXT    NOT NULL,
  owner    TEXT    NOT NULL,
  parts    TEXT    NOT NULL, -- JSON list; '' for a single item
  age      INTEGER NOT NULL,
  not_loan INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE circ (
  item     TEXT    NOT NULL PRIMARY KEY,
  ver      INTEGER NOT NULL,
  on_loan  INTEGER NOT NULL,
  holder   BLOB    NOT NULL, -- 4 bytes, or none
  due_ms   INTEGER,
  renewals INTEGER NOT NULL,
  hold     BLOB    NOT NULL  -- 4 bytes, or none
) STRICT, WITHOUT ROWID;

CREATE TABLE borrower (
  who         BLOB    NOT NULL PRIMARY KEY, -- 16 bytes
  ver         INTEGER NOT NULL,
  category    TEXT    NOT NULL,
  blocked     INTEGER NOT NULL,
  expires_day INTEGER,          -- last day of membership
  age_band    INTEGER NOT NULL,
  loans       INTEGER NOT NULL,
  by_class    TEXT    NOT NULL, -- JSON object; '' if empty
  oldest_day  INTEGER,
  messages    TEXT    NOT NULL  -- JSON list of codes; '' if empty
) STRICT, WITHOUT ROWID;

CREATE TABLE book (
  kind TEXT    NOT NULL, -- rules, calendar
  key  TEXT    NOT NULL,
  ver  INTEGER NOT NULL,
  body TEXT    NOT NULL, -- JSON
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE outcome (
  epoch    BLOB    NOT NULL,
  n        INTEGER NOT NULL,
  ver      INTEGER NOT NULL,
  outcome  TEXT    NOT NULL,
  reason   TEXT    NOT NULL,
  case_ref TEXT    NOT NULL,
  heard_ms INTEGER NOT NULL,
  PRIMARY KEY (epoch, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX outcome_heard ON outcome (heard_ms);

-- A feed on its way: rows come page by page and wait here until the last.

CREATE TABLE load (
  feed   TEXT    NOT NULL PRIMARY KEY,
  reset  INTEGER NOT NULL,
  from_generation INTEGER NOT NULL,
  from_version    INTEGER NOT NULL,
  to_generation   INTEGER NOT NULL,
  to_version      INTEGER NOT NULL,
  cursor TEXT    NOT NULL,
  rows   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE load_page (
  feed  TEXT NOT NULL,
  after TEXT NOT NULL,
  PRIMARY KEY (feed, after)
) STRICT, WITHOUT ROWID;

CREATE TABLE load_delta (
  feed    TEXT    NOT NULL,
  kind    TEXT    NOT NULL,
  key     TEXT    NOT NULL,
  ver     INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  body    TEXT    NOT NULL, -- JSON, of known fields only
  PRIMARY KEY (feed, kind, key)
) STRICT, WITHOUT ROWID;

-- The side tables of a reset: each is swapped with the table it is named after.

CREATE TABLE load_item (
  item     TEXT    NOT NULL PRIMARY KEY,
  ver      INTEGER NOT NULL,
  title    TEXT    NOT NULL,
  class    TEXT    NOT NULL,
  owner    TEXT    NOT NULL,
  parts    TEXT    NOT NULL,
  age      INTEGER NOT NULL,
  not_loan INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE load_circ (
  item     TEXT    NOT NULL PRIMARY KEY,
  ver      INTEGER NOT NULL,
  on_loan  INTEGER NOT NULL,
  holder   BLOB    NOT NULL,
  due_ms   INTEGER,
  renewals INTEGER NOT NULL,
  hold     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE load_borrower (
  who         BLOB    NOT NULL PRIMARY KEY,
  ver         INTEGER NOT NULL,
  category    TEXT    NOT NULL,
  blocked     INTEGER NOT NULL,
  expires_day INTEGER,
  age_band    INTEGER NOT NULL,
  loans       INTEGER NOT NULL,
  by_class    TEXT    NOT NULL,
  oldest_day  INTEGER,
  messages    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE load_book (
  kind TEXT    NOT NULL,
  key  TEXT    NOT NULL,
  ver  INTEGER NOT NULL,
  body TEXT    NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE load_outcome (
  epoch    BLOB    NOT NULL,
  n        INTEGER NOT NULL,
  ver      INTEGER NOT NULL,
  outcome  TEXT    NOT NULL,
  reason   TEXT    NOT NULL,
  case_ref TEXT    NOT NULL,
  heard_ms INTEGER NOT NULL,
  PRIMARY KEY (epoch, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX load_outcome_heard ON load_outcome (heard_ms);

-- What the tags on this kiosk's pads have said.

CREATE TABLE seen (
  uid        BLOB    NOT NULL PRIMARY KEY,
  item       TEXT    NOT NULL,
  part       INTEGER NOT NULL,
  of         INTEGER NOT NULL,
  digest     BLOB    NOT NULL,
  usage      INTEGER NOT NULL,
  owner      TEXT    NOT NULL,
  model      TEXT    NOT NULL,
  read_ms    INTEGER NOT NULL,
  generation INTEGER NOT NULL, -- of the items feed when it was read
  item_ver   INTEGER NOT NULL  -- of the item's row then; 0: not known
) STRICT, WITHOUT ROWID;

CREATE INDEX seen_read ON seen (read_ms);
