package power

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/drivers"
)

// live lives an evening of so many acts: visits, a session with central now and
// then, a change of the catalogue, the kiosk switched off and on.
func (e *evening) live(acts int) {
	e.sync()
	e.begin()
	for range acts {
		e.act()
		if e.chance.IntN(4) == 0 {
			e.begin()
		}
	}
	e.finish()
}

func (e *evening) act() {
	e.clock.pass(5 * time.Second)
	switch n := e.chance.IntN(40); {
	case n < 12:
		e.lend()
	case n < 18:
		e.record("return", e.ask(circ.Return, e.some(1+e.chance.IntN(2), true)...))
	case n < 20:
		e.cancel()
	case n < 22:
		e.renew()
	case n < 27:
		e.word(n)
	case n < 30:
		e.pin(e.chance.IntN(3) == 0)
	case n < 31:
		e.expire()
	case n < 33:
		e.learn()
	case n < 37:
		e.sync()
	case n < 38:
		e.rename()
	case n < 39:
		e.off()
		e.on()
	default:
		e.call(theLedger, "new epoch", func() error { return e.ledger.NewEpoch(context.Background(), e.clock.now()) })
	}
}

// finish lets a month go by, so that old events are forgotten, and lends once
// more behind it.
func (e *evening) finish() {
	e.sync()
	for _, card := range cards {
		e.who = circ.Borrower{Card: card, Key: contract.CardKey(e.cred.CardKey, card)}
		e.pin(true)
	}
	e.clock.pass(31 * 24 * time.Hour)
	e.call(theLedger, "prune", func() error {
		_, err := e.ledger.Prune(context.Background(), e.clock.now())
		return err
	})
	e.begin()
	e.sync()
	e.record("return", e.ask(circ.Return, e.some(2, true)...))
	e.sync()
}

// lend records an issue of one to three items and sees to their tags.
func (e *evening) lend() {
	e.record("issue", e.ask(circ.Issue, e.some(1+e.chance.IntN(3), false)...))
}

// cancel takes back what this visit has lent.
func (e *evening) cancel() {
	for _, b := range e.some(len(e.books), true) {
		if e.lent[b.id] == e.visit {
			e.record("cancel", e.ask(circ.Cancel, b))
			return
		}
	}
}

// renew asks for more time for a book that this visit has not just lent.
func (e *evening) renew() {
	e.begin()
	e.record("renew", e.ask(circ.Renew, e.some(1, true)...))
}

func (e *evening) record(what string, pile []circ.Request) {
	if len(pile) == 0 {
		return
	}
	f := e.facts(pile)
	var receipts []circ.Receipt
	from := e.call(theLedger, "record "+what, func() (err error) {
		receipts, err = e.ledger.Record(context.Background(), e.clock.now(), pile, f, decide)
		return err
	})
	e.tell(from, receipts...)
	for _, r := range receipts {
		if r.Kind == circ.Issue && r.Decision.Verdict == circ.Yes {
			e.lent[r.Item] = e.visit
		}
		if r.State == circ.Pending {
			e.tags(r)
		}
	}
}

// tags makes the tags of a receipt agree with it: mostly all of them, one by
// one or together. Sometimes the item is lifted before, and the act is dropped,
// or left for later.
func (e *evening) tags(r circ.Receipt) {
	wishes, err := e.ledger.Wanted(context.Background(), e.visit, r.Open)
	must(e.t, err)
	lifted := e.chance.IntN(8)
	switch {
	case lifted == 0:
		return
	case lifted == 1:
		if e.chance.IntN(2) == 0 && len(wishes) > 0 {
			e.write(wishes[0])
		}
		e.drop(r)
		return
	case e.chance.IntN(2) == 0:
		for _, w := range wishes {
			e.write(w)
			e.settle(w)
		}
		return
	}
	for _, w := range wishes {
		e.write(w)
	}
	e.settle(wishes...)
}

func (e *evening) settle(wishes ...circ.Wish) {
	var receipts []circ.Receipt
	from := e.call(theLedger, "settle", func() (err error) {
		receipts, err = e.ledger.Settle(context.Background(), e.clock.now(), wishes...)
		return err
	})
	e.tell(from, receipts...)
}

// drop ends what its tags did not confirm; a tag that has been written all the
// same is seen the next time it lies there.
func (e *evening) drop(r circ.Receipt) {
	var out circ.Receipt
	from := e.call(theLedger, "drop", func() (err error) {
		out, err = e.ledger.Drop(context.Background(), e.clock.now(), r.Tx)
		return err
	})
	out.Decision = r.Decision
	e.tell(from, out)
	for _, uid := range r.Open {
		if r.Kind == circ.Issue && e.says(uid) == circ.Quiet {
			e.call(theLedger, "verify", func() error {
				_, err := e.ledger.Verify(context.Background(), e.clock.now(), e.visit, uid)
				return err
			})
		}
	}
}

func (e *evening) says(uid drivers.UID) circ.Security {
	for _, b := range e.books {
		for _, t := range b.tags {
			if t.uid == uid {
				return t.says
			}
		}
	}
	return ""
}

// word is what is written down for central beside acts on items.
func (e *evening) word(n int) {
	ctx, at := context.Background(), e.clock.now()
	e.call(theLedger, "a word for central", func() error {
		switch n % 5 {
		case 0:
			return e.ledger.AskRenew(ctx, at, e.visit, e.who)
		case 1:
			return e.ledger.Told(ctx, at, e.visit, e.who, circ.FeedVersion{}, []string{contract.MsgRenewedAll})
		case 2:
			return e.ledger.Notice(ctx, at, e.visit, contract.Notice{Why: "help"})
		case 3:
			return e.ledger.AskReceipt(ctx, at, e.visit, e.who, []contract.ReceiptLine{{Item: e.books[0].id, Kind: circ.Issue, Due: at.Wall}})
		default:
			set := e.ask(circ.Return, e.books[10])[0]
			set.Tags = set.Tags[:1]
			return e.ledger.LeftIncomplete(ctx, at, set, circ.FeedVersion{})
		}
	})
}

func (e *evening) pin(right bool) {
	was := e.wrong[e.who.Key]
	e.wrong[e.who.Key] = was + 1
	if right {
		delete(e.wrong, e.who.Key)
	}
	e.call(theLedger, "PIN", func() error {
		return e.ledger.PINTried(context.Background(), e.clock.now(), e.who.Key, right)
	})
}

// expire lets time go by until what is unfinished ends.
func (e *evening) expire() {
	e.begin()
	e.clock.pass(20 * time.Minute)
	var receipts []circ.Receipt
	from := e.call(theLedger, "expire", func() (err error) {
		receipts, err = e.ledger.Expire(context.Background(), e.clock.now(), e.visit)
		return err
	})
	for i := range receipts {
		if receipts[i].Kind == circ.Issue {
			receipts[i].State = circ.Pending // its borrower is not there to be told
		}
	}
	e.tell(from, receipts...)
}

// learn keeps what a tag says.
func (e *evening) learn() {
	b := e.books[e.chance.IntN(12)]
	e.call(theCache, "learn", func() error {
		_, _, err := e.cache.Learn(context.Background(), cache.Seen{UID: b.tags[0].uid, Item: b.id, Part: 1, Of: len(b.tags),
			Digest: cache.Digest([]byte(b.id)), Model: "28560-3", ReadAt: e.clock.wall})
		return err
	})
}

// rename imports a catalogue in which one title has changed.
func (e *evening) rename() {
	dir := e.t.TempDir()
	b := e.books[e.chance.IntN(len(e.books))]
	lines := strings.Split(e.items, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, string(b.id)) {
			lines[i] = strings.Replace(l, ",Title", ",A new title", 1)
		}
	}
	e.items = strings.Join(lines, "\n")
	must(e.t, os.WriteFile(filepath.Join(dir, "items.csv"), []byte(e.items), 0o600))
	e.call(theCentral, "import", func() error {
		_, err := e.central.ImportFrom(context.Background(), dir)
		return err
	})
}
