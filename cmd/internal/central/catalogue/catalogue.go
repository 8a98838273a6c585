// Package catalogue brings in what a library system exports: items,
// borrowers, holds, rules and calendars, from files whose headers are a
// contract. A file with a fault changes nothing; a file read again changes
// only what differs, and what is missing from it is gone.
package catalogue

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"nightdesk/cmd/internal/central/record"
)

// Help is the contract of the files, for people.
const Help = `Files are known by their names; any of them may be left out.

items.csv      item,title,class,owner,parts,tagged,age,not_for_loan
  item          the number on the barcode and in the tag (required)
  title         as the screen shows it (required; may be empty)
  class         a class of policy.toml, for instance book or dvd
  owner         ISIL of the owning library, for instance GB-UkLiC
  parts         names of the parts in order, separated by semicolons; those
                that carry a tag first
  tagged        how many of the parts carry a tag; empty: all of them
  age           lowest age in whole years; empty: for everybody
  not_for_loan  yes or no; empty: no

borrowers.csv  card,category,blocked,expires,age_band,messages,mail,pin
  card          the number on the card (required)
  category      a category of policy.toml, for instance adult
  blocked       yes or no: may not borrow; empty: no
  expires       last day of membership, YYYY-MM-DD; empty: never
  age_band      whole years reached, 0, 5, 12, 15, 16 or 18; a date of birth
                never leaves the library system
  messages      codes that the kiosk has words for, separated by semicolons
  mail          yes or no: the library system has an e-mail address, and may
                use it for receipts; empty: no. The address stays there
  pin           4 to 12 digits, where policy.toml asks for PINs; empty: none.
                Only a slow hash is kept: delete the file when it is imported.
                Without the column, all PINs stay as they are

holds.csv      item,card,ready
  one line for each waiting borrower; of an item's lines, the first is first
  ready         venue where the item waits to be collected; empty: not yet

policy.toml    [default] for every venue, [venue.NAME] for one
  mailer = true                    a program takes "nightdesk-central receipts"
                                   and sends them; kiosks offer none without it
  classes.game.sets = "note"       sets with parts that carry no tag: "all" (the
                                   default) does not ask about them, "note" asks
                                   the borrower to look, "refuse" lends none

calendar.toml  [default] for every venue, [venue.NAME] for one
  closed = [2026-12-25]            days on which the venue is shut and nothing
                                   falls due
  until = 2027-12-31               last day the calendar speaks of
  weekly.sunday = {closed = true}
  weekly.monday = {staffed_from = "09:30", staffed_to = "17:00"}
  weekly.tuesday = {open_from = "08:00", open_to = "20:00"}
  days.2026-12-24 = {open_to = "12:00"}
                                   a day that is not as its weekday
  Without open_from and open_to a day is open from midnight to midnight, and
  without staffed_from and staffed_to nobody is there.

Files are UTF-8 with commas. Columns may stand in any order; one that is not
named here is an error, for a misspelt name would otherwise lose its data.`

// Names are the files that are known, in the order in which they are read.
func Names() []string {
	return []string{"policy.toml", "calendar.toml", "items.csv", "borrowers.csv", "holds.csv"}
}

// Set is what a group of files says. A nil slice or map is a file that was
// not among them: what it would speak of stays as it is.
type Set struct {
	Items     []record.Item
	Borrowers []record.Borrower
	Holds     []record.Hold
	Rules     map[string]json.RawMessage // by venue; "" is the default
	Calendars map[string]json.RawMessage
	PINs      []record.CardPIN // nil: the borrowers' file has no such column
	NewPINs   []record.NewPIN  // what PINs come to (record.HashPINs), for Import
}

// Find lists the known files in a directory. None is an error.
func Find(dir string) ([]string, error) {
	var paths []string
	for _, name := range Names() {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s holds none of %s: name the directory that does", dir, strings.Join(Names(), ", "))
	}
	return paths, nil
}

// Read reads files. Everything wrong with them is told at once, as Problems.
func Read(paths []string) (Set, error) {
	var s Set
	var all Problems
	for _, path := range paths {
		found, err := s.read(path)
		if err != nil {
			return Set{}, err
		}
		all = append(all, found...)
	}
	if len(all) > 0 {
		return Set{}, all
	}
	return s, nil
}

func (s *Set) read(path string) (Problems, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the export: %w", err)
	}
	switch filepath.Base(path) {
	case "items.csv":
		return readItems(path, text, &s.Items), nil
	case "borrowers.csv":
		return readBorrowers(path, text, &s.Borrowers, &s.PINs), nil
	case "holds.csv":
		return readHolds(path, text, &s.Holds), nil
	case "policy.toml":
		return readRules(path, text, &s.Rules), nil
	case "calendar.toml":
		return readCalendars(path, text, &s.Calendars), nil
	}
	return nil, fmt.Errorf("%s is none of %s: rename it to what it holds", path, strings.Join(Names(), ", "))
}

// Problem is one fault in a file.
type Problem struct {
	File   string
	Line   int    // from 1; 0: the file as a whole
	Column string // a CSV column or a TOML key; "": the line as a whole
	Text   string
}

func (p Problem) String() string {
	s := p.File
	if p.Line > 0 {
		s += fmt.Sprintf(":%d", p.Line)
	}
	if p.Column != "" {
		s += fmt.Sprintf(": %s", p.Column)
	}
	return s + ": " + p.Text
}

// Problems are the faults of an import.
type Problems []Problem

// shown is how many faults are told at once.
const shown = 10

func (p Problems) Error() string {
	var lines []string
	for i, x := range p {
		if i == shown {
			lines = append(lines, fmt.Sprintf("and %d more", len(p)-shown))
			break
		}
		lines = append(lines, x.String())
	}
	return strings.Join(lines, "\n")
}
