// Package policy decides. It is a pure function from what is asked and what is
// known to yes, no or already, and why, so that every library rule is a row of
// a table test. It refuses to look anything up: rules, calendar and facts come
// with the question, the time zone with Rules, the time with the Moment.
package policy

import (
	"time"

	"nightdesk/agent/circ"
)

// Defaults of the rules that a rule book may leave at zero (design D7).
const (
	defaultFullDays     = 3
	defaultCappedDays   = 14
	defaultOfflineItems = 5
	defaultUnknownItems = 2
	defaultMaxParts     = 16
)

// What the kiosk offers as its cache grows old. The visit knows the same words.
const (
	Full        = "full"
	Capped      = "capped"
	ReturnsOnly = "returns-only"
)

// Rules decides in one venue's time zone. The rule book and the calendar are
// in the Facts, because they must be as old as the facts beside them.
type Rules struct {
	Zone *time.Location // the venue's; nil: UTC
}

// Decide answers one request. Earlier items of the same pile are already in
// f.Own. A refusal always has a reason and a shelf.
func (r Rules) Decide(at circ.Moment, req circ.Request, f circ.Facts) circ.Decision {
	c := question{Rules: r, at: at, req: req, facts: f, item: f.Items[req.Item], book: f.Rules}
	if c.book == nil || f.AsOf.IsZero() {
		c.book = nil
	}
	d := c.decide()
	if c.book != nil {
		d.Rules = c.book.Version
	}
	return d
}

// Standing says whether a card may borrow now, or why not, and what the kiosk
// offers: Full, Capped or ReturnsOnly. Facts without a borrower are those of a
// card that the cache does not know.
func (r Rules) Standing(at circ.Moment, f circ.Facts) (circ.Reason, string) {
	c := question{Rules: r, at: at, facts: f, book: f.Rules}
	if c.book == nil || f.AsOf.IsZero() {
		return circ.NoRules, ReturnsOnly
	}
	return c.lendable(), c.offered()
}

// question is one request with all that is known about it.
type question struct {
	Rules
	at    circ.Moment
	req   circ.Request
	facts circ.Facts
	item  circ.ItemFacts
	book  *circ.RuleBook // nil: central has never spoken to this kiosk
}

func (c question) decide() circ.Decision {
	switch c.req.Kind {
	case circ.Issue:
		return c.issue()
	case circ.Return:
		return c.giveBack()
	case circ.Renew:
		return c.renew()
	case circ.Cancel:
		return c.cancel()
	}
	return no(circ.ItemNotNow)
}

// offered is the ladder of design D7. While central is heard, age says nothing.
// A clock of which nothing is known but that it is wrong tells the least age
// that the cache can have; it may be more, and so not everything is offered.
func (c question) offered() string {
	o := c.book.Offline
	age := c.at.Wall.Sub(c.facts.AsOf)
	switch {
	case c.facts.Online || age <= days(o.FullDays, defaultFullDays) && c.at.Quality != circ.Unknown:
		return Full
	case age <= days(o.CappedDays, defaultCappedDays):
		return Capped
	}
	return ReturnsOnly
}

// lendable says circ.OK, or why nothing at all is lent to this card now.
func (c question) lendable() circ.Reason {
	if c.offered() == ReturnsOnly {
		return circ.CacheTooOld
	}
	b := c.facts.Borrower
	if b == nil {
		if c.book.Unknown.IssueBorrower {
			return circ.OK
		}
		return circ.BorrowerUnknown
	}
	cat, ok := c.category()
	switch {
	case b.Blocked || ok && cat.NoIssue:
		return circ.BorrowerBlocked
	case c.expired(b.Expires):
		return circ.BorrowerExpired
	case !ok:
		return circ.NoRules
	}
	return circ.OK
}

// expired is true from the day after the last day of membership. That day is
// a date, so it is read in whatever zone it was parsed in, and compared with
// the date in the venue.
func (c question) expired(last time.Time) bool {
	if last.IsZero() {
		return false
	}
	return c.local().Format(time.DateOnly) > last.Format(time.DateOnly)
}

func (c question) local() time.Time {
	if c.Zone == nil {
		return c.at.Wall.UTC()
	}
	return c.at.Wall.In(c.Zone)
}

func (c question) category() (circ.CategoryRule, bool) {
	name := ""
	if b := c.facts.Borrower; b != nil {
		name = b.Category
	}
	return named(c.book.Categories, name)
}

func (c question) class() (circ.ClassRule, bool) { return named(c.book.Classes, c.item.Class) }

// named finds the rule of a name, else the rule for names not named.
func named[R any](rules map[string]R, name string) (R, bool) {
	if r, ok := rules[name]; ok {
		return r, true
	}
	r, ok := rules[""]
	return r, ok
}

func days(n, otherwise int) time.Duration { return time.Duration(or(n, otherwise)) * 24 * time.Hour }

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

func no(why circ.Reason) circ.Decision {
	return circ.Decision{Verdict: circ.No, Reason: why, Shelf: refusedTo(why)}
}

// refusedTo is where an item goes that was not lent.
func refusedTo(why circ.Reason) circ.Shelf {
	switch why {
	case circ.ItemUnknown, circ.ItemOnOtherCard, circ.ItemForeign, circ.ItemParts, circ.SetIncomplete, circ.ItemWithdrawn:
		return circ.HelpShelf
	case circ.ItemHeld:
		return circ.HoldShelf
	case circ.ItemIsCard:
		return circ.KeepIt
	}
	return circ.OnTheShelf
}
