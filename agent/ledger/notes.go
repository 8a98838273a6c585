package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// ErrFull says that the disk is full: what is left of it is for returns.
var ErrFull = errors.New("the disk is full, and only returns are written")

// note is an event that is no act on an item.
type note struct {
	kind contract.EventType
	what string // tells it from others of its kind in the same visit
	feed circ.FeedVersion
	data func(seal func(circ.Borrower) contract.Sealed) any
}

// AskRenew writes down that a borrower asks for everything to be renewed. It
// changes no loan here: central decides of each and tells the borrower by a
// message. Asking again in the same visit writes nothing. ErrFull, ErrDoubt.
func (l *Ledger) AskRenew(ctx context.Context, at circ.Moment, visit circ.Visit, who circ.Borrower) error {
	err := l.note(ctx, "ask-renew", at, visit, note{kind: contract.RenewAsked,
		data: func(seal func(circ.Borrower) contract.Sealed) any { return contract.RenewAll{Who: seal(who)} }})
	if err != nil {
		return fmt.Errorf("ask for renewals: %w", err)
	}
	return nil
}

// Told writes down which messages have been shown to their borrower. feed is
// the version of the facts that they came from. Messages that stay until what
// they tell of is over (contract.Passing) need no word. ErrFull, ErrDoubt.
func (l *Ledger) Told(ctx context.Context, at circ.Moment, visit circ.Visit, who circ.Borrower, feed circ.FeedVersion, codes []string) error {
	var passing []string
	for _, code := range codes {
		if contract.Passing(code) {
			passing = append(passing, code)
		}
	}
	if len(passing) == 0 {
		return nil
	}
	passing = contract.SortMessages(passing)
	err := l.note(ctx, "told", at, visit, note{kind: contract.BorrowerTold, what: strings.Join(passing, " "), feed: feed,
		data: func(seal func(circ.Borrower) contract.Sealed) any {
			return contract.Told{Who: seal(who), Codes: passing}
		}})
	if err != nil {
		return fmt.Errorf("note that messages were told: %w", err)
	}
	return nil
}

// LeftIncomplete writes down that a set was brought back with parts missing
// and left: return.incomplete, whose loan stays open, while nothing is wanted of
// its tags. It takes from the reserve, as returns do. The same set in the same
// visit is told once. ErrDoubt.
func (l *Ledger) LeftIncomplete(ctx context.Context, at circ.Moment, set circ.Request, feed circ.FeedVersion) error {
	n := note{kind: contract.ReturnIncomplete, what: string(set.Item), feed: feed,
		data: func(seal func(circ.Borrower) contract.Sealed) any {
			d := contract.Returned{Item: set.Item, Began: at.Wall.UTC(), Shelf: circ.HelpShelf,
				Flags: []circ.Reason{circ.SetIncomplete}, Tags: refs(set.Tags)}
			if set.Who.Known() {
				d.Who = seal(set.Who)
			}
			return d
		}}
	err := l.write(ctx, "left-incomplete", func(w *writer) error {
		w.once(at, set.Visit, n)
		return w.err
	})
	if err != nil {
		return fmt.Errorf("note a set with parts missing: %w", err)
	}
	return nil
}

// maxNoticed is how many items a notice names.
const maxNoticed = 40

// Notice tells staff of something that no transaction tells. The same in the
// same visit is told once. ErrFull, ErrDoubt.
func (l *Ledger) Notice(ctx context.Context, at circ.Moment, visit circ.Visit, n contract.Notice) error {
	n.Items = n.Items[:min(len(n.Items), maxNoticed)]
	what := []string{string(n.Why), n.Device}
	for _, item := range n.Items {
		what = append(what, string(item))
	}
	slices.Sort(what[2:])
	err := l.note(ctx, "notice", at, visit, note{kind: contract.StaffNotice, what: strings.Join(what, "/"),
		data: func(func(circ.Borrower) contract.Sealed) any { return n }})
	if err != nil {
		return fmt.Errorf("tell staff of %s: %w", n.Why, err)
	}
	return nil
}

// AskReceipt writes down that a borrower wants these lines by e-mail, in one
// commit. A list of more than contract.MaxReceiptLines is several events. The
// same lines in the same visit are asked for once. ErrFull, ErrDoubt.
func (l *Ledger) AskReceipt(ctx context.Context, at circ.Moment, visit circ.Visit, who circ.Borrower, lines []contract.ReceiptLine) error {
	var notes []note
	for part := range slices.Chunk(lines, contract.MaxReceiptLines) {
		var what strings.Builder
		what.WriteString(strconv.Itoa(len(notes)))
		for _, line := range part {
			fmt.Fprintf(&what, "/%s %s", line.Kind, line.Item)
		}
		notes = append(notes, note{kind: contract.ReceiptWanted, what: what.String(),
			data: func(seal func(circ.Borrower) contract.Sealed) any {
				return contract.ReceiptAsked{Who: seal(who), Lines: part}
			}})
	}
	if err := l.note(ctx, "ask-receipt", at, visit, notes...); err != nil {
		return fmt.Errorf("ask for a receipt by e-mail: %w", err)
	}
	return nil
}

func (l *Ledger) note(ctx context.Context, step string, at circ.Moment, visit circ.Visit, notes ...note) error {
	if len(notes) == 0 {
		return nil
	}
	if !l.hasReserve(ctx) {
		return ErrFull
	}
	return l.write(ctx, step, func(w *writer) error {
		for _, n := range notes {
			w.once(at, visit, n)
		}
		return w.err
	})
}

// once appends a note's event, unless this visit has it already. What was said
// gives the transaction its name, so central knows a repetition too.
func (w *writer) once(at circ.Moment, visit circ.Visit, n note) {
	tx := NewTx()
	if visit != (circ.Visit{}) {
		tx = uuid.NewSHA1(visit, []byte(string(n.kind)+"/"+n.what))
	}
	var said int
	w.row(&said, "SELECT count(*) FROM event WHERE tx = ?", tx[:])
	if w.err != nil || said > 0 {
		return
	}
	data := n.data(func(who circ.Borrower) contract.Sealed { return w.seal(circ.Request{Tx: tx, Who: who}, n.kind) })
	w.event(at, n.kind, tx, visit, n.feed, "", data)
}
