package paths

import "fmt"

// place is one kind of world: what comes first in it, how many tags the item
// has, who else acts on it, and how much may happen.
type place struct {
	model
	first kind
	budget
}

func (p place) String() string {
	what := "issue"
	if p.first == giveBack {
		what = "return"
	}
	who := "alone"
	switch {
	case p.second:
		who = "second kiosk"
	case p.staff:
		who = "staff desk"
	}
	return fmt.Sprintf("%s, %d tags, %s", what, p.tags, who)
}

func (p place) begin() state { return p.model.begin(p.first, p.budget) }

// places are all of them, each with up to two crashes. What may go wrong beside
// them is bounded by the number of tags, and more in the long form.
func places(long bool) []place {
	var all []place
	for _, first := range []kind{issue, giveBack} {
		for n := byte(1); n <= maxTags; n++ {
			for other := range 3 {
				p := place{model: model{tags: n, second: other == 1, staff: other == 2}, first: first}
				p.budget = bounds(p.model, long)
				all = append(all, p)
			}
		}
	}
	return all
}

// bounds are as wide as the time allows: with one and two tags alone, a tag may
// fail its three tries and be lifted besides. In the long form there is more of
// everything but crashes, and with one tag a third visit.
func bounds(m model, long bool) budget {
	b := budget{crashes: 2, troubles: 4 - int8(m.tags), visits: 2, others: 1, waits: 1}
	alone := !m.second && !m.staff
	switch {
	case alone && m.tags < 3:
		b.troubles = 4
	case alone:
		b.troubles = 2
	}
	if long {
		b.troubles++
		b.others++
	}
	if long && m.tags == 1 {
		b.visits++
	}
	return b
}

// wide is how much may happen on the paths that are made again in reality.
var wide = budget{crashes: 2, troubles: 4, visits: 3, others: 2, waits: 1}
