package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Salvaged is what a new ledger has from a damaged one.
type Salvaged struct {
	First, Last uint64        // numbers of the events that there should be; Last is a guess if the chain is lost
	Guess       bool          // nobody knows how far the chain came, or what central acknowledged
	Acked       uint64        // central has every event up to here
	Events      int           // of them that are whole
	Missing     []uint64      // numbers of those that are not
	Waiting     int           // whole events that central has not acknowledged
	Renumbered  bool          // these go to central in a new epoch
	Loans       int           // kept
	Rebuilt     int           // of them made again from what an event says
	Open        int           // tags still to be confirmed
	Begun       []circ.ItemID // returns that had begun and are lost: to be put on the pad again
}

// Lost counts the missing events that central has not acknowledged.
func (s Salvaged) Lost() (n int) {
	for _, m := range s.Missing {
		if m > s.Acked {
			n++
		}
	}
	return n
}

// Check says whether a ledger file is what was written, and changes nothing.
// ErrDamaged if not.
func Check(ctx context.Context, path string) error {
	if _, err := (&Ledger{path: path}).look(ctx); err != nil {
		return fmt.Errorf("check ledger %s: %w", filepath.Base(path), err)
	}
	return nil
}

// Salvage makes a new ledger at out of every row of a damaged one that fits its
// checksum and its place in the chain. The damaged one is not touched. Where
// only events are damaged that central has acknowledged, the numbers go on;
// otherwise what central has not acknowledged gets new numbers in a new epoch.
func Salvage(ctx context.Context, path, out string, o Options) (Salvaged, error) {
	s, err := salvage(ctx, path, out, o)
	if err != nil {
		return s, fmt.Errorf("salvage ledger %s: %w", filepath.Base(path), err)
	}
	return s, nil
}

func salvage(ctx context.Context, path, out string, o Options) (Salvaged, error) {
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		return Salvaged{}, fmt.Errorf("%s is there already", filepath.Base(out))
	}
	for _, part := range []string{"-last", "-wal", "-shm"} { // of one that was interrupted
		if err := present(os.Remove(out + part)); err != nil {
			return Salvaged{}, err
		}
	}
	r, err := carve(path)
	if err != nil {
		return Salvaged{}, err
	}
	w, witnessed := readWitness(path)
	p := r.plan(w, witnessed)
	l, err := Open(ctx, out, o)
	if err != nil {
		return Salvaged{}, err
	}
	err = l.write(ctx, "salvage", func(w *writer) error {
		p.write(w, r)
		return w.err
	})
	if err := errors.Join(err, l.Close()); err != nil {
		return Salvaged{}, err
	}
	return p.said, Check(ctx, out)
}

// plan is what of the remains goes where.
type plan struct {
	said   Salvaged
	old    chain // the epoch that grew
	keep   bool  // and goes on
	serial int64
	move   []stored // into a new epoch, in order
}

func (r *remains) plan(w witness, witnessed bool) plan {
	p := plan{serial: max(w.Serial, r.totals.serial)}
	var known bool
	if p.old, known = r.current(w, witnessed); !known {
		p.old = r.newest()
	}
	c := p.old
	p.said = Salvaged{First: c.base + 1, Last: c.head, Acked: c.acked, Guess: !known}
	for n := c.base + 1; n <= c.head; n++ {
		if !r.fits(c, n) {
			p.said.Missing = append(p.said.Missing, n)
			continue
		}
		p.said.Events++
		if n > c.acked {
			p.move = append(p.move, r.events[c.epoch][n])
		}
	}
	p.said.Waiting = len(p.move)
	if cut := r.reach(c); known && cut.base <= c.acked {
		p.old, p.keep, p.move = cut, true, nil
	}
	p.said.Renumbered = !p.keep && len(p.move) > 0
	return p
}

// write fills a new ledger.
func (p *plan) write(w *writer, r remains) {
	w.totals.boots = max(w.totals.boots, r.totals.boots)
	w.totals.serial = max(w.totals.serial, p.serial)
	p.loans(w, r)
	if p.keep {
		w.delete(tableChain, "current = 1")
		p.epoch(w, r, p.old)
	} else {
		p.newEpoch(w)
	}
	p.ended(w, r)
	p.acts(w, r)
	for _, t := range r.tries {
		w.saveTry(t)
	}
}

// epoch copies an epoch as it is.
func (p *plan) epoch(w *writer, r remains, c chain) {
	w.saveChain(c)
	for n := c.base + 1; n <= c.head; n++ {
		w.insertEvent(r.events[c.epoch][n])
	}
}

// ended keeps what central has acknowledged, of this epoch and of earlier ones,
// as far as it hangs together: a restored central may ask for it.
func (p *plan) ended(w *writer, r remains) {
	var old []chain
	for epoch, c := range r.chains {
		if epoch != p.old.epoch {
			old = append(old, c)
		}
	}
	if e, there := r.events[p.old.epoch][p.old.acked]; !p.keep && there && p.old.acked > p.old.base {
		c := p.old
		c.head, c.hHash = c.acked, e.hash
		old = append(old, c)
	}
	slices.SortFunc(old, func(a, b chain) int { return int(r.events[a.epoch][a.head].at - r.events[b.epoch][b.head].at) })
	for _, c := range old {
		c.current = false
		if c = r.reach(c); c.base < c.head {
			p.epoch(w, r, c)
		}
	}
}

func (p *plan) newEpoch(w *writer) {
	c, err := currentChain(w.ctx, w.tx)
	if w.err = errors.Join(w.err, err); w.err != nil {
		return
	}
	for _, old := range p.move {
		var e contract.Event
		if w.err = json.Unmarshal(old.body, &e); w.err != nil {
			return
		}
		item := itemOf(e)
		e.N = c.head + 1
		w.append(&c, e)
		if l, found := w.loanOf(item); found && l.epoch == old.epoch && l.n == old.n {
			l.epoch, l.n = c.epoch, e.N
			w.saveLoan(l)
		}
	}
	w.saveChain(c)
}

func itemOf(e contract.Event) circ.ItemID {
	var data struct{ Item circ.ItemID }
	if json.Unmarshal(e.Data, &data) != nil {
		return ""
	}
	return data.Item
}

// loans keeps every loan, and makes those again that the events tell of and
// whose row is lost or older. Who it was only central can read.
func (p *plan) loans(w *writer, r remains) {
	loans := maps.Clone(r.loans)
	for n := p.said.First; n <= p.said.Last; n++ {
		if slices.Contains(p.said.Missing, n) {
			continue
		}
		x, is := loanSaid(r.events[p.old.epoch][n])
		if have, there := loans[x.item]; !is || there && have.epoch == x.epoch && have.n >= n {
			continue
		}
		loans[x.item] = x
		p.said.Rebuilt++
	}
	for _, l := range loans {
		w.saveLoan(l)
		p.said.Loans += int(flag(l.open))
	}
}

// loanSaid is the loan that an event leaves behind.
func loanSaid(row stored) (l loan, is bool) {
	var e contract.Event
	var d contract.Loan
	if json.Unmarshal(row.body, &e) != nil || json.Unmarshal(e.Data, &d) != nil {
		return l, false
	}
	l = loan{item: d.Item, tx: e.Tx, class: d.Class, epoch: row.epoch, n: row.n}
	switch e.Type {
	case contract.LoanIssued, contract.LoanRenewed:
		l.open, l.due = true, d.Due.UnixMilli()
	case contract.LoanReturned, contract.LoanCancelled:
	default:
		return l, false
	}
	return l, true
}

// acts keeps what is under way, unless an event says that it has ended.
func (p *plan) acts(w *writer, r remains) {
	over := map[circ.Tx]bool{}
	for _, e := range r.events[p.old.epoch] {
		switch contract.EventType(e.kind) {
		case contract.LoanReturned, contract.LoanCancelled, contract.ReturnIncomplete, contract.TagUnverified:
			over[e.tx] = true
		}
	}
	taken := map[circ.ItemID]bool{}
	for tx, a := range r.acts {
		if over[tx] || taken[a.item] {
			delete(r.acts, tx)
			continue
		}
		taken[a.item] = true
		w.saveAct(a)
	}
	for _, x := range r.wishes {
		p.wish(w, r, x, over[x.Tx])
	}
	slices.Sort(p.said.Begun)
	p.said.Begun = slices.Compact(p.said.Begun)
}

// wish keeps a wish whose act is kept. A quiet one without is a tag in doubt,
// if its loan stands; a loud one is a return that is lost.
func (p *plan) wish(w *writer, r remains, x circ.Wish, over bool) {
	_, wanted := r.acts[x.Tx]
	l, found := w.loanOf(x.Item)
	switch {
	case wanted:
		p.said.Open += 1 - w.delete(tableWish, "uid = ?", x.UID[:])
		w.saveWish(x)
	case x.Want == circ.Quiet && found && l.open && l.tx == x.Tx:
		w.saveDoubt(x)
	case x.Want == circ.Loud && !over:
		p.said.Begun = append(p.said.Begun, x.Item)
	}
}

// Replace puts a salvaged ledger in the place of the damaged one, which it
// keeps beside it under a name with the time, and says where.
func Replace(path, out string, at time.Time) (kept string, err error) {
	kept = path + ".damaged-" + strconv.FormatInt(at.Unix(), 10)
	steps := []func() error{
		func() error { return present(os.Link(witnessPath(path), witnessPath(kept))) },
		// The file goes first: without it, and with its witness, no kiosk starts.
		func() error { return present(os.Rename(path, kept)) },
		func() error { return present(os.Rename(path+"-wal", kept+"-wal")) },
		func() error { return present(os.Rename(path+"-shm", kept+"-shm")) },
		func() error { return present(os.Rename(out+"-reserve", path+"-reserve")) },
		func() error { return os.Rename(out, path) },
		func() error { return os.Rename(witnessPath(out), witnessPath(path)) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return kept, fmt.Errorf("put the salvaged ledger in place: %w", err)
		}
	}
	return kept, syncDir(filepath.Dir(path))
}

// present passes over what is not there to be moved.
func present(err error) error { return ignore(err, fs.ErrNotExist) }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
