package policy

import "nightdesk/agent/circ"

// giveBack takes nearly everything: what lies in the building is a fact, and
// a borrower who brings a thing back is not sent away with it.
func (c question) giveBack() circ.Decision {
	if usageCard(c.req.Usage) {
		return no(circ.ItemIsCard)
	}
	if c.partsMissing() {
		return no(circ.SetIncomplete)
	}
	if c.foreign() && c.book.Foreign != "help" {
		return keep(circ.ItemForeign)
	}
	d := circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Shelf: circ.Bin}
	for _, n := range c.notices() {
		d.Flags = append(d.Flags, n.flag)
		d.Shelf = graver(d.Shelf, n.shelf)
	}
	if c.surelyIn() && len(c.req.Tags) == 0 {
		d.Verdict, d.Reason = circ.Already, circ.ItemNotOnLoan
	}
	return d
}

// notice is what staff should know of a return that is taken all the same.
type notice struct {
	flag  circ.Reason
	shelf circ.Shelf
}

func (c question) notices() []notice {
	var out []notice
	add := func(is bool, flag circ.Reason, shelf circ.Shelf) {
		if is {
			out = append(out, notice{flag, shelf})
		}
	}
	u := c.req.Usage
	add(c.foreign(), circ.ItemForeign, circ.HelpShelf)
	add(c.book == nil, circ.NoRules, circ.Bin)
	add(c.book != nil && !c.item.Known, circ.ItemUnknown, circ.HelpShelf)
	add(usageWithdrawn(u), circ.ItemWithdrawn, circ.HelpShelf)
	add((u == usageNoOfflineReturn || u == usageNoOffline) && !c.facts.Online, circ.NoOfflineReturn, circ.HelpShelf)
	sets := c.unseenParts()
	add(sets == circ.SetsNote, circ.ItemCheckParts, circ.Bin)
	add(sets == circ.SetsRefuse, circ.ItemCheckParts, circ.HelpShelf)
	add(c.item.Hold != circ.NoHold, circ.ItemHeld, circ.HoldShelf)
	add(c.notOnLoan(), circ.ItemNotOnLoan, circ.Bin)
	return out
}

// notOnLoan is true when the facts say so. Of an item that they do not know
// they say nothing.
func (c question) notOnLoan() bool {
	_, own := c.facts.Own.Items[c.req.Item]
	onLoan, _, _, _ := c.facts.State(c.req.Item)
	return (own || c.item.Known) && !onLoan
}

// surelyIn is notOnLoan without the doubt that another kiosk has lent the item
// since the cache was made. Only then may a return by barcode be answered
// "already": a return that nobody wrote down would be lost.
func (c question) surelyIn() bool {
	_, own := c.facts.Own.Items[c.req.Item]
	return c.notOnLoan() && (own || c.facts.Online)
}

// graver is the shelf on which more care is taken.
func graver(a, b circ.Shelf) circ.Shelf {
	care := map[circ.Shelf]int{circ.Bin: 1, circ.HoldShelf: 2, circ.HelpShelf: 3}
	if care[b] > care[a] {
		return b
	}
	return a
}
