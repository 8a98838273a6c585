package catalogue

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// maxBook is how many bytes a venue's rules or calendar may have as JSON: one
// row of a feed, well within one message.
const maxBook = 30 << 10

// decode reads TOML strictly.
func decode(file string, text []byte, into any) Problems {
	err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(into)
	var strict *toml.StrictMissingError
	var bad *toml.DecodeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &strict):
		var all Problems
		for _, e := range strict.Errors {
			line, _ := e.Position()
			all = append(all, Problem{File: file, Line: line, Column: strings.Join(e.Key(), "."), Text: "no such key"})
		}
		return all
	case errors.As(err, &bad):
		line, _ := bad.Position()
		return Problems{{File: file, Line: line, Column: strings.Join(bad.Key(), "."), Text: strings.TrimPrefix(bad.Error(), "toml: ")}}
	}
	return Problems{{File: file, Text: strings.TrimPrefix(err.Error(), "toml: ")}}
}

// venues joins the default with the venues; their names must be names.
func venues[T any](file string, byDefault *T, named map[string]T) (map[string]T, Problems) {
	all := map[string]T{}
	if byDefault != nil {
		all[""] = *byDefault
	}
	var problems Problems
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if err := contract.CheckName("venue", name); err != nil {
			problems = append(problems, Problem{File: file, Text: err.Error()})
		}
		all[name] = named[name]
	}
	if len(all) == 0 {
		problems = append(problems, Problem{File: file, Text: "it has neither [default] nor a [venue.NAME]"})
	}
	return all, problems
}

// readRules reads a rule book for each venue. Its keys are those of the feed
// (circ.RuleBook), so that there is one set of names for both.
func readRules(file string, text []byte, into *map[string]json.RawMessage) Problems {
	var f struct {
		Default *map[string]any           `toml:"default"`
		Venue   map[string]map[string]any `toml:"venue"`
	}
	if p := decode(file, text, &f); p != nil {
		return p
	}
	all, problems := venues(file, f.Default, f.Venue)
	*into = map[string]json.RawMessage{}
	for _, venue := range slices.Sorted(maps.Keys(all)) {
		book, p := rules(venue, all[venue])
		if p != nil {
			p.File, p.Line = file, lineOf(text, venue, p.Column)
			problems = append(problems, *p)
		}
		(*into)[venue] = book
	}
	return problems
}

func rules(venue string, from map[string]any) (json.RawMessage, *Problem) {
	plain, err := json.Marshal(from)
	if err != nil {
		return nil, &Problem{Text: err.Error()}
	}
	var book circ.RuleBook
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&book); err != nil {
		return nil, wrongKey(err)
	}
	if p := checkRules(book); p != nil {
		return nil, p
	}
	if book.Venue == "" {
		book.Venue = venue
	}
	if book.Version == "" {
		sum := sha256.Sum256(plain)
		book.Version = fmt.Sprintf("%x", sum[:4])
	}
	return bookJSON(book)
}

func bookJSON(v any) (json.RawMessage, *Problem) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, &Problem{Text: err.Error()}
	}
	if len(b) > maxBook {
		return nil, &Problem{Text: fmt.Sprintf("one venue's part is larger than %d bytes", maxBook)}
	}
	return b, nil
}

// wrongKey tells which key the JSON reader stumbled over.
func wrongKey(err error) *Problem {
	var bad *json.UnmarshalTypeError
	if errors.As(err, &bad) {
		return &Problem{Column: bad.Field, Text: fmt.Sprintf("a %s where a %s belongs", bad.Value, bad.Type)}
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return &Problem{Column: strings.Trim(name, `"`), Text: "no such key"}
	}
	return &Problem{Text: err.Error()}
}

func checkRules(b circ.RuleBook) *Problem {
	if _, err := time.LoadLocation(b.TimeZone); err != nil || b.TimeZone == "" {
		return &Problem{Column: "timezone", Text: `want the name of a time zone, like "Europe/London"`}
	}
	if len(b.Classes) == 0 {
		return &Problem{Column: "classes", Text: "there is no class of items; give at least classes.book.days"}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Classes)) {
		c := b.Classes[name]
		if c.Days <= 0 && !c.NotLoan {
			return &Problem{Column: "classes." + name + ".days", Text: "want a loan period of at least one day, or not_for_loan = true"}
		}
		if !slices.Contains([]circ.SetRule{"", circ.SetsAll, circ.SetsNote, circ.SetsRefuse}, c.Sets) {
			return &Problem{Column: "classes." + name + ".sets", Text: `want "all", "note" or "refuse"`}
		}
	}
	for _, pattern := range b.CardTags {
		if _, err := regexp.Compile(pattern); err != nil {
			return &Problem{Column: "card_tags", Text: err.Error()}
		}
	}
	return checkPIN(b.PIN)
}

// lineOf finds a key in a venue's part of the file: the first line after its
// heading that sets the key's last word. 0 if there is none.
func lineOf(text []byte, venue, key string) int {
	if key == "" {
		return 0
	}
	word := regexp.QuoteMeta(key[strings.LastIndexByte(key, '.')+1:])
	sets := regexp.MustCompile(`(^|[\s.{,\["])` + word + `"?\s*[=\]]`)
	heading := "[default"
	if venue != "" {
		heading = "[venue." + venue
	}
	inside, n := false, 0
	for line := range strings.SplitSeq(string(text), "\n") {
		n++
		inside = inside || strings.HasPrefix(strings.TrimSpace(line), heading)
		if inside && sets.MatchString(line) {
			return n
		}
	}
	return 0
}

type dayText struct {
	Closed      bool   `toml:"closed"`
	OpenFrom    string `toml:"open_from"`
	OpenTo      string `toml:"open_to"`
	StaffedFrom string `toml:"staffed_from"`
	StaffedTo   string `toml:"staffed_to"`
}

type calendarText struct {
	Closed []toml.LocalDate   `toml:"closed"`
	Until  toml.LocalDate     `toml:"until"`
	Days   map[string]dayText `toml:"days"`
	Weekly struct {
		Sunday    dayText `toml:"sunday"`
		Monday    dayText `toml:"monday"`
		Tuesday   dayText `toml:"tuesday"`
		Wednesday dayText `toml:"wednesday"`
		Thursday  dayText `toml:"thursday"`
		Friday    dayText `toml:"friday"`
		Saturday  dayText `toml:"saturday"`
	} `toml:"weekly"`
}

func readCalendars(file string, text []byte, into *map[string]json.RawMessage) Problems {
	var f struct {
		Default *calendarText           `toml:"default"`
		Venue   map[string]calendarText `toml:"venue"`
	}
	if p := decode(file, text, &f); p != nil {
		return p
	}
	all, problems := venues(file, f.Default, f.Venue)
	*into = map[string]json.RawMessage{}
	for _, venue := range slices.Sorted(maps.Keys(all)) {
		c, p := calendar(all[venue])
		if p == nil {
			(*into)[venue], p = bookJSON(c)
		}
		if p != nil {
			p.File, p.Line = file, lineOf(text, venue, p.Column)
			problems = append(problems, *p)
		}
	}
	return problems
}

func calendar(t calendarText) (circ.Calendar, *Problem) {
	c := circ.Calendar{}
	for _, day := range t.Closed {
		if c.Closed == nil {
			c.Closed = map[string]bool{}
		}
		c.Closed[day.String()] = true
	}
	if t.Until != (toml.LocalDate{}) {
		c.Until = t.Until.String()
	}
	w := t.Weekly
	for i, d := range []dayText{w.Sunday, w.Monday, w.Tuesday, w.Wednesday, w.Thursday, w.Friday, w.Saturday} {
		if why := d.wrong(); why != "" {
			return c, &Problem{Column: "weekly." + strings.ToLower(time.Weekday(i).String()), Text: why}
		}
		c.Weekly[i] = circ.DayHours(d)
	}
	for _, date := range slices.Sorted(maps.Keys(t.Days)) {
		if _, err := time.Parse(time.DateOnly, date); err != nil {
			return c, &Problem{Column: "days." + date, Text: "is not a date like 2026-12-24"}
		}
		if why := t.Days[date].wrong(); why != "" {
			return c, &Problem{Column: "days." + date, Text: why}
		}
		if c.Days == nil {
			c.Days = map[string]circ.DayHours{}
		}
		c.Days[date] = circ.DayHours(t.Days[date])
	}
	return c, nil
}

// wrong says what is wrong with a day's hours; "" nothing.
func (d dayText) wrong() string {
	if (d.StaffedFrom == "") != (d.StaffedTo == "") || !ordered(d.StaffedFrom, d.StaffedTo) {
		return `want staffed_from and staffed_to as hours like "09:30" and "17:00", the earlier first`
	}
	if !ordered(d.OpenFrom, d.OpenTo) {
		return `want open_from and open_to as hours like "08:00" and "20:00", the earlier first`
	}
	return ""
}

// ordered says whether two hours are hours, the earlier first. An empty one is
// the day's beginning or its end, which may be written as 24:00 as well.
func ordered(from, to string) bool {
	hour := regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	if from == "" {
		from = "00:00"
	}
	if to == "" {
		to = "24:00"
	}
	return hour.MatchString(from) && (to == "24:00" || hour.MatchString(to)) && from < to
}
