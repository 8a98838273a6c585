package disk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/drivers"
)

// answers are what was asked and what was said; an error is no answer.
type answers map[string]string

func (a answers) note(question string, said any, err error) {
	if err != nil {
		return
	}
	text, err := json.Marshal(said)
	if err != nil {
		text = []byte(err.Error())
	}
	a[question] = string(text)
}

// against finds the first question that was answered otherwise than in truth.
// A question without an answer is none.
func (a answers) against(truth answers) string {
	for question, said := range a {
		if want, asked := truth[question]; !asked || said != want {
			return fmt.Sprintf("%s: got %.300s, want %.300s", question, said, want)
		}
	}
	return ""
}

// book is what both the ledger and its careless twin can be asked.
type book interface {
	Unsent(ctx context.Context, limit int) (contract.Batch, error)
	Wanted(ctx context.Context, visit circ.Visit, uids []drivers.UID) ([]circ.Wish, error)
	Lent(ctx context.Context, item circ.ItemID) (ledger.Lent, error)
}

// ask asks whatever the kiosk asks to act, to send and to draw.
func (w *town) ask(b book) answers {
	a, ctx := answers{}, context.Background()
	batch, err := b.Unsent(ctx, 1000)
	a.note("unsent", [][]byte{bytes.Join(batch.Raw(), []byte{'\n'}), batch.Prev[:], batch.Epoch[:]}, err)
	for _, visit := range []circ.Visit{w.visit, uuid.Nil} {
		wishes, err := b.Wanted(ctx, visit, allTags())
		a.note("wanted "+visit.String(), wishes, err)
	}
	for n := range books {
		lent, err := b.Lent(ctx, item(n))
		a.note("lent "+string(item(n)), lent, err)
	}
	if l, whole := b.(*ledger.Ledger); whole {
		w.askMore(ctx, l, a)
	}
	return a
}

func (w *town) askMore(ctx context.Context, l *ledger.Ledger, a answers) {
	p, err := l.Position(ctx)
	a.note("position", p, err)
	for from := p.First; err == nil && from <= p.Last; {
		var b contract.Batch
		b, err = l.From(ctx, from, 100)
		a.note(fmt.Sprint("from ", from), bytes.Join(b.Raw(), []byte{'\n'}), err)
		from = b.To + 1
	}
	for n := range 8 {
		s, err := l.PINTries(ctx, w.now, w.reader(n).Key)
		a.note(fmt.Sprint("tries of ", n), s, err)
		var own circ.Own
		_, err = l.Record(ctx, w.now, []circ.Request{{Tx: ledger.NewTx(), Kind: circ.Issue, Item: item(n), Who: w.reader(n)}}, circ.Facts{},
			func(_ circ.Moment, _ circ.Request, f circ.Facts) circ.Decision {
				own = f.Own
				return circ.Decision{Verdict: circ.No}
			})
		a.note(fmt.Sprint("own of ", n), own, err)
	}
	w.askWriting(ctx, l, a)
}

// askWriting asks what changes the ledger: who is in doubt, and what has expired.
func (w *town) askWriting(ctx context.Context, l *ledger.Ledger, a answers) {
	for _, u := range allTags() {
		told, err := l.Verify(ctx, w.now, w.visit, u)
		a.note("verify "+u.String(), told, err)
	}
	receipts, err := l.Resume(ctx, w.now, w.reader(1).Key, uuid.UUID{1}, func(circ.ItemID) bool { return false })
	a.note("resume", receipts, err)
	later := w.now
	later.Wall, later.Mono = later.Wall.Add(time.Hour), later.Mono+time.Hour
	receipts, err = l.Expire(ctx, later, uuid.Nil)
	a.note("expire", receipts, err)
	entries, err := l.Entries(ctx, 1000)
	for i := range entries {
		entries[i].Tx = circ.Tx{} // some are made on the spot
	}
	a.note("entries afterwards", entries, err)
}
