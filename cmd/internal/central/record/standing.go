package record

import (
	"fmt"
	"time"

	"nightdesk/agent/circ"
)

// standing flags what the rules would have said no to. The loan stands all
// the same (rows 6, 7, 11, 12, 14 to 16).
func (a act) standing(it Item, b Borrower, l Loan, v *verdict) error {
	rules, err := a.tx.Rules(a.stored.Venue)
	if err != nil {
		return err
	}
	a.membership(rules, b, v)
	lendable(rules, it, b, v)
	if err := a.limits(rules, b, l, v); err != nil {
		return err
	}
	return a.holds(l, v)
}

func (a act) membership(rules *circ.RuleBook, b Borrower, v *verdict) {
	if b.Blocked {
		v.flag(circ.BorrowerBlocked, "the card was blocked when this arrived; the kiosk did not know it yet")
		v.tell = string(circ.BorrowerBlocked)
	}
	if b.Expires != "" && a.at.In(Zone(rules)).Format(time.DateOnly) > b.Expires {
		v.flag(circ.BorrowerExpired, "the membership had ended on "+b.Expires+"; ask the borrower to renew it")
		v.tell = string(circ.BorrowerExpired)
	}
}

func lendable(rules *circ.RuleBook, it Item, b Borrower, v *verdict) {
	class := classRule(rules, it.Class)
	if it.Gone {
		v.flag(circ.ItemWithdrawn, "the catalogue no longer has this item; look whether it was withdrawn by mistake")
	}
	if it.NotLoan || class.NotLoan {
		v.flag(circ.ItemReference, "it is not for loan; recall it if need be")
	}
	if limit := max(it.Age, class.AgeLimit); limit > 0 && !b.Stub && b.AgeBand < limit {
		v.urgent = true
		v.flag(circ.ItemAge, fmt.Sprintf("it is for %d years and over, and the borrower is younger as far as known", limit))
	}
}

// limits counts what the card has besides this loan.
func (a act) limits(rules *circ.RuleBook, b Borrower, l Loan, v *verdict) error {
	all, ofClass, err := a.tx.CountLoans(l.Card, l.Class)
	if err != nil {
		return err
	}
	if limit := categoryRule(rules, b.Category).Limit; limit > 0 && all+1 > limit {
		v.flag(circ.ItemLimit, fmt.Sprintf("the card now has %d loans of %d allowed", all+1, limit))
	}
	if limit := classRule(rules, l.Class).Limit; limit > 0 && ofClass+1 > limit {
		v.flag(circ.ItemClassLimit, fmt.Sprintf("the card now has %d loans of this class, of %d allowed", ofClass+1, limit))
	}
	return nil
}

// holds fulfils this card's hold (row 13), or flags that another's is passed over (row 12).
func (a act) holds(l Loan, v *verdict) error {
	waiting, err := a.tx.Holds(l.Item)
	if err != nil {
		return err
	}
	for _, h := range waiting {
		if h.Card == l.Card {
			h.Filled = l.Tx
			return a.tx.PutHold(h)
		}
	}
	for _, h := range waiting {
		if h.Ready != "" {
			h.Ready = "" // it is on the reservation shelf no more
			if err := a.tx.PutHold(h); err != nil {
				return err
			}
		}
	}
	if len(waiting) > 0 {
		v.flag(HoldTaken, "another borrower waits for this item and keeps the place in the queue; tell them")
	}
	return nil
}

// renewable flags what stood against a renewal that stands (row 29).
func (a act) renewable(l Loan, v *verdict) error {
	rules, err := a.tx.Rules(a.stored.Venue)
	if err != nil {
		return err
	}
	waiting, err := a.tx.Holds(l.Item)
	if err != nil {
		return err
	}
	if len(waiting) > 0 {
		v.flag(RenewHold, "renewed though another borrower waits for it; recall it if need be")
	}
	if rules != nil && l.Renewals > classRule(rules, l.Class).Renewals {
		v.flag(circ.RenewLimit, fmt.Sprintf("renewed %d times, more than the rules allow", l.Renewals))
	}
	b, _, err := a.tx.Borrower(l.Card)
	if err == nil {
		a.membership(rules, b, v)
	}
	return err
}

func classRule(r *circ.RuleBook, class string) circ.ClassRule {
	if r == nil {
		return circ.ClassRule{}
	}
	if c, ok := r.Classes[class]; ok {
		return c
	}
	return r.Classes[""]
}

func categoryRule(r *circ.RuleBook, category string) circ.CategoryRule {
	if r == nil {
		return circ.CategoryRule{}
	}
	if c, ok := r.Categories[category]; ok {
		return c
	}
	return r.Categories[""]
}

// Zone is the venue's time zone; UTC if the rules name none that is known here.
func Zone(r *circ.RuleBook) *time.Location {
	if r == nil {
		return time.UTC
	}
	z, err := time.LoadLocation(r.TimeZone)
	if err != nil {
		return time.UTC
	}
	return z
}
