package policy_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nightdesk/agent/circ"
	"nightdesk/agent/policy"
	"nightdesk/drivers"
)

// reasons reads the closed list of reasons from the source of circ.
func reasons(t testing.TB) map[circ.Reason]bool {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../circ/circ.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[circ.Reason]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Reason" {
			s, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out[circ.Reason(s)] = true
		}
		return true
	})
	return out
}

var (
	kinds     = rapid.SampledFrom([]circ.Kind{circ.Issue, circ.Return, circ.Renew, circ.Cancel, "odd"})
	holds     = rapid.SampledFrom([]circ.Hold{circ.NoHold, circ.HoldOther, circ.HoldYours})
	usages    = rapid.SampledFrom([]byte{0, 1, 2, 0x10, 0x13, 0x14, 0x15, 0x20, 0x60, 0x70, 0x80, 0x90, 0xFF})
	owners    = rapid.SampledFrom([]string{"", "GB-LEI", "GB-XYZ"})
	classes   = rapid.SampledFrom([]string{"", "book", "dvd", "map"})
	groups    = rapid.SampledFrom([]string{"", "adult", "child", "nobody"})
	zones     = rapid.SampledFrom([]string{"UTC", "Europe/London", "America/St_Johns", "Pacific/Apia", "Africa/Cairo"})
	qualities = rapid.SampledFrom([]circ.ClockQuality{circ.Synced, circ.RTC, circ.Restored, circ.Unknown})
	flip      = rapid.Bool()
)

func drawCalendar(t *rapid.T, around time.Time) circ.Calendar {
	cal := circ.Calendar{Closed: map[string]bool{}}
	for _, n := range rapid.SliceOfN(rapid.IntRange(0, 120), 0, 60).Draw(t, "closed") {
		cal.Closed[around.AddDate(0, 0, n).Format(time.DateOnly)] = true
	}
	for i := range cal.Weekly {
		cal.Weekly[i] = circ.DayHours{Closed: flip.Draw(t, "weekday"), StaffedFrom: "09:00", StaffedTo: "17:00"}
	}
	return cal
}

func drawBook(t *rapid.T) *circ.RuleBook {
	n := rapid.IntRange(0, 30)
	b := &circ.RuleBook{
		Version: "r", Classes: map[string]circ.ClassRule{}, Categories: map[string]circ.CategoryRule{},
		Offline: circ.OfflineRule{FullDays: n.Draw(t, "full"), CappedDays: n.Draw(t, "capped"), MaxItems: n.Draw(t, "max")},
		Unknown: circ.UnknownRule{IssueItem: flip.Draw(t, "ui"), IssueBorrower: flip.Draw(t, "ub")},
		Foreign: rapid.SampledFrom([]string{"", "refuse", "help"}).Draw(t, "foreign"),
	}
	for _, c := range rapid.SliceOf(classes).Draw(t, "classes") {
		b.Classes[c] = circ.ClassRule{Days: n.Draw(t, "days"), Renewals: n.Draw(t, "renewals"), Limit: n.Draw(t, "limit"),
			NotLoan: flip.Draw(t, "notloan"), AgeLimit: n.Draw(t, "age"), StaffOnly: flip.Draw(t, "staff"),
			Sets: rapid.SampledFrom([]circ.SetRule{"", circ.SetsAll, circ.SetsNote, circ.SetsRefuse}).Draw(t, "sets")}
	}
	for _, c := range rapid.SliceOf(groups).Draw(t, "groups") {
		b.Categories[c] = circ.CategoryRule{Limit: n.Draw(t, "limit"), NoIssue: flip.Draw(t, "noissue")}
	}
	if flip.Draw(t, "owned") {
		b.Owners = []string{"GB-LEI"}
	}
	return b
}

func drawFacts(t *rapid.T, now time.Time) circ.Facts {
	n := rapid.IntRange(0, 30)
	f := circ.Facts{
		AsOf: now.AddDate(0, 0, -n.Draw(t, "asof")), Online: flip.Draw(t, "online"), Calendar: drawCalendar(t, now),
		Items: map[circ.ItemID]circ.ItemFacts{},
		Own:   circ.Own{Loans: n.Draw(t, "own") - 5, Offline: n.Draw(t, "offline")},
	}
	if flip.Draw(t, "rules") {
		f.Rules = drawBook(t)
	}
	if flip.Draw(t, "borrower") {
		f.Borrower = &circ.BorrowerFacts{Category: groups.Draw(t, "group"), Blocked: flip.Draw(t, "blocked"),
			Expires: now.AddDate(0, 0, n.Draw(t, "expires")-10), AgeBand: n.Draw(t, "band"), Loans: n.Draw(t, "loans")}
	}
	if flip.Draw(t, "item") {
		f.Items[book] = circ.ItemFacts{Known: true, Class: classes.Draw(t, "class"), Owner: owners.Draw(t, "owner"), AgeLimit: n.Draw(t, "age"),
			NotLoan: flip.Draw(t, "nfl"), OnLoan: flip.Draw(t, "onloan"), Yours: flip.Draw(t, "yours"), Renewals: n.Draw(t, "ren"), Hold: holds.Draw(t, "hold"),
			Parts: rapid.SliceOfN(rapid.Just("part"), 0, 6).Draw(t, "names"), Tagged: rapid.IntRange(0, 6).Draw(t, "tagged")}
	}
	if flip.Draw(t, "ownitem") {
		f.Own.Items = map[circ.ItemID]circ.OwnItem{book: {OnLoan: flip.Draw(t, "o"), Yours: flip.Draw(t, "y")}}
	}
	return f
}

func drawRequest(t *rapid.T) circ.Request {
	req := circ.Request{Kind: kinds.Draw(t, "kind"), Item: book, Usage: usages.Draw(t, "usage"), Owner: owners.Draw(t, "tagowner")}
	if flip.Draw(t, "card") {
		req.Who.Card = "4001"
	}
	of := rapid.IntRange(1, 20).Draw(t, "of")
	for _, p := range rapid.SliceOf(rapid.IntRange(1, of)).Draw(t, "parts") {
		req.Tags = append(req.Tags, circ.SeenTag{UID: drivers.UID{byte(p)}, Part: p, Of: of})
	}
	return req
}

// Whatever is asked and whatever is known: an answer is one of the three, has
// a reason from the list and a shelf; a loan ends on an open day, in the
// future; a return by a person is never turned away but for three reasons.
func TestLaws(t *testing.T) {
	list := reasons(t)
	if len(list) < 25 || !list[circ.OK] {
		t.Fatalf("read %d reasons from circ", len(list))
	}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(zones.Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(rapid.Int64Range(1.2e9, 1.9e9).Draw(t, "now"), 0)
		at := circ.Moment{Wall: now, Quality: qualities.Draw(t, "quality")}
		f, req := drawFacts(t, now), drawRequest(t)
		d := policy.Rules{Zone: zone}.Decide(at, req, f)
		checkAnswer(t, list, d)
		if d.Verdict == circ.Yes && (req.Kind == circ.Issue || req.Kind == circ.Renew) {
			checkDue(t, at, f, d, zone)
		}
		if req.Kind == circ.Return && d.Verdict == circ.No &&
			d.Reason != circ.ItemForeign && d.Reason != circ.SetIncomplete && d.Reason != circ.ItemIsCard {
			t.Fatalf("return turned away: %+v", d)
		}
		why, service := policy.Rules{Zone: zone}.Standing(at, f)
		if !list[why] || why == circ.OK && service == policy.ReturnsOnly {
			t.Fatalf("standing %s, %s", why, service)
		}
		if req.Kind == circ.Issue && d.Verdict != circ.No && why != circ.OK {
			t.Fatalf("%s lent although the card's standing is %s", d.Reason, why)
		}
	})
}

func checkAnswer(t *rapid.T, list map[circ.Reason]bool, d circ.Decision) {
	if !list[d.Reason] {
		t.Fatalf("reason %q is not in the list", d.Reason)
	}
	for _, flag := range d.Flags {
		if !list[flag] {
			t.Fatalf("flag %q is not in the list", flag)
		}
	}
	if d.Shelf == circ.NoShelf {
		t.Fatalf("nobody is told where to put it: %+v", d)
	}
	switch {
	case d.Verdict == circ.Yes && d.Reason == circ.OK:
	case d.Verdict == circ.No && d.Reason != circ.OK && d.Due.IsZero():
	case d.Verdict == circ.Already && d.Reason != circ.OK:
	default:
		t.Fatalf("verdict and reason do not fit: %+v", d)
	}
}

func checkDue(t *rapid.T, at circ.Moment, f circ.Facts, d circ.Decision, zone *time.Location) {
	day := d.Due.In(zone).Format(time.DateOnly)
	if f.Calendar.Closed[day] || f.Calendar.Weekly[d.Due.In(zone).Weekday()].Closed {
		t.Fatalf("due on %s, a closed day", day)
	}
	if !d.Due.After(at.Wall) || d.Provisional == at.Quality.Trusted() {
		t.Fatalf("due %s, provisional %v, now %s %s", d.Due, d.Provisional, at.Wall, at.Quality)
	}
}
