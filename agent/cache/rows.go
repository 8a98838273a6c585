package cache

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// maxKey bounds a row's key in bytes; the longest real one is a UUID and a number.
const maxKey = 128

// line is a row of a feed, checked and reduced to what this cache keeps.
type line struct {
	contract.Row // Data holds known fields only, and nothing in a tombstone
	sort         sort
	key          []any // primary key as stored
	rest         []any // other columns as stored, without the version
}

// sort is where rows of one kind go: into the table in use, or into the side
// table of a reset, whose name has "load_" in front.
type sort struct {
	feed contract.Feed
	into table // columns: key, version, rest
	key  func(row contract.Row) ([]any, error)
	rest func(data []byte, heard time.Time) (rest []any, kept any, err error)
}

// sortOf tells the sort of a kind; false for a kind of a later version.
func sortOf(kind contract.RowKind) (sort, bool) {
	switch kind {
	case contract.RowItem:
		return sort{contract.FeedItems, itemTable, itemKey, itemRest}, true
	case contract.RowCirc:
		return sort{contract.FeedOwn, circTable, itemKey, circRest}, true
	case contract.RowBorrower:
		return sort{contract.FeedOwn, borrowerTable, cardKey, borrowerRest}, true
	case contract.RowRules:
		return sort{contract.FeedOwn, bookTable, bookKey, bookRest[circ.RuleBook]}, true
	case contract.RowCalendar:
		return sort{contract.FeedOwn, bookTable, bookKey, bookRest[circ.Calendar]}, true
	case contract.RowOutcome:
		return sort{contract.FeedOwn, outcomeTable, outcomeKey, outcomeRest}, true
	}
	return sort{}, false
}

// readRows checks all rows of a chunk before anything is touched. Rows of
// kinds that this program does not know are passed over.
func readRows(chunk contract.Chunk) ([]line, error) {
	lines := make([]line, 0, len(chunk.Rows))
	for i, row := range chunk.Rows {
		sort, known := sortOf(row.Kind)
		if !known {
			continue
		}
		if sort.feed != chunk.Feed {
			return nil, fmt.Errorf("row %d: a row of kind %q does not belong here", i, row.Kind)
		}
		l, err := readLine(row, sort, chunk.Issued)
		if err != nil {
			return nil, fmt.Errorf("row %d, %s: %w", i, row.Kind, err)
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// readLine checks one row. Its errors never repeat the row's key or data:
// they end in a log.
func readLine(row contract.Row, sort sort, heard time.Time) (line, error) {
	l := line{Row: row, sort: sort}
	l.Data = nil
	if row.Ver == 0 || row.Ver > math.MaxInt64 {
		return l, fmt.Errorf("version %d", row.Ver)
	}
	if row.Key == "" || len(row.Key) > maxKey || !utf8.ValidString(row.Key) {
		return l, errors.New("its key is empty, too long or not UTF-8")
	}
	var err error
	if l.key, err = sort.key(row); err != nil {
		return l, err
	}
	if row.Deleted {
		return l, nil
	}
	rest, kept, err := sort.rest(row.Data, heard)
	if err != nil {
		return l, err
	}
	l.rest = rest
	l.Data, err = json.Marshal(kept)
	return l, err
}

func itemKey(row contract.Row) ([]any, error) { return []any{row.Key}, nil }

func bookKey(row contract.Row) ([]any, error) { return []any{string(row.Kind), row.Key}, nil }

func cardKey(row contract.Row) ([]any, error) {
	b, err := hex.DecodeString(row.Key)
	if err != nil || len(b) != len(circ.CardKey{}) {
		return nil, errors.New("its key is not 32 hexadecimal digits")
	}
	return []any{b}, nil
}

func outcomeKey(row contract.Row) ([]any, error) {
	epoch, number, _ := strings.Cut(row.Key, "/")
	id, err := uuid.Parse(epoch)
	n, err2 := strconv.ParseUint(number, 10, 63)
	if err != nil || err2 != nil || n == 0 {
		return nil, errors.New("its key is not an epoch, a slash and a number")
	}
	return []any{id[:], int64(n)}, nil
}

func itemRest(data []byte, _ time.Time) ([]any, any, error) {
	row, err := decode[contract.ItemRow](data)
	if err == nil && (row.Age < 0 || row.Age > 150 || row.Tagged < 0) {
		err = errors.New("an age limit or a number of parts out of range")
	}
	rest := []any{row.Title, row.Class, row.Owner, list(row.Parts), row.Tagged, row.Age, row.NotLoan}
	return rest, row, err
}

func circRest(data []byte, _ time.Time) ([]any, any, error) {
	row, err := decode[contract.CircRow](data)
	if err != nil {
		return nil, nil, err
	}
	holder, err1 := mark(row.Holder)
	hold, err2 := mark(row.Hold)
	if err1 == nil && row.Renewals < 0 {
		err1 = errors.New("a number below nought")
	}
	var due any
	if !row.Due.IsZero() {
		due = row.Due.UnixMilli()
	}
	return []any{row.OnLoan, holder, due, row.Renewals, hold}, row, errors.Join(err1, err2)
}

func borrowerRest(data []byte, _ time.Time) ([]any, any, error) {
	row, err := decode[contract.BorrowerRow](data)
	if err != nil {
		return nil, nil, err
	}
	expires, err1 := day(row.Expires)
	oldest, err2 := day(row.Oldest)
	if err1 == nil && (row.Loans < 0 || row.AgeBand < 0) {
		err1 = errors.New("a number below nought")
	}
	byClass := ""
	if len(row.ByClass) > 0 {
		byClass = text(row.ByClass)
	}
	check, err3 := verifier(row.Verifier)
	rest := []any{row.Category, row.Blocked, expires, row.AgeBand, row.Loans, byClass, oldest, list(row.Messages), row.Mail, check}
	return rest, row, errors.Join(err1, err2, err3)
}

// verifier is what a PIN is held against: its bits, then its salt. None is NULL.
func verifier(v *contract.Verifier) (any, error) {
	if v == nil {
		return nil, nil
	}
	if !v.Valid() {
		return nil, errors.New("a verifier that is none")
	}
	return append([]byte{v.Bits}, v.Salt...), nil
}

func bookRest[T any](data []byte, _ time.Time) ([]any, any, error) {
	book, err := decode[T](data)
	return []any{text(book)}, book, err
}

func outcomeRest(data []byte, heard time.Time) ([]any, any, error) {
	row, err := decode[contract.OutcomeRow](data)
	if err == nil && row.Outcome == "" {
		err = errors.New("no outcome")
	}
	return []any{row.Outcome, row.Reason, row.Case, heard.UnixMilli()}, row, err
}

// decode reads a row's data. What it passes over is not kept: a field that
// central should not have sent never reaches the disk.
func decode[T any](data []byte) (T, error) {
	var v T
	if len(data) == 0 || string(data) == "null" {
		return v, errors.New("no data")
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return v, errors.New("its data does not fit its kind")
	}
	return v, nil
}

// mark reads a holder's mark; none is an empty BLOB.
func mark(s string) ([]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 0 && len(b) != len(circ.HolderMark{}) {
		return nil, errors.New("a mark is not 8 hexadecimal digits")
	}
	return b, nil
}

// day reads YYYY-MM-DD as days since 1970; none is NULL.
func day(s string) (any, error) {
	if s == "" {
		return nil, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return nil, errors.New("a date is not YYYY-MM-DD")
	}
	return int64(math.Floor(float64(t.Unix()) / 86400)), nil
}

func list(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return text(s)
}

// text is v as JSON, for values that came from JSON a moment ago.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
