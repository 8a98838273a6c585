package catalogue

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/record"
)

const (
	maxField    = 64   // bytes of a number, a class, a code
	maxTitle    = 1000 // bytes
	maxParts    = 100
	maxMessages = 20
)

// table is a CSV file being read.
type table struct {
	file     string
	columns  map[string]int // place of each column in the file
	row      []string
	line     int
	problems Problems
}

// readTable reads the header, which must name the required columns and no
// unknown ones, and then every line.
func readTable(file string, text []byte, required, optional []string, each func(*table)) Problems {
	t := &table{file: file, columns: map[string]int{}}
	text = bytes.TrimPrefix(text, []byte("\uFEFF")) // spreadsheets write one
	if !utf8.Valid(text) {
		return Problems{{File: file, Text: "it is not UTF-8; export it as UTF-8"}}
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return Problems{{File: file, Line: 1, Text: "there is no header line; want " + strings.Join(append(required, optional...), ",")}}
	}
	t.header(header, required, optional)
	if len(t.problems) > 0 {
		return t.problems
	}
	for {
		t.row, err = r.Read()
		if err == io.EOF {
			return t.problems
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			t.problems = append(t.problems, Problem{File: file, Line: bad.Line, Text: bad.Err.Error()})
			if bad.Err != csv.ErrFieldCount {
				return t.problems // after a stray quote nothing can be trusted
			}
			continue
		}
		t.line, _ = r.FieldPos(0)
		each(t)
	}
}

func (t *table) header(header, required, optional []string) {
	t.line = 1
	for i, name := range header {
		name = strings.TrimSpace(name)
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			t.bad(name, "no such column; want "+strings.Join(append(slices.Clone(required), optional...), ", "))
		}
		if _, twice := t.columns[name]; twice {
			t.bad(name, "the column is there twice")
		}
		t.columns[name] = i
	}
	for _, name := range required {
		if _, ok := t.columns[name]; !ok {
			t.bad(name, "the column is missing")
		}
	}
}

func (t *table) bad(column, text string) {
	t.problems = append(t.problems, Problem{File: t.file, Line: t.line, Column: column, Text: text})
}

// text is a field, trimmed; "" if the file has no such column.
func (t *table) text(column string, max int) string {
	i, ok := t.columns[column]
	if !ok {
		return ""
	}
	s := strings.TrimSpace(t.row[i])
	if len(s) > max {
		t.bad(column, fmt.Sprintf("longer than %d bytes", max))
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.bad(column, "holds a control character")
	}
	return strings.Clone(s)
}

// need is a field that must not be empty.
func (t *table) need(column string) string {
	s := t.text(column, maxField)
	if s == "" {
		t.bad(column, "is empty")
	}
	return s
}

func (t *table) yes(column string) bool {
	switch s := strings.ToLower(t.text(column, maxField)); s {
	case "", "no", "false", "0":
		return false
	case "yes", "true", "1":
		return true
	default:
		if strings.Contains(s, "@") {
			t.bad(column, "holds an address; want yes or no, for the address stays in the library system")
			return false
		}
		t.bad(column, fmt.Sprintf("%q is neither yes nor no", s))
		return false
	}
}

func (t *table) years(column string) int { return t.number(column, "years", 150) }

func (t *table) count(column string, max int) int { return t.number(column, "parts", max) }

// number is a whole number from 0; an empty field is 0.
func (t *table) number(column, of string, max int) int {
	s := t.text(column, maxField)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > max {
		t.bad(column, fmt.Sprintf("%q is not a number of %s", s, of))
	}
	return n
}

func (t *table) date(column string) string {
	s := t.text(column, maxField)
	if s == "" {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		t.bad(column, fmt.Sprintf("%q is not a date like 2027-03-31", s))
	}
	return s
}

func (t *table) list(column string, max int) []string {
	var l []string
	for part := range strings.SplitSeq(t.text(column, maxTitle), ";") {
		if part = strings.TrimSpace(part); part != "" {
			l = append(l, part)
		}
	}
	if len(l) > max {
		t.bad(column, fmt.Sprintf("names more than %d", max))
	}
	return l
}

func readItems(file string, text []byte, into *[]record.Item) Problems {
	*into = []record.Item{}
	lines := map[circ.ItemID]int{}
	problems := readTable(file, text, []string{"item", "title"},
		[]string{"class", "owner", "parts", "tagged", "age", "not_for_loan"}, func(t *table) {
			i := record.Item{
				ID: circ.ItemID(t.need("item")), Title: t.text("title", maxTitle), Class: t.text("class", maxField),
				Owner: t.text("owner", maxField), Parts: t.list("parts", maxParts), Tagged: t.count("tagged", maxParts),
				Age: t.years("age"), NotLoan: t.yes("not_for_loan"),
			}
			if i.Tagged > len(i.Parts) {
				t.bad("tagged", fmt.Sprintf("says %d, and parts names only %d", i.Tagged, len(i.Parts)))
			}
			once(t, lines, "item", i.ID)
			*into = append(*into, i)
		})
	slices.SortFunc(*into, func(a, b record.Item) int { return cmp.Compare(a.ID, b.ID) })
	return problems
}

// readBorrowers reads cards, and their PINs if the file has any.
func readBorrowers(file string, text []byte, into *[]record.Borrower, pins *[]record.CardPIN) Problems {
	*into = []record.Borrower{}
	lines := map[circ.Card]int{}
	problems := readTable(file, text, []string{"card"},
		[]string{"category", "blocked", "expires", "age_band", "messages", "mail", "pin"}, func(t *table) {
			b := record.Borrower{
				Card: circ.Card(t.need("card")), Category: t.text("category", maxField), Blocked: t.yes("blocked"),
				Expires: t.date("expires"), AgeBand: t.years("age_band"), Messages: t.list("messages", maxMessages),
				Mail: t.yes("mail"),
			}
			once(t, lines, "card", b.Card)
			*into = append(*into, b)
			if t.hasPINs() {
				*pins = append(*pins, record.CardPIN{Card: b.Card, PIN: t.pin()})
			}
		})
	slices.SortFunc(*into, func(a, b record.Borrower) int { return cmp.Compare(a.Card, b.Card) })
	return problems
}

func readHolds(file string, text []byte, into *[]record.Hold) Problems {
	*into = []record.Hold{}
	type pair struct {
		item circ.ItemID
		card circ.Card
	}
	lines := map[pair]int{}
	rank := map[circ.ItemID]int{}
	problems := readTable(file, text, []string{"item", "card"}, []string{"ready"}, func(t *table) {
		h := record.Hold{Item: circ.ItemID(t.need("item")), Card: circ.Card(t.need("card")), Ready: t.text("ready", maxField)}
		if h.Ready != "" && contract.CheckName("venue", h.Ready) != nil {
			t.bad("ready", fmt.Sprintf("%q is not the name of a venue", h.Ready))
		}
		once(t, lines, "item", pair{h.Item, h.Card})
		rank[h.Item]++
		h.Rank = rank[h.Item]
		*into = append(*into, h)
	})
	slices.SortFunc(*into, compareHolds)
	return problems
}

func compareHolds(a, b record.Hold) int {
	return cmp.Or(cmp.Compare(a.Item, b.Item), cmp.Compare(a.Card, b.Card))
}

// once says where a key was seen before. It does not repeat the key, which
// may be a card number.
func once[K comparable](t *table, lines map[K]int, column string, key K) {
	var empty K
	if key == empty {
		return // has been told
	}
	if first, twice := lines[key]; twice {
		t.bad(column, fmt.Sprintf("is on line %d already", first))
	}
	lines[key] = t.line
}
