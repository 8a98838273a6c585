-- How many parts of a set carry a tag.
ALTER TABLE item ADD COLUMN tagged INTEGER NOT NULL DEFAULT 0;

-- Whether the library system has an e-mail address; the address stays there.
ALTER TABLE borrower ADD COLUMN mail INTEGER NOT NULL DEFAULT 0;

-- The venue where the item waits to be collected; '' not yet.
ALTER TABLE hold ADD COLUMN ready TEXT NOT NULL DEFAULT '';
CREATE INDEX hold_card ON hold (card) WHERE filled IS NULL;

-- What a borrower is to be told once. What is so for a while is not here: it
-- follows from loans, holds and open cases.
CREATE TABLE message (
  card TEXT    NOT NULL,
  code TEXT    NOT NULL,
  at   INTEGER NOT NULL, -- when it happened
  ver  INTEGER NOT NULL, -- of the record when it was put here
  PRIMARY KEY (card, code)
) STRICT, WITHOUT ROWID;

-- Lists that borrowers want by e-mail, until the mailer has taken them.
CREATE TABLE receipt (
  id    INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: a mailer may remember it
  card  TEXT    NOT NULL,
  kiosk TEXT    NOT NULL,
  visit BLOB    NOT NULL,
  at    INTEGER NOT NULL,
  lines TEXT    NOT NULL -- JSON array
) STRICT;
