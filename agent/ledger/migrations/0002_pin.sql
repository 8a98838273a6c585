-- Wrong PINs typed at this kiosk, and the locks that follow from them. A row is
-- deleted when its time has been waited, and a card's key goes with it.
CREATE TABLE pin (
	kind   TEXT NOT NULL,                 -- card: wrong PINs of one card. wrong: one wrong PIN of any card. device: the kiosk's own lock
	who    BLOB NOT NULL,                 -- card: circ.CardKey. wrong: a number. device: empty
	wrong  INTEGER NOT NULL,              -- card: wrong PINs since the last right one
	wait   INTEGER NOT NULL,              -- milliseconds still to be waited as of the moment below
	boot   BLOB NOT NULL,
	mono   INTEGER NOT NULL,              -- milliseconds since that boot
	wall   INTEGER NOT NULL,
	synced INTEGER NOT NULL,              -- 1: wall was a disciplined clock's
	sum    BLOB NOT NULL,
	PRIMARY KEY (kind, who)
) STRICT, WITHOUT ROWID;
