// Package table is the demonstration's table: books and cards to put down and
// lift, a cable and a power switch to cut, the page that shows it all, and the
// script that does it without hands. It is a tool for trying Nightdesk out; no
// kiosk and no central imports it, and it decides nothing.
package table

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/drivers"
)

//go:embed stock.csv
var stockCSV string

// Book is an item of the demonstration's stock: one book, or a set.
type Book struct {
	ID     circ.ItemID
	Title  string
	Author string
	Class  string        // of the rules: book, child, dvd, audio, kit
	Parts  []string      // names of the parts, those with a tag first; none for a single item
	Tags   []drivers.UID // fewer than Parts, if some parts carry none
}

// Person is somebody with a borrower card.
type Person struct {
	Name     string
	Card     circ.Card
	Category string // of the rules: adult, child
	Band     int    // whole years reached
	PIN      string
	Messages []string // codes that the library system wants told
}

// Hold is somebody who waits for an item, which lies ready at the venue.
type Hold struct {
	Item circ.ItemID
	Card circ.Card
}

// Stock is what a library has and who comes to it.
type Stock struct {
	Books   []Book
	People  []Person
	Holds   []Hold
	Staffed bool // somebody is there on weekdays; else never
	PIN     bool // the venue asks for PINs
}

// site is the demonstration's library code: digits two to five of its numbers
// (Codabar library numbers: type, library, serial, check digit). It is nobody's.
const site = "0000"

// NewStock is the stock in an order that seed gives. Numbers and tags do not
// depend on the seed.
func NewStock(seed uint64) (Stock, error) {
	rows, err := csv.NewReader(strings.NewReader(stockCSV)).ReadAll()
	if err != nil {
		return Stock{}, fmt.Errorf("read the stock: %w", err)
	}
	var s Stock
	for i, row := range rows[1:] {
		b := Book{ID: circ.ItemID(number('3', i+1)), Title: row[0], Author: row[1], Class: row[2]}
		if row[3] != "" {
			b.Parts = strings.Split(row[3], ";")
		}
		tagged := len(b.Parts)
		if row[4] != "" {
			if tagged, err = strconv.Atoi(row[4]); err != nil {
				return Stock{}, fmt.Errorf("read the stock: the tags of %s: %w", b.Title, err)
			}
		}
		for part := range max(1, tagged) {
			b.Tags = append(b.Tags, tagUID(i+1, part+1))
		}
		s.Books = append(s.Books, b)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	r.Shuffle(len(s.Books), func(i, j int) { s.Books[i], s.Books[j] = s.Books[j], s.Books[i] })
	s.People = people()
	return s, nil
}

// Enliven adds staff on weekdays, people to whom the library has something to
// say, and a film that is kept for one of them.
func (s Stock) Enliven() Stock {
	s.Staffed = true
	gwen := Person{Name: "Gwen, who has something to collect", Category: "adult", Band: 18, PIN: "6174"}
	hassan := Person{Name: "Hassan, who is late", Category: "adult", Band: 18, PIN: "8128", Messages: []string{contract.MsgOverdue}}
	s.People = numbered(append(s.People, gwen, hassan))
	for _, b := range s.Books {
		if b.Title == "Paddington (DVD)" {
			s.Holds = append(s.Holds, Hold{Item: b.ID, Card: s.People[len(s.People)-2].Card})
		}
	}
	return s
}

func people() []Person {
	return numbered([]Person{
		{Name: "Amira", Category: "adult", Band: 18, PIN: "1729"},
		{Name: "Brian", Category: "adult", Band: 18, PIN: "2718"},
		{Name: "Chandni", Category: "adult", Band: 18, PIN: "3141"},
		{Name: "Dilys", Category: "adult", Band: 18, PIN: "1618"},
		{Name: "Eddie, aged 9", Category: "child", Band: 5, PIN: "4104"},
		{Name: "Farah, aged 13", Category: "child", Band: 12, PIN: "5050"},
	})
}

// numbered gives everybody a card.
func numbered(all []Person) []Person {
	for i := range all {
		all[i].Card = circ.Card(number('2', i+1))
	}
	return all
}

// number is a library number of 14 digits: its type, the library, a serial
// number of eight digits and a check digit.
func number(kind byte, serial int) string {
	n := string(kind) + site + fmt.Sprintf("%08d", serial)
	return n + string(luhn(n))
}

// luhn is the check digit behind n (ISO/IEC 7812-1, annex B).
func luhn(n string) byte {
	sum := 0
	for i := range n {
		d := int(n[len(n)-1-i] - '0')
		if i%2 == 0 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return byte('0' + (10-sum%10)%10)
}

// tagUID is the UID of a tag: E0, the manufacturer (04, ISO/IEC 7816-6), and a
// serial number that is the book's and its part's.
func tagUID(serial, part int) drivers.UID {
	return drivers.UID{0xE0, 0x04, 0x01, 0x00, 0xDE, byte(serial >> 8), byte(serial), byte(part)}
}

// Book finds a book by its number.
func (s Stock) Book(id circ.ItemID) (Book, bool) {
	for _, b := range s.Books {
		if b.ID == id {
			return b, true
		}
	}
	return Book{}, false
}

// Title is a book's title, or its number if it is not in stock.
func (s Stock) Title(id circ.ItemID) string {
	if b, ok := s.Book(id); ok {
		return b.Title
	}
	return string(id)
}

// Person finds whose card it is.
func (s Stock) Person(card circ.Card) (Person, bool) {
	for _, p := range s.People {
		if p.Card == card {
			return p, true
		}
	}
	return Person{}, false
}
