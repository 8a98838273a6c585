-- When a kiosk's boots began, by central's clock: told is when that was last
-- worked out, and mono how long the boot had run when it was last heard, in
-- milliseconds. A kiosk's clock may be wrong; how long it has run is not.
CREATE TABLE boot (
  kiosk TEXT    NOT NULL,
  boot  BLOB    NOT NULL,
  began INTEGER NOT NULL,
  told  INTEGER NOT NULL,
  mono  INTEGER NOT NULL,
  PRIMARY KEY (kiosk, boot)
) STRICT, WITHOUT ROWID;
CREATE INDEX boot_told ON boot (told);

-- When the newest processed event of a stream was, as well as is known: a later
-- one was not before.
ALTER TABLE stream ADD COLUMN reached INTEGER NOT NULL DEFAULT 0;

-- Two streams of one kiosk are ordered by time, as those of two kiosks are: it
-- may have a copy. NULL: from before this column.
ALTER TABLE loan ADD COLUMN epoch BLOB;
ALTER TABLE loan ADD COLUMN again INTEGER; -- when it was last issued to the card that has it already
ALTER TABLE circ ADD COLUMN returned_epoch BLOB;

-- A program that knows this schema may go on with the database, although a newer
-- one wrote it.
ALTER TABLE state ADD COLUMN oldest INTEGER NOT NULL DEFAULT 4;
