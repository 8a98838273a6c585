package branch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
	"nightdesk/agent/policy"
	"nightdesk/agent/uplink"
	"nightdesk/cmd/internal/check"
)

// Zone is the branch's time zone.
func (b *Branch) Zone() *time.Location {
	z, err := time.LoadLocation("Europe/London")
	b.Must(err)
	return z
}

// ask is a visit's wish about some books.
func (k *Kiosk) ask(kind circ.Kind, card circ.Card, books []*Book) (pile []circ.Request) {
	v := uuid.New()
	for _, x := range books {
		r := circ.Request{Tx: ledger.NewTx(), Kind: kind, Visit: v, Item: x.ID}
		if kind == circ.Issue {
			r.Who = k.Desk.Borrower(card)
		}
		for n, uid := range x.Tags {
			r.Model = "28560-3"
			r.Tags = append(r.Tags, circ.SeenTag{UID: uid, Part: n + 1, Of: len(x.Tags), AFI: quiet})
		}
		pile = append(pile, r)
	}
	return pile
}

// Issue lends books to a card, if the rules let it: one visit. Loans whose tags
// stay on the pad are verified; half leaves each act as far as it has come.
func (k *Kiosk) Issue(card circ.Card, half bool, books ...*Book) []circ.Receipt {
	return k.visit(circ.Issue, card, half, books)
}

// Return takes books back: one visit. A return left half is no return.
func (k *Kiosk) Return(half bool, books ...*Book) []circ.Receipt {
	return k.visit(circ.Return, "", half, books)
}

func (k *Kiosk) visit(kind circ.Kind, card circ.Card, half bool, books []*Book) []circ.Receipt {
	k.T.Helper()
	ctx := context.Background()
	pile := k.ask(kind, card, books)
	var items []circ.ItemID
	for _, x := range books {
		items = append(items, x.ID)
	}
	at := k.Moment()
	f, err := k.Cache.Facts(ctx, at, k.Cred.CardKey, k.Desk.Borrower(card), items)
	k.Must(err)
	f.Online = !k.Down && k.Uplink.Online(at)
	receipts, err := k.Ledger.Record(ctx, at, pile, f, policy.Rules{Zone: k.Zone()}.Decide)
	k.Must(err)
	k.Pass(2 * time.Second)
	for i, r := range receipts {
		if r.State == circ.Pending && !half {
			receipts[i] = k.settle(ctx, r)
		}
		k.tell(card, receipts[i])
	}
	return receipts
}

// settle is the pad that has written every tag and read it back.
func (k *Kiosk) settle(ctx context.Context, r circ.Receipt) circ.Receipt {
	wishes, err := k.Ledger.Wanted(ctx, r.Visit, r.Open)
	k.Must(err)
	done, err := k.Ledger.Settle(ctx, k.Moment(), wishes...)
	k.Must(err)
	for _, d := range done {
		if d.Tx == r.Tx {
			return d
		}
	}
	k.T.Fatalf("%s of %s was not settled", r.Kind, r.Item)
	return r
}

// tell moves the book, and remembers what the borrower was told.
func (k *Kiosk) tell(card circ.Card, r circ.Receipt) {
	lent := r.Kind == circ.Issue && r.Decision.Verdict == circ.Yes && r.State != circ.Refused
	back := r.Kind == circ.Return && r.State == circ.Done && r.Decision.Verdict != circ.No
	book := k.Book(r.Item)
	switch {
	case lent:
		book.With, book.Lost = card, false
		k.Told = append(k.Told, check.Told{Item: r.Item, Kind: circ.Issue, Card: card})
	case back:
		book.With, book.Lost = "", false
		k.Told = append(k.Told, check.Told{Item: r.Item, Kind: circ.Return})
	}
}

// link is a broker in memory: what is published reaches central at once, and
// its answers wait to be received.
type link struct {
	k  *Kiosk
	in chan uplink.Message
}

func (l link) Messages() <-chan uplink.Message { return l.in }
func (l link) Done() <-chan struct{}           { return nil }
func (l link) Err() error                      { return nil }

func (l link) Publish(ctx context.Context, topic string, _ byte, _ bool, payload []byte) error {
	handle := l.k.Central.Handle
	if l.k.Wrong.Handle != nil {
		handle = l.k.Wrong.Handle
	}
	outs, err := handle(ctx, topic, payload)
	if err != nil {
		return fmt.Errorf("central: %w", err)
	}
	for _, o := range outs {
		l.in <- uplink.Message{Topic: o.Topic, Payload: o.Payload}
	}
	return nil
}

// Talk is one session with central, until nobody has anything more to say.
func (k *Kiosk) Talk() error {
	if k.Down {
		return errors.New("central is out of reach")
	}
	ctx := context.Background()
	l := link{k: k, in: make(chan uplink.Message, 256)}
	c, err := k.Uplink.Conversation(l)
	if err == nil {
		err = c.Open(ctx)
	}
	for range 4000 {
		if err != nil {
			return err
		}
		select {
		case m := <-l.in:
			err = c.Handle(ctx, m)
			k.heard()
		default:
			return nil
		}
		k.Pass(10 * time.Millisecond)
		if err == nil {
			err = c.Tick(ctx)
		}
	}
	return errors.New("the session with central does not end")
}

// Tags are the books' tags as they are, for the check: a book that somebody has
// is quiet.
func (b *Branch) Tags() (tags []check.Tag) {
	for _, x := range b.Books {
		for n, uid := range x.Tags {
			t := check.Tag{UID: uid, Item: x.ID, Part: n + 1, Of: len(x.Tags), AFI: 0x07, Says: circ.Loud}
			if x.With != "" {
				t.AFI, t.Says = quiet, circ.Quiet
			}
			if !x.Lost {
				tags = append(tags, t)
			}
		}
	}
	return tags
}

// Read takes the readings of ledger and central beside the tags' and what was
// told.
func (k *Kiosk) Read() (check.Reading, error) {
	ctx := context.Background()
	r := check.Reading{Tags: k.Tags(), Told: slices.Clone(k.Told)}
	var err error
	if r.Ledger, err = ledger.Audit(ctx, k.LedgerPath()); err != nil {
		return r, err
	}
	r.Central, err = check.AtCentral(ctx, k.Central, k.Name)
	return r, err
}
