package ledger

import (
	"maps"
	"slices"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// remains is every row of a damaged ledger that fits its checksum.
type remains struct {
	events map[circ.Epoch]map[uint64]stored
	chains map[circ.Epoch]chain
	loans  map[circ.ItemID]loan
	acts   map[circ.Tx]act
	wishes []circ.Wish // of the tables wish and doubt: they look the same
	tries  []try
	totals totals
	counts bool // the totals are there
}

// carve reads what is left. Events are looked for in every byte, because they
// never change, so that an old copy is as good as the newest; everything else
// only where SQLite would read it too.
func carve(path string) (remains, error) {
	r := remains{events: map[circ.Epoch]map[uint64]stored{}, chains: map[circ.Epoch]chain{},
		loans: map[circ.ItemID]loan{}, acts: map[circ.Tx]act{}}
	p, err := readPages(path)
	if err != nil {
		return r, err
	}
	p.everywhere(eventFields, r.event)
	p.rows(r.row)
	return r, nil
}

// eventFields is how many columns an event has; older ones have one less.
const eventFields = 8

func (r *remains) event(c carved) {
	e, err := scanEvent(c)
	if err != nil {
		return
	}
	of := r.events[e.epoch]
	if of == nil {
		of = map[uint64]stored{}
		r.events[e.epoch] = of
	}
	if have, twice := of[e.n]; !twice || have.older {
		of[e.n] = e
	}
}

// row takes a row for what its checksum says it is.
func (r *remains) row(c carved) {
	switch len(c) {
	case 7:
		if x, err := scanWish(c); err == nil {
			r.wishes = append(r.wishes, x)
		}
	case 8:
		if x, err := scanChain(c); err == nil && x.head >= r.chains[x.epoch].head {
			r.chains[x.epoch] = x
		}
	case 9:
		if x, err := scanTry(c); err == nil {
			r.tries = append(r.tries, x)
		}
	case 10:
		r.tenColumns(c)
	}
}

func (r *remains) tenColumns(c carved) {
	if x, err := scanLoan(c); err == nil {
		if have, twice := r.loans[x.item]; !twice || have.n < x.n {
			r.loans[x.item] = x
		}
	}
	if x, err := scanAct(c); err == nil {
		r.acts[x.tx] = x
	}
	if x, err := scanTotals(c[1:]); err == nil && x.serial > r.totals.serial {
		r.totals, r.counts = x, true
	}
}

// current is the epoch that grew, from its own row or from the witness,
// whichever is newer. Without either it is not known how far it came.
func (r *remains) current(w witness, witnessed bool) (c chain, known bool) {
	for _, x := range r.chains {
		if x.current {
			c, known = x, true
		}
	}
	if witnessed && (!known || w.Serial >= r.totals.serial) {
		return w.chain(), true
	}
	return c, known
}

// newest is the epoch that was written last: the best guess.
func (r *remains) newest() (c chain) {
	for epoch, events := range r.events {
		if _, ended := r.chains[epoch]; ended || len(events) == 0 {
			continue
		}
		first := slices.Min(slices.Collect(maps.Keys(events)))
		last := slices.Max(slices.Collect(maps.Keys(events)))
		this := chain{epoch: epoch, current: true, base: first - 1, head: last, hHash: events[last].hash}
		if c.head == 0 || r.events[c.epoch][c.head].at < events[last].at {
			c = this
		}
	}
	return c
}

// fits says that an event is whole: its checksum and its link to the one before
// it, if that is there.
func (r *remains) fits(c chain, n uint64) bool {
	e, there := r.events[c.epoch][n]
	if !there {
		return false
	}
	if n == c.head && e.hash != c.hHash {
		return false
	}
	prev, known := r.hashAt(c, n-1)
	if !known {
		return !e.older
	}
	return prev.Next(n, e.body) == e.hash
}

func (r *remains) hashAt(c chain, n uint64) (contract.Hash, bool) {
	if n == c.base { // of a guess only the beginning is known
		return c.baseHash, c.base == 0 || c.baseHash != contract.Hash{}
	}
	e, there := r.events[c.epoch][n]
	return e.hash, there && !e.older
}

// reach cuts a chain off behind the last event that does not fit: its base
// moves up, as if what lies before had been pruned.
func (r *remains) reach(c chain) chain {
	n := c.head
	for n > c.base && r.fits(c, n) {
		n--
	}
	if n == c.base {
		return c
	}
	if n == c.head { // its hash is known, whatever became of the event
		c.base, c.baseHash = c.head, c.hHash
		return c
	}
	hash, known := r.hashAt(c, n)
	if !known { // the first one that fits has nothing to stand on, and is forgotten too
		n++
		hash = r.events[c.epoch][n].hash
	}
	c.base, c.baseHash = n, hash
	return c
}
