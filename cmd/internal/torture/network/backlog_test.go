package network

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
)

// pile is how many items one card has on loan at once in the backlog.
const pile = 20

// yes decides as a rule book does that allows everything.
func yes(at circ.Moment, req circ.Request, _ circ.Facts) circ.Decision {
	return circ.Decision{Verdict: circ.Yes, Due: at.Wall.AddDate(0, 0, 21), Rules: "r1"}
}

// past records n events as a kiosk without a network does: items shown by
// their barcodes are lent and returned again and again, some at a time. With an
// odd number of such piles the last is out.
func past(ctx context.Context, l *ledger.Ledger, cred contract.Credential, card circ.Card, items []circ.ItemID, pile, n int) error {
	boot, who := uuid.New(), circ.Borrower{Card: card, Key: contract.CardKey(cred.CardKey, card)}
	for done := 0; done < n; done += pile {
		kind, some := []circ.Kind{circ.Issue, circ.Return}[done/pile%2], done/pile/2*pile%(len(items)-pile+1)
		var reqs []circ.Request
		visit := uuid.New()
		for _, item := range items[some : some+min(pile, n-done)] {
			reqs = append(reqs, circ.Request{Tx: ledger.NewTx(), Kind: kind, Visit: visit, Who: who, Item: item})
		}
		at := circ.Moment{Wall: time.Now().Add(time.Duration(done-n) * time.Second), Mono: time.Second, Boot: boot, Quality: circ.Synced}
		receipts, err := l.Record(ctx, at, reqs, circ.Facts{}, yes)
		if err != nil {
			return err
		}
		for _, r := range receipts {
			if r.State == circ.Refused || r.State == circ.Pending {
				return fmt.Errorf("%s of %s is %s", r.Kind, r.Item.Tail(), r.State)
			}
		}
	}
	return nil
}

// backlog writes n events into the ledger of a kiosk that has not been started.
func (w *town) backlog(ctx context.Context, n int) error {
	cred, err := contract.LoadCredential(filepath.Join(w.Dir, "credential.json"))
	if err != nil {
		return err
	}
	path := agent.LedgerPath(w.Config)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	l, err := ledger.Open(ctx, path, ledger.Options{Kiosk: house.KioskName, Seal: cred.SealKey})
	if err != nil {
		return err
	}
	var items []circ.ItemID
	for _, b := range w.Stock.Books {
		items = append(items, b.ID)
	}
	return errors.Join(past(ctx, l, cred, w.Stock.People[len(w.Stock.People)-1].Card, items, pile, n-n%(2*pile)), l.Close())
}

// acknowledged is how many events central has acknowledged by now.
func (w *town) acknowledged(ctx context.Context) (uint64, error) {
	r, err := ledger.Audit(ctx, agent.LedgerPath(w.Config))
	return r.Acked[r.Epoch], err
}

// reach waits until so many events are acknowledged.
func (w *town) reach(ctx context.Context, n uint64) error {
	const most = 10 * time.Minute
	var failed error
	err := until(ctx, most, func() bool {
		began := time.Now()
		got, err := w.acknowledged(ctx)
		if failed = errors.Join(err, w.Fell()); failed == nil && got < n {
			house.Pause(ctx.Done(), 10*time.Since(began)) // looking is work, too
		}
		return failed != nil || got >= n
	})
	return errors.Join(err, failed)
}

// A kiosk that was alone for weeks gets rid of all it has, through whatever
// happens to the broker and the connections meanwhile.
func TestBacklog(t *testing.T) {
	beside(t)
	run := torture.Start(t, torture.Rig{
		Harm: "a backlog drained while the broker is killed with SIGKILL and links are cut", Unit: "events",
		Target: target + "; drained within five minutes", Short: 10_000, Long: 100_000,
	})
	w := newTown(t, run, house.Options{})
	if err := w.backlog(t.Context(), run.Count); err != nil {
		t.Fatal(err)
	}
	kills, cuts := 2, 4
	if torture.Long() {
		kills, cuts = 10, 20
	}
	for _, p := range []*house.Program{w.Broker, w.Central} {
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	if err := w.Kiosk.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var took time.Duration
	w.evening(t, run, func(ctx context.Context) error {
		if err := w.batter(ctx, run.Count, kills, cuts); err != nil {
			return err
		}
		took = time.Since(began)
		return w.Filled(ctx)
	})
	run.Reached("through %d kills of the broker and %d cuts in %.1f s, %.0f events a second", kills, cuts,
		took.Seconds(), float64(run.Count)/took.Seconds())
}

// batter kills the broker and cuts connections at even steps of the drain, and
// returns when all is acknowledged.
func (w *town) batter(ctx context.Context, events, kills, cuts int) error {
	order := make([]bool, kills+cuts) // true: a kill
	for i := range kills {
		order[i] = true
	}
	w.rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for i, kill := range order {
		if err := w.reach(ctx, uint64(events*(i+1)/(len(order)+2))); err != nil {
			return err
		}
		if err := w.blow(ctx, kill); err != nil {
			return fmt.Errorf("blow %d: %w", i+1, err)
		}
	}
	return w.reach(ctx, uint64(events-events%(2*pile)))
}

func (w *town) blow(ctx context.Context, kill bool) error {
	if !kill {
		p, err := w.cutOne(ctx)
		if p == w.Central {
			w.hurry()
		}
		return err
	}
	w.Broker.Kill()
	house.Pause(ctx.Done(), time.Duration(w.rng.IntN(300))*time.Millisecond)
	if err := w.Broker.Start(ctx); err != nil {
		return err
	}
	return errors.Join(w.relieve(ctx, w.Kiosk), w.relieve(ctx, w.Central))
}
