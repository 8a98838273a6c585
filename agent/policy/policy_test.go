package policy_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the tests run where no zone files are

	"nightdesk/agent/circ"
	"nightdesk/agent/policy"
	"nightdesk/drivers"
)

// The desk of the tests: Tuesday 3 March 2026, 14:00 in London, central heard
// an hour ago and not at the moment.
const (
	book  circ.ItemID = "1001"
	other circ.ItemID = "9999"
)

// desk is one question with everything that could matter said in its favour.
// A test row changes one thing.
type desk struct {
	at    circ.Moment
	req   circ.Request
	facts circ.Facts
	rules circ.RuleBook
	item  circ.ItemFacts
	who   circ.BorrowerFacts
}

func london(t testing.TB) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func newDesk(t testing.TB) *desk {
	now := time.Date(2026, 3, 3, 14, 0, 0, 0, london(t))
	return &desk{
		at: circ.Moment{Wall: now, Mono: time.Minute, Quality: circ.Synced},
		req: circ.Request{
			Kind: circ.Issue, Item: book, Who: circ.Borrower{Card: "4001"}, Usage: 0x10, Owner: "GB-LEI",
			Tags: []circ.SeenTag{{UID: drivers.UID{0xE0, 4}, Part: 1, Of: 1}},
		},
		facts: circ.Facts{AsOf: now.Add(-time.Hour)},
		rules: circ.RuleBook{
			Version: "r7", Owners: []string{"GB-LEI"},
			Classes: map[string]circ.ClassRule{
				"book": {Days: 21, ByCat: map[string]int{"child": 28}, Renewals: 5, Limit: 12},
				"":     {Days: 14, Renewals: 1},
			},
			Categories: map[string]circ.CategoryRule{"adult": {Limit: 24}, "child": {Limit: 10}, "": {Limit: 3}},
		},
		item: circ.ItemFacts{Known: true, Title: "Treasure Island", Class: "book", Owner: "GB-LEI"},
		who:  circ.BorrowerFacts{Category: "adult", AgeBand: 18, Expires: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)},
	}
}

// known puts what the desk was told where Decide looks for it.
func (d *desk) known() circ.Facts {
	f := d.facts
	if f.Rules == nil {
		f.Rules = &d.rules
	}
	if f.Borrower == nil {
		f.Borrower = &d.who
	}
	if f.Items == nil {
		f.Items = map[circ.ItemID]circ.ItemFacts{book: d.item}
	}
	return f
}

func (d *desk) decide(t testing.TB) circ.Decision {
	return policy.Rules{Zone: london(t)}.Decide(d.at, d.req, d.known())
}

// decideUnknownCard asks for a card that the cache does not know.
func (d *desk) decideUnknownCard(t testing.TB) circ.Decision {
	f := d.known()
	f.Borrower = nil
	return policy.Rules{Zone: london(t)}.Decide(d.at, d.req, f)
}

func online(d *desk)      { d.facts.Online = true }
func old(days int) ruling { return func(d *desk) { d.facts.AsOf = d.at.Wall.AddDate(0, 0, -days) } }
func usage(u byte) ruling { return func(d *desk) { d.req.Usage = u } }
func own(o circ.OwnItem) ruling {
	return func(d *desk) { d.facts.Own.Items = map[circ.ItemID]circ.OwnItem{book: o} }
}

func weekly(day time.Weekday, h circ.DayHours) ruling {
	return func(d *desk) { d.facts.Calendar.Weekly[day] = h }
}

func class(change func(*circ.ClassRule)) ruling {
	return func(d *desk) {
		r := d.rules.Classes["book"]
		change(&r)
		d.rules.Classes["book"] = r
	}
}

// parts puts that many of a set on the pad.
func parts(n, of int) ruling {
	return func(d *desk) {
		d.req.Tags = nil
		for i := 1; i <= n; i++ {
			d.req.Tags = append(d.req.Tags, circ.SeenTag{UID: drivers.UID{0xE0, byte(i)}, Part: i, Of: of})
		}
	}
}

type ruling func(*desk)

func all(rs ...ruling) ruling {
	return func(d *desk) {
		for _, r := range rs {
			r(d)
		}
	}
}

// issueRow changes one thing. The desk as it stands lends: so whatever a row
// changes is what refuses.
type issueRow struct {
	name  string
	given ruling
	want  circ.Reason
	shelf circ.Shelf
}

func checkIssues(t *testing.T, rows []issueRow) {
	t.Helper()
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			tt.given(d)
			got := d.decide(t)
			if got.Reason != tt.want || got.Shelf != tt.shelf {
				t.Errorf("got %s, shelf %s; want %s, shelf %s", got.Reason, got.Shelf, tt.want, tt.shelf)
			}
			if want := map[bool]circ.Verdict{true: circ.Yes, false: circ.No}[tt.want == circ.OK]; got.Verdict != want {
				t.Errorf("got verdict %s, want %s", got.Verdict, want)
			}
		})
	}
}

func TestIssueByCard(t *testing.T) {
	checkIssues(t, []issueRow{
		{"as it stands", func(*desk) {}, circ.OK, circ.TakeIt},

		{"no card", func(d *desk) { d.req.Who = circ.Borrower{} }, circ.BorrowerMissing, circ.OnTheShelf},
		{"blocked", func(d *desk) { d.who.Blocked = true }, circ.BorrowerBlocked, circ.OnTheShelf},
		{"category that borrows nothing", func(d *desk) { d.rules.Categories["adult"] = circ.CategoryRule{Limit: 9, NoIssue: true} }, circ.BorrowerBlocked, circ.OnTheShelf},
		{"category without a rule", func(d *desk) { delete(d.rules.Categories, "adult"); delete(d.rules.Categories, "") }, circ.NoRules, circ.OnTheShelf},
		{"expired yesterday", func(d *desk) { d.who.Expires = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) }, circ.BorrowerExpired, circ.OnTheShelf},
		{"last day of membership", func(d *desk) { d.who.Expires = time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC) }, circ.OK, circ.TakeIt},
		{"membership without end", func(d *desk) { d.who.Expires = time.Time{} }, circ.OK, circ.TakeIt},

		{"one below the limit", func(d *desk) { d.who.Loans = 23 }, circ.OK, circ.TakeIt},
		{"at the limit", func(d *desk) { d.who.Loans = 24 }, circ.ItemLimit, circ.OnTheShelf},
		{"at the limit with this pile", func(d *desk) { d.who.Loans, d.facts.Own.Loans = 20, 4 }, circ.ItemLimit, circ.OnTheShelf},
		{"returned here, not folded yet", func(d *desk) { d.who.Loans, d.facts.Own.Loans = 24, -1 }, circ.OK, circ.TakeIt},
		{"at the limit of the class", func(d *desk) { d.who.ByClass = map[string]int{"book": 12} }, circ.ItemClassLimit, circ.OnTheShelf},
		{"at the limit of the class with this pile", func(d *desk) {
			d.who.ByClass, d.facts.Own.ByClass = map[string]int{"book": 9}, map[string]int{"book": 3}
		}, circ.ItemClassLimit, circ.OnTheShelf},
		{"as many of another class", func(d *desk) { d.who.ByClass = map[string]int{"dvd": 12} }, circ.OK, circ.TakeIt},
	})
}

func TestIssueByItem(t *testing.T) {
	checkIssues(t, []issueRow{
		{"item not for loan", func(d *desk) { d.item.NotLoan = true }, circ.ItemReference, circ.OnTheShelf},
		{"class not for loan", class(func(r *circ.ClassRule) { r.NotLoan = true }), circ.ItemReference, circ.OnTheShelf},
		{"class without a loan period", class(func(r *circ.ClassRule) { r.Days = 0 }), circ.NoRules, circ.OnTheShelf},
		{"class not named falls back", func(d *desk) { d.item.Class = "map" }, circ.OK, circ.TakeIt},
		{"class not named and no fallback", func(d *desk) { d.item.Class = "map"; delete(d.rules.Classes, "") }, circ.NoRules, circ.OnTheShelf},
		{"tag: reference", usage(0x20), circ.ItemReference, circ.OnTheShelf},
		{"tag: reference, qualified", usage(0x21), circ.ItemReference, circ.OnTheShelf},
		{"tag: acquisition", usage(0x01), circ.ItemWithdrawn, circ.HelpShelf},
		{"tag: discarded", usage(0x70), circ.ItemWithdrawn, circ.HelpShelf},
		{"tag: scrapped", usage(0x73), circ.ItemWithdrawn, circ.HelpShelf},
		{"tag: a borrower's card", usage(0x80), circ.ItemIsCard, circ.KeepIt},
		{"tag: does not say", usage(0), circ.OK, circ.TakeIt},
		{"tag: equipment", usage(0x90), circ.OK, circ.TakeIt},
		{"tag: no offline issue", usage(0x13), circ.ItemNotNow, circ.OnTheShelf},
		{"tag: neither offline", usage(0x15), circ.ItemNotNow, circ.OnTheShelf},
		{"tag: no offline return", usage(0x14), circ.OK, circ.TakeIt},
		{"tag: no offline issue, online", all(usage(0x13), online), circ.OK, circ.TakeIt},
		{"tag: neither offline, online", all(usage(0x15), online), circ.OK, circ.TakeIt},

		{"item for adults, adult", func(d *desk) { d.item.AgeLimit = 18 }, circ.OK, circ.TakeIt},
		{"item for adults, child", func(d *desk) { d.item.AgeLimit, d.who.AgeBand = 18, 16 }, circ.ItemAge, circ.OnTheShelf},
		{"class for adults, child", all(class(func(r *circ.ClassRule) { r.AgeLimit = 15 }), func(d *desk) { d.who.AgeBand = 12 }), circ.ItemAge, circ.OnTheShelf},
		{"age not known", func(d *desk) { d.item.AgeLimit, d.who.AgeBand = 5, 0 }, circ.ItemAge, circ.OnTheShelf},

		{"reserved by another", func(d *desk) { d.item.Hold = circ.HoldOther }, circ.ItemHeld, circ.HoldShelf},
		{"reserved by this card", func(d *desk) { d.item.Hold = circ.HoldYours }, circ.OK, circ.TakeIt},
		{"on loan to another", func(d *desk) { d.item.OnLoan = true }, circ.ItemOnOtherCard, circ.HelpShelf},
		{"lent here to another a moment ago", own(circ.OwnItem{OnLoan: true}), circ.ItemOnOtherCard, circ.HelpShelf},
		{"on loan in the cache, but returned here", all(func(d *desk) { d.item.OnLoan = true }, own(circ.OwnItem{})), circ.OK, circ.TakeIt},

		{"another library's, says the tag", func(d *desk) { d.req.Owner = "GB-XYZ" }, circ.ItemForeign, circ.HelpShelf},
		{"another library's, says the cache", func(d *desk) { d.req.Owner, d.item.Owner = "", "GB-XYZ" }, circ.ItemForeign, circ.HelpShelf},
		{"the tag wins over the cache", func(d *desk) { d.item.Owner = "GB-XYZ" }, circ.OK, circ.TakeIt},
		{"any owner will do", func(d *desk) { d.req.Owner, d.rules.Owners = "GB-XYZ", nil }, circ.OK, circ.TakeIt},
		{"nobody says whose", func(d *desk) { d.req.Owner, d.item.Owner = "", "" }, circ.OK, circ.TakeIt},

		{"unknown item", func(d *desk) { d.req.Item = other }, circ.ItemUnknown, circ.HelpShelf},
		{"unknown item, venue lends them", func(d *desk) { d.req.Item = other; d.rules.Unknown.IssueItem = true }, circ.OK, circ.TakeIt},

		{"part missing", parts(2, 3), circ.ItemParts, circ.HelpShelf},
		{"all parts", parts(3, 3), circ.OK, circ.TakeIt},
		{"more parts than a borrower's set", parts(17, 17), circ.ItemParts, circ.HelpShelf},
		{"more parts than this venue's", all(parts(3, 3), func(d *desk) { d.rules.MaxParts = 2 }), circ.ItemParts, circ.HelpShelf},
		{"shown by barcode", func(d *desk) { d.req.Tags = nil }, circ.OK, circ.TakeIt},
	})
}

func TestIssueByHours(t *testing.T) {
	staffed := weekly(time.Tuesday, circ.DayHours{StaffedFrom: "09:30", StaffedTo: "17:00"})
	staffOnly := class(func(r *circ.ClassRule) { r.StaffOnly = true })
	checkIssues(t, []issueRow{
		{"staff hours only, staff here", all(staffOnly, staffed), circ.OK, circ.TakeIt},
		{"staff hours only, nobody here", staffOnly, circ.ItemNotNow, circ.OnTheShelf},
		{"staff hours only, after hours", all(staffOnly, staffed, func(d *desk) { d.at.Wall = d.at.Wall.Add(3 * time.Hour) }), circ.ItemNotNow, circ.OnTheShelf},
		{"staff hours only, clock in doubt", all(staffOnly, staffed, func(d *desk) { d.at.Quality = circ.Restored }), circ.ItemNotNow, circ.OnTheShelf},
		{"staff hours only, holiday", all(staffOnly, staffed, func(d *desk) { d.facts.Calendar.Closed = map[string]bool{"2026-03-03": true} }), circ.ItemNotNow, circ.OnTheShelf},
	})
}

func TestIssueByAgeOfCache(t *testing.T) {
	checkIssues(t, []issueRow{
		{"central never spoke", func(d *desk) { d.facts.AsOf = time.Time{} }, circ.NoRules, circ.OnTheShelf},
		{"cache two days old", old(2), circ.OK, circ.TakeIt},
		{"cache two days old, many lent", all(old(2), func(d *desk) { d.facts.Own.Offline = 9 }), circ.OK, circ.TakeIt},
		{"cache four days old", old(4), circ.OK, circ.TakeIt},
		{"cache four days old, five lent", all(old(4), func(d *desk) { d.facts.Own.Offline = 5 }), circ.ItemOfflineLimit, circ.OnTheShelf},
		{"the venue caps at two", all(old(4), func(d *desk) { d.facts.Own.Offline, d.rules.Offline.MaxItems = 2, 2 }), circ.ItemOfflineLimit, circ.OnTheShelf},
		{"the venue trusts its cache longer", all(old(4), func(d *desk) { d.facts.Own.Offline, d.rules.Offline.FullDays = 5, 7 }), circ.OK, circ.TakeIt},
		{"cache fifteen days old", old(15), circ.CacheTooOld, circ.OnTheShelf},
		{"cache fifteen days old, venue allows", all(old(15), func(d *desk) { d.rules.Offline.CappedDays = 30 }), circ.OK, circ.TakeIt},
		{"cache fifteen days old, online", all(old(15), online), circ.OK, circ.TakeIt},
		{"cache four days old, five lent, online", all(old(4), online, func(d *desk) { d.facts.Own.Offline = 5 }), circ.OK, circ.TakeIt},

		{"no open day ahead", func(d *desk) {
			for i := range d.facts.Calendar.Weekly {
				d.facts.Calendar.Weekly[i].Closed = true
			}
		}, circ.NoRules, circ.OnTheShelf},
	})
}

func TestIssueOfWhatIsYours(t *testing.T) {
	due := time.Date(2026, 3, 20, 23, 59, 59, 0, london(t))
	for name, given := range map[string]ruling{
		"in the cache": func(d *desk) { d.item.OnLoan, d.item.Yours, d.item.Due = true, true, due },
		"from here":    own(circ.OwnItem{OnLoan: true, Yours: true, Due: due}),
		"at the limit": func(d *desk) { d.item.OnLoan, d.item.Yours, d.item.Due, d.who.Loans = true, true, due, 24 },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			given(d)
			got := d.decide(t)
			if got.Verdict != circ.Already || got.Reason != circ.ItemAlreadyYours || !got.Due.Equal(due) {
				t.Errorf("got %+v, want already yours, due as before: an issue is no renewal", got)
			}
		})
	}
}

func TestIssueToUnknownCard(t *testing.T) {
	tests := []struct {
		name  string
		given ruling
		want  circ.Reason
	}{
		{"the rule says no", func(*desk) {}, circ.BorrowerUnknown},
		{"the rule says yes", func(d *desk) { d.rules.Unknown.IssueBorrower = true }, circ.OK},
		{"two are enough", func(d *desk) { d.rules.Unknown.IssueBorrower = true; d.facts.Own.Offline = 2 }, circ.ItemOfflineLimit},
		{"one is enough here", func(d *desk) {
			d.rules.Unknown = circ.UnknownRule{IssueBorrower: true, MaxItems: 1}
			d.facts.Own.Offline = 1
		}, circ.ItemOfflineLimit},
		{"nothing for adults", func(d *desk) { d.rules.Unknown.IssueBorrower = true; d.item.AgeLimit = 12 }, circ.ItemAge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			tt.given(d)
			got := d.decideUnknownCard(t)
			if got.Reason != tt.want {
				t.Errorf("got %s, want %s", got.Reason, tt.want)
			}
			if got.Verdict == circ.Yes && len(got.Flags) == 0 {
				t.Error("staff are not told that the card was not known")
			}
		})
	}
}

func TestStanding(t *testing.T) {
	tests := []struct {
		name    string
		given   ruling
		want    circ.Reason
		service string
	}{
		{"as it stands", func(*desk) {}, circ.OK, policy.Full},
		{"blocked", func(d *desk) { d.who.Blocked = true }, circ.BorrowerBlocked, policy.Full},
		{"expired", func(d *desk) { d.who.Expires = d.at.Wall.AddDate(0, 0, -1) }, circ.BorrowerExpired, policy.Full},
		{"cache four days old", old(4), circ.OK, policy.Capped},
		{"cache fifteen days old", old(15), circ.CacheTooOld, policy.ReturnsOnly},
		{"cache fifteen days old, online", all(old(15), online), circ.OK, policy.Full},
		{"central never spoke", func(d *desk) { d.facts.AsOf = time.Time{} }, circ.NoRules, policy.ReturnsOnly},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			tt.given(d)
			why, service := policy.Rules{Zone: london(t)}.Standing(d.at, d.known())
			if why != tt.want || service != tt.service {
				t.Errorf("got %s, %s; want %s, %s", why, service, tt.want, tt.service)
			}
		})
	}
	f := newDesk(t).known()
	f.Borrower = nil
	if why, _ := (policy.Rules{}).Standing(newDesk(t).at, f); why != circ.BorrowerUnknown {
		t.Errorf("got %s for a card that the cache does not know", why)
	}
}
