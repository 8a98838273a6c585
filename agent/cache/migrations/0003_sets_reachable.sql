-- How many parts of a set carry a tag; whether central can write to a borrower.

ALTER TABLE item ADD COLUMN tagged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE load_item ADD COLUMN tagged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE borrower ADD COLUMN reachable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE load_borrower ADD COLUMN reachable INTEGER NOT NULL DEFAULT 0;

-- Items that came before this column are asked for again.
UPDATE feed SET version = 0 WHERE feed = 'items';
