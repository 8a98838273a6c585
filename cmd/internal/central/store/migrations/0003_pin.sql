-- PINs: a slow hash with a salt and with a secret that is not in this file. The
-- check is what kiosks may hold: seven bits and their salt; NULL: none yet.
CREATE TABLE pin (
  card       TEXT PRIMARY KEY,
  salt       BLOB NOT NULL,
  hash       BLOB NOT NULL,
  check_salt BLOB,
  check_bits INTEGER
) STRICT, WITHOUT ROWID;

-- Wrong PINs of a card since its last right one.
CREATE TABLE pin_try (
  card   TEXT    PRIMARY KEY,
  wrong  INTEGER NOT NULL,
  last   INTEGER NOT NULL,
  "case" INTEGER NOT NULL -- about the lock; 0: there is none yet
) STRICT, WITHOUT ROWID;
CREATE INDEX pin_try_last ON pin_try (last);

-- Questions that have been looked at, and what was said; '' not yet. A copy of
-- one is not looked at again. No card stands here.
CREATE TABLE ask (
  kiosk TEXT    NOT NULL,
  id    BLOB    NOT NULL,
  at    INTEGER NOT NULL,
  said  TEXT    NOT NULL,
  PRIMARY KEY (kiosk, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ask_at ON ask (at);
