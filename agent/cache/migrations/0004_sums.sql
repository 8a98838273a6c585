-- Every row gets a checksum over its table's name and all its other columns, and
-- every table a count of its rows: what a disk has changed is not believed. The
-- program puts both in, in the same transaction (sum.go).

ALTER TABLE feed ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE clock ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE item ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE circ ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE borrower ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE book ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE outcome ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE seen ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE load ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE load_delta ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE load_item ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE load_circ ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE load_borrower ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE load_book ADD COLUMN sum BLOB NOT NULL DEFAULT x'';
ALTER TABLE load_outcome ADD COLUMN sum BLOB NOT NULL DEFAULT x'';

CREATE TABLE tally (
  what TEXT    NOT NULL PRIMARY KEY, -- a table
  rows INTEGER NOT NULL,
  sum  BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- What was on its way is asked for again.
DELETE FROM load;
DELETE FROM load_page;
DELETE FROM load_delta;
DELETE FROM load_item;
DELETE FROM load_circ;
DELETE FROM load_borrower;
DELETE FROM load_book;
DELETE FROM load_outcome;
