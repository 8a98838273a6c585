package disk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/torture"
)

// askCache asks all that the cache is there for, and ends where the cache says
// that it was lied to: what it says after that comes from a new file.
func (w *town) askCache(c *cache.Cache) (a answers, noticed error) {
	a = answers{}
	w.question(c, func(question string, ask func() (any, error)) bool {
		said, err := ask()
		if errors.Is(err, cache.ErrDamaged) {
			noticed = err
			return false
		}
		a.note(question, said, err)
		return true
	})
	return a, noticed
}

func (w *town) question(c *cache.Cache, ask func(string, func() (any, error)) bool) {
	ctx := context.Background()
	var all []circ.ItemID
	for n := range books {
		all = append(all, item(n))
	}
	for n := range readers {
		if !ask(fmt.Sprint("facts of ", n), func() (any, error) {
			return c.Facts(ctx, w.now, w.cred.CardKey, w.reader(n), all[n*books/readers:(n+1)*books/readers])
		}) {
			return
		}
	}
	for _, u := range allTags() {
		if !ask("recall "+u.String(), func() (any, error) {
			s, known, err := c.Recall(ctx, u)
			return []any{s, known, s.Usable(w.now.Wall)}, err
		}) {
			return
		}
	}
	_ = ask("outcomes", func() (any, error) { return c.Outcomes(ctx, 1000) }) &&
		ask("versions", func() (any, error) {
			items, own, err := c.Versions(ctx)
			return []any{items, own}, err
		}) &&
		ask("floor", func() (any, error) { return c.Floor(ctx) })
}

// opensCache tells whether a harmed cache is put aside, refuses an answer, is
// as it was, or says something that is not so.
func (e *evening) opensCache(path string, truth answers, floor time.Time) (n tally, wrong string) {
	c, err := cache.Open(context.Background(), path)
	if err != nil {
		return n, "it does not open, and the kiosk does not start: " + err.Error()
	}
	defer c.Close()
	if c.Rebuilt != nil {
		return tally{found: 1}, e.begunAnew(c, floor)
	}
	said, noticed := e.askCache(c)
	wrong = said.against(truth)
	switch {
	case noticed != nil && wrong == "":
		return tally{caught: 1}, e.begunAnew(c, floor)
	case wrong != "":
		return tally{wrong: 1}, wrong
	case len(said) < len(truth):
		return tally{other: 1}, ""
	}
	return tally{harmless: 1}, ""
}

// begunAnew wants a cache that knows nothing, is no later than it was, and takes
// again what central tells.
func (e *evening) begunAnew(c *cache.Cache, floor time.Time) string {
	ctx := context.Background()
	f, err := c.Facts(ctx, e.now, e.cred.CardKey, e.reader(1), []circ.ItemID{item(1)})
	if err != nil || f.Rules != nil || f.Borrower != nil || f.Items[item(1)].Known || f.Version != (circ.FeedVersion{}) {
		return fmt.Sprintf("a new cache says %+v, %v", f, err)
	}
	if at, err := c.Floor(ctx); err != nil || at.After(floor) {
		return fmt.Sprintf("a new cache says that it is %s at least, %v, and that was %s", at, err, floor)
	}
	title, err := json.Marshal(contract.ItemRow{Title: "Told again"})
	if err != nil {
		return err.Error()
	}
	_, err = c.Apply(ctx, contract.Chunk{Statement: contract.Statement{V: 1, Issued: e.now.Wall}, Feed: contract.FeedItems,
		To: circ.FeedVersion{Generation: 1, Version: 1}, Reset: true, Last: true, Total: 1,
		Rows: []contract.Row{{Kind: contract.RowItem, Key: string(item(1)), Ver: 1, Data: title}}})
	if err != nil {
		return "a new cache takes nothing from central: " + err.Error()
	}
	if f, err = c.Facts(ctx, e.now, nil, circ.Borrower{}, []circ.ItemID{item(1)}); err != nil || f.Items[item(1)].Title != "Told again" {
		return fmt.Sprintf("a new cache that was told says %+v, %v", f, err)
	}
	return ""
}

func (e *evening) cacheKind(i int) files {
	if i%2 == 1 {
		return e.cacheCut
	}
	return e.cacheClosed
}

// truths are what the cache answers undamaged, after a clean stop and after a
// power cut, and how late it knows it is at least.
func (e *evening) truths(t *testing.T, ask func(*cache.Cache) answers) (truth [2]answers, floor time.Time) {
	t.Helper()
	for i := range truth {
		path := e.path("true-cache.db")
		e.cacheKind(i).lay(t, path)
		c, err := cache.Open(context.Background(), path)
		must(t, err)
		truth[i] = ask(c)
		floor, err = c.Floor(context.Background())
		must(t, err)
		must(t, c.Close())
	}
	return truth, floor
}

// The cache can be had again at any time. What the disk has changed in it is
// never used: it is noticed when the file is opened or when the row is read, the
// file is put aside and a new one begun, which central fills; and the kiosk
// starts in any case. Where its log is damaged it is as it was some commits ago,
// and central tells it the rest again; that is no wrong answer.
func TestFlippedCache(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "bytes and sectors of the cache's files change", Unit: "changes",
		Target: "no changed fact is used: the cache is begun anew by itself, or nothing has changed; the kiosk starts in any case",
		Short:  500, Long: 10_000})
	e := newEvening(t, run.Stream(1))
	truth, floor := e.truths(t, func(c *cache.Cache) answers {
		a, noticed := e.askCache(c)
		must(t, noticed)
		return a
	})
	n := share(t, run, run.Count, func(worker int, r *rand.Rand, i int) (tally, string) {
		path := e.path(fmt.Sprintf("flipped-cache-%d.db", worker))
		harmed, what := e.cacheKind(i).harm(r)
		harmed.lay(t, path)
		got, wrong := e.opensCache(path, truth[i%2], floor)
		if got.wrong > 0 && strings.Contains(what, "-wal") {
			return tally{older: 1}, ""
		}
		if wrong != "" {
			wrong = what + ": " + wrong
		}
		return got, wrong
	})
	run.Reached("%d noticed at the start and %d in use, and begun anew; %d gave no answer, %d as some commits ago, %d of no account; %d changed facts",
		n.found, n.caught, n.other, n.older, n.harmless, n.wrong)
	if n.found == 0 || n.caught == 0 {
		t.Error("no cache was begun anew, at the start or in use: this rig sees nothing")
	}
}
