package policy

import (
	"slices"

	"nightdesk/agent/circ"
)

// issue asks, in this order: can anything be lent to this card, has it got the
// item already, may this item be lent, may one more be lent. "Already" comes
// before the limits: nobody is told "too many" about what is theirs.
func (c question) issue() circ.Decision {
	if c.book == nil {
		return no(circ.NoRules)
	}
	if !c.req.Who.Known() {
		return no(circ.BorrowerMissing)
	}
	if why := c.lendable(); why != circ.OK {
		return no(why)
	}
	onLoan, yours, due, _ := c.facts.State(c.req.Item)
	if onLoan && yours {
		return circ.Decision{Verdict: circ.Already, Reason: circ.ItemAlreadyYours, Due: due, Shelf: circ.TakeIt}
	}
	for _, rule := range []func() circ.Reason{c.tags, c.ownership, c.itemRules, c.age, c.elsewhere, c.limits} {
		if why := rule(); why != circ.OK {
			return no(why)
		}
	}
	d := c.lend()
	if d.Verdict == circ.Yes && c.unseenParts() == circ.SetsNote {
		d.Flags = append(d.Flags, circ.ItemCheckParts)
	}
	return d
}

// lend is the yes, with its due date.
func (c question) lend() circ.Decision {
	due, ok := c.due(c.period())
	if !ok {
		return no(circ.NoRules)
	}
	d := circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Due: due, Provisional: !c.at.Quality.Trusted(), Shelf: circ.TakeIt}
	if !c.item.Known {
		d.Flags = append(d.Flags, circ.ItemUnknown)
	}
	if c.facts.Borrower == nil {
		d.Flags = append(d.Flags, circ.BorrowerUnknown)
	}
	return d
}

// tags is what the tags themselves say: parts, and the type of usage.
func (c question) tags() circ.Reason {
	if c.partsMissing() || c.tooManyParts() {
		return circ.ItemParts
	}
	switch u := c.req.Usage; {
	case usageCard(u):
		return circ.ItemIsCard
	case usageWithdrawn(u):
		return circ.ItemWithdrawn
	case usageReference(u):
		return circ.ItemReference
	case (u == usageNoOfflineIssue || u == usageNoOffline) && !c.facts.Online:
		return circ.ItemNotNow
	}
	return circ.OK
}

func (c question) ownership() circ.Reason {
	if c.foreign() {
		return circ.ItemForeign
	}
	return circ.OK
}

// foreign believes the tag before the cache: two libraries may use the same
// number, but a tag names its owner.
func (c question) foreign() bool {
	owner := c.req.Owner
	if owner == "" {
		owner = c.item.Owner
	}
	return c.book != nil && owner != "" && len(c.book.Owners) > 0 && !slices.Contains(c.book.Owners, owner)
}

func (c question) itemRules() circ.Reason {
	if !c.item.Known && !c.book.Unknown.IssueItem {
		return circ.ItemUnknown
	}
	class, ok := c.class()
	switch {
	case c.item.NotLoan || class.NotLoan:
		return circ.ItemReference
	case !ok || c.period() < 1:
		return circ.NoRules
	case class.StaffOnly && !c.staffed():
		return circ.ItemNotNow
	case c.unseenParts() == circ.SetsRefuse:
		return circ.ItemParts
	}
	return circ.OK
}

// unseenParts is the rule for a set with parts that no tag vouches for;
// circ.SetsAll when there are none.
func (c question) unseenParts() circ.SetRule {
	if c.book == nil || len(c.item.Untagged(c.req.Tags)) == 0 {
		return circ.SetsAll
	}
	class, _ := c.class()
	return class.Sets
}

// age refuses as well when the borrower's age is not known.
func (c question) age() circ.Reason {
	class, _ := c.class()
	limit, age := max(class.AgeLimit, c.item.AgeLimit), 0
	if b := c.facts.Borrower; b != nil {
		age = b.AgeBand
	}
	if age < limit {
		return circ.ItemAge
	}
	return circ.OK
}

// elsewhere is whether somebody else has the item, or waits for it.
func (c question) elsewhere() circ.Reason {
	if onLoan, _, _, _ := c.facts.State(c.req.Item); onLoan {
		return circ.ItemOnOtherCard
	}
	if c.item.Hold == circ.HoldOther {
		return circ.ItemHeld
	}
	return circ.OK
}

func (c question) limits() circ.Reason {
	cat, ok := c.category()
	class, _ := c.class()
	loans, byClass := c.facts.Own.Loans, c.facts.Own.ByClass[c.item.Class]
	if b := c.facts.Borrower; b != nil {
		loans, byClass = loans+b.Loans, byClass+b.ByClass[c.item.Class]
	}
	switch unknown := c.facts.Borrower == nil; {
	case !ok:
		return circ.NoRules
	case loans >= cat.Limit:
		return circ.ItemLimit
	case class.Limit > 0 && byClass >= class.Limit:
		return circ.ItemClassLimit
	case unknown && c.facts.Own.Offline >= or(c.book.Unknown.MaxItems, defaultUnknownItems):
		return circ.ItemOfflineLimit
	case c.offered() == Capped && c.facts.Own.Offline >= or(c.book.Offline.MaxItems, defaultOfflineItems):
		return circ.ItemOfflineLimit
	}
	return circ.OK
}

// period is the loan period in days of this class for this category.
func (c question) period() int {
	class, _ := c.class()
	if b := c.facts.Borrower; b != nil {
		if n, ok := class.ByCat[b.Category]; ok {
			return n
		}
	}
	return class.Days
}

// partsMissing counts distinct part numbers, not tags: two tags may claim to
// be the same part. An item shown by its barcode has no tags to count.
func (c question) partsMissing() bool {
	of, seen := 0, map[int]bool{}
	for _, t := range c.req.Tags {
		of = max(of, t.Of)
		seen[t.Part] = true
	}
	return len(c.req.Tags) > 0 && len(seen) < of
}

func (c question) tooManyParts() bool {
	for _, t := range c.req.Tags {
		if t.Of > or(c.book.MaxParts, defaultMaxParts) {
			return true
		}
	}
	return false
}

// renew needs the loan to be this card's. The new due date is never earlier
// than the old one.
func (c question) renew() circ.Decision {
	if c.book == nil {
		return keep(circ.NoRules)
	}
	if !c.req.Who.Known() {
		return keep(circ.BorrowerMissing)
	}
	if why := c.lendable(); why != circ.OK {
		return keep(why)
	}
	onLoan, yours, due, renewals := c.facts.State(c.req.Item)
	class, ok := c.class()
	switch {
	case !onLoan || !yours:
		return keep(circ.NotYourItem)
	case c.item.Hold == circ.HoldOther:
		return keep(circ.ItemHeld)
	case !ok || c.period() < 1:
		return keep(circ.NoRules)
	case renewals >= class.Renewals:
		return keep(circ.RenewLimit)
	}
	d := c.lend()
	if d.Verdict == circ.Yes && d.Due.Before(due) {
		d.Due = due
	}
	return d
}

// keep refuses to renew: whatever the reason, the item stays where it is.
func keep(why circ.Reason) circ.Decision {
	return circ.Decision{Verdict: circ.No, Reason: why, Shelf: circ.KeepIt}
}

// cancel takes back what this kiosk lent to this card and central does not
// know yet. The ledger sees to it that the tags are armed first, and so all of
// them must be there.
func (c question) cancel() circ.Decision {
	if c.partsMissing() {
		return keep(circ.SetIncomplete)
	}
	if own := c.facts.Own.Items[c.req.Item]; !c.req.Who.Known() || !own.OnLoan || !own.Yours {
		return keep(circ.NotYourItem)
	}
	return circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Shelf: circ.OnTheShelf}
}
