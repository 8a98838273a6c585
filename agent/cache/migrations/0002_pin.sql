-- What tells a right PIN from most wrong ones while central is silent: one byte
-- of 7 bits, and their salt. NULL: nothing does.
ALTER TABLE borrower ADD COLUMN verifier BLOB;
ALTER TABLE load_borrower ADD COLUMN verifier BLOB;
