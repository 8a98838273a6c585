package catalogue

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/central/record"
)

func read(t *testing.T, name, text string) (Set, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Read([]string{path})
}

func TestReadItems(t *testing.T) {
	got, err := read(t, "items.csv", "\uFEFFtitle,item,parts,tagged,age,not_for_loan,owner,class\n"+
		"\"Emma, a novel\",B2,,,,,,book\n Alien ,B1, disc 1 ; disc 2 ; booklet ,2,18,yes,GB-UkLiC,dvd\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []record.Item{
		{ID: "B1", Title: "Alien", Class: "dvd", Owner: "GB-UkLiC", Parts: []string{"disc 1", "disc 2", "booklet"}, Tagged: 2, Age: 18, NotLoan: true},
		{ID: "B2", Title: "Emma, a novel", Class: "book"},
	}
	if d := cmp.Diff(want, got.Items); d != "" {
		t.Error(d)
	}
	if got.Borrowers != nil || got.Rules != nil {
		t.Error("files that were not read are not nil")
	}
}

func TestReadHolds(t *testing.T) {
	got, err := read(t, "holds.csv", "item,card,ready\nB2,C9,main\nB1,C1,\nB2,C3,\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []record.Hold{{Item: "B1", Card: "C1", Rank: 1}, {Item: "B2", Card: "C3", Rank: 2}, {Item: "B2", Card: "C9", Rank: 1, Ready: "main"}}
	if d := cmp.Diff(want, got.Holds); d != "" {
		t.Error(d)
	}
}

const goodPolicy = `
[default]
timezone = "Europe/London"
card_tags = ["^[0-9]{8}$"]
[default.classes.book]
days = 21
[venue.syston]
timezone = "Europe/London"
version = "2026-1"
[venue.syston.classes.""]
days = 7
days_by_category = {child = 14}
[venue.syston.offline]
full_days = 5
`

func TestReadRules(t *testing.T) {
	got, err := read(t, "policy.toml", goodPolicy)
	if err != nil {
		t.Fatal(err)
	}
	var book, syston circ.RuleBook
	if err := json.Unmarshal(got.Rules[""], &book); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got.Rules["syston"], &syston); err != nil {
		t.Fatal(err)
	}
	if book.Classes["book"].Days != 21 || len(book.Version) != 8 {
		t.Errorf("got %+v", book)
	}
	if syston.Classes[""].ByCat["child"] != 14 || syston.Offline.FullDays != 5 || syston.Version != "2026-1" || syston.Venue != "syston" {
		t.Errorf("got %+v", syston)
	}
}

func TestReadCalendar(t *testing.T) {
	got, err := read(t, "calendar.toml", `
[venue.syston]
closed = [2026-12-25, 2026-12-26]
until = 2027-12-31
weekly.sunday = {closed = true}
weekly.monday = {staffed_from = "09:30", staffed_to = "17:00"}
weekly.tuesday = {open_from = "08:00", open_to = "24:00"}
days.2026-12-24 = {open_to = "12:00"}
`)
	if err != nil {
		t.Fatal(err)
	}
	var c circ.Calendar
	if err := json.Unmarshal(got.Calendars["syston"], &c); err != nil {
		t.Fatal(err)
	}
	want := circ.Calendar{
		Closed: map[string]bool{"2026-12-25": true, "2026-12-26": true}, Until: "2027-12-31",
		Weekly: [7]circ.DayHours{{Closed: true}, {StaffedFrom: "09:30", StaffedTo: "17:00"}, {OpenFrom: "08:00", OpenTo: "24:00"}},
		Days:   map[string]circ.DayHours{"2026-12-24": {OpenTo: "12:00"}},
	}
	if d := cmp.Diff(want, c); d != "" {
		t.Error(d)
	}
}

// Every fault is told with its place.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"items.csv", "", "items.csv:1: there is no header line"},
		{"items.csv", "item,titel\n", "items.csv:1: titel: no such column"},
		{"items.csv", "item,titel\n", "items.csv:1: title: the column is missing"},
		{"items.csv", "item,item,title\n", "items.csv:1: item: the column is there twice"},
		{"items.csv", "item,title\nB1,Emma\nB1,Emma\n", "items.csv:3: item: is on line 2 already"},
		{"items.csv", "item,title\n\"B1\",\"a\nb\"\n,x\n", "items.csv:4: item: is empty"},
		{"items.csv", "item,title\nB1\n", "items.csv:2: wrong number of fields"},
		{"items.csv", "item,title\nB1,\"Em\"ma\n", "items.csv:2: extraneous"},
		{"items.csv", "item,title,not_for_loan\nB1,Emma,perhaps\n", `items.csv:2: not_for_loan: "perhaps" is neither yes nor no`},
		{"items.csv", "item,title\nB\t1,Emma\n", "items.csv:2: item: holds a control character"},
		{"items.csv", "item,title\nB1,\xff\n", "items.csv: it is not UTF-8"},
		{"items.csv", "item,title\n" + strings.Repeat("B", 70) + ",x\n", "items.csv:2: item: longer than 64 bytes"},
		{"items.csv", "item,title,parts,tagged\nB1,Emma,box,2\n", "items.csv:2: tagged: says 2, and parts names only 1"},
		{"items.csv", "item,title,parts,tagged\nB1,Emma,box,-1\n", `items.csv:2: tagged: "-1" is not a number of parts`},
		{"holds.csv", "item,card,ready\nB1,555,yes please\n", `holds.csv:2: ready: "yes please" is not the name of a venue`},
		{"borrowers.csv", "card,mail\n1,a@b.example\n", "borrowers.csv:2: mail: holds an address; want yes or no"},
		{"borrowers.csv", "card,expires\n1,31.12.2027\n", `borrowers.csv:2: expires: "31.12.2027" is not a date`},
		{"borrowers.csv", "card,age_band\n1,old\n", `borrowers.csv:2: age_band: "old" is not a number of years`},
		{"borrowers.csv", "card\n555\n555\n", "borrowers.csv:3: card: is on line 2 already"},
		{"policy.toml", "[default]\ntimezone = 3\n", "policy.toml:2: timezone: a number where a string belongs"},
		{"policy.toml", strings.Replace(goodPolicy, "full_days", "full_dayz", 1), "policy.toml:14: full_dayz: no such key"},
		{"policy.toml", strings.Replace(goodPolicy, `"Europe/London"`, `"Europe/Syston"`, 1), "policy.toml:3: timezone: want the name of a time zone"},
		{"policy.toml", strings.Replace(goodPolicy, "days = 21", "days = 0", 1), "policy.toml:6: classes.book.days: want a loan period"},
		{"policy.toml", strings.Replace(goodPolicy, "[0-9]", "[0-9", 1), "policy.toml:4: card_tags: error parsing regexp"},
		{"policy.toml", "x = \n", "policy.toml:1"},
		{"policy.toml", "[defaults]\n", "policy.toml:1: defaults: no such key"},
		{"policy.toml", "", "policy.toml: it has neither [default] nor"},
		{"policy.toml", "[venue.\"A B\"]\n", `policy.toml: venue "A B": want 1 to 40`},
		{"calendar.toml", "[default]\nclosed = [\"Christmas\"]\n", "calendar.toml:2"},
		{"calendar.toml", "[default]\nweekly.monday = {staffed_from = \"9:30\", staffed_to = \"8:00\"}\n", "calendar.toml:2: weekly.monday: want staffed_from"},
		{"calendar.toml", "[default]\nweekly.monday = {open_from = \"20:00\", open_to = \"08:00\"}\n", "calendar.toml:2: weekly.monday: want open_from and open_to"},
		{"calendar.toml", "[default]\nweekly.monday = {open_to = \"8 o'clock\"}\n", "calendar.toml:2: weekly.monday: want open_from and open_to"},
		{"calendar.toml", "[default]\ndays.christmas = {closed = true}\n", "calendar.toml:2: days.christmas: is not a date"},
		{"calendar.toml", "[default]\ndays.2026-12-24 = {staffed_from = \"09:30\"}\n", "calendar.toml:2: days.2026-12-24: want staffed_from"},
		{"policy.toml", strings.Replace(goodPolicy, "days = 21", "days = 21\nsets = \"some\"", 1), `policy.toml:7: classes.book.sets: want "all", "note" or "refuse"`},
		{"catalogue.csv", "item\n", "rename it"},
	} {
		_, err := read(t, c.file, c.text)
		if err == nil {
			t.Errorf("%s %q: got no error", c.file, c.text)
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: got %q, want %q in it", c.file, c.text, err, c.want)
		}
		if strings.Contains(err.Error(), "555") {
			t.Errorf("%q tells a card number", err)
		}
	}
}

func TestManyFaultsAreNotAllTold(t *testing.T) {
	_, err := read(t, "items.csv", "item,title\n"+strings.Repeat(",x\n", 30))
	if err == nil || !strings.HasSuffix(err.Error(), "and 20 more") || strings.Count(err.Error(), "\n") != shown {
		t.Errorf("got %v", err)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("item,title\nB1,\"Emma\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var items []record.Item
		if p := readItems("items.csv", text, &items); p == nil {
			for _, i := range items {
				if i.ID == "" || len(i.ID) > maxField {
					t.Errorf("got item %q from %q", i.ID, text)
				}
			}
		}
	})
}
