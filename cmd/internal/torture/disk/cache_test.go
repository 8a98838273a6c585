package disk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/torture"
)

// askCache asks all that the cache is there for.
func (w *town) askCache(c *cache.Cache) answers {
	a, ctx := answers{}, context.Background()
	var all []circ.ItemID
	for n := range books {
		all = append(all, item(n))
	}
	for n := range readers {
		f, err := c.Facts(ctx, w.now, w.cred.CardKey, w.reader(n), all[n*books/readers:(n+1)*books/readers])
		a.note(fmt.Sprint("facts of ", n), f, err)
	}
	for _, u := range allTags() {
		s, known, err := c.Recall(ctx, u)
		a.note("recall "+u.String(), []any{s, known, s.Usable(w.now.Wall)}, err)
	}
	outcomes, err := c.Outcomes(ctx, 1000)
	a.note("outcomes", outcomes, err)
	items, own, err := c.Versions(ctx)
	a.note("versions", []any{items, own}, err)
	floor, err := c.Floor(ctx)
	a.note("floor", floor, err)
	return a
}

// opensCache tells whether a harmed cache is put aside, refuses an answer, is
// as it was, or says something that is not so.
func (e *evening) opensCache(path string, truth answers) (n tally, wrong string) {
	c, err := cache.Open(context.Background(), path)
	if err != nil {
		return n, "it does not open, and the kiosk does not start: " + err.Error()
	}
	defer c.Close()
	if c.Rebuilt != nil {
		return tally{found: 1}, ""
	}
	said := e.askCache(c)
	switch {
	case said.against(truth) != "":
		return tally{wrong: 1}, ""
	case len(said) < len(truth):
		return tally{other: 1}, ""
	}
	return tally{harmless: 1}, ""
}

func (e *evening) cacheKind(i int) files {
	if i%2 == 1 {
		return e.cacheCut
	}
	return e.cacheClosed
}

// The cache can be had again at any time. Where its structure is damaged it is
// put aside and begun anew, or does not answer; and the kiosk starts in any case.
// Its rows have no checksums: how often a fact is another is measured here, and
// no more. Where its log is damaged it is as it was some commits ago, and central
// tells it the rest again; that is no wrong answer.
func TestFlippedCache(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "bytes and sectors of the cache's files change", Unit: "changes",
		Target: "damaged structure is noticed, the cache is begun anew, and the kiosk starts in any case; changed facts are counted",
		Short:  1000, Long: 10_000})
	e := newEvening(t, run.Stream(1))
	var truth [2]answers
	for i := range truth {
		path := e.path("true-cache.db")
		e.cacheKind(i).lay(t, path)
		c, err := cache.Open(context.Background(), path)
		must(t, err)
		truth[i] = e.askCache(c)
		must(t, c.Close())
	}
	n := share(t, run, run.Count, func(worker int, r *rand.Rand, i int) (tally, string) {
		path := e.path(fmt.Sprintf("flipped-cache-%d.db", worker))
		harmed, what := e.cacheKind(i).harm(r)
		harmed.lay(t, path)
		got, wrong := e.opensCache(path, truth[i%2])
		if wrong != "" {
			wrong = what + ": " + wrong
		}
		if got.wrong > 0 && strings.Contains(what, "-wal") {
			got = tally{older: 1}
		}
		return got, wrong
	})
	run.Reached("%d begun anew, %d gave no answer, %d as some commits ago, %d of no account; %d with a fact that is another",
		n.found, n.other, n.older, n.harmless, n.wrong)
	if n.found == 0 {
		t.Error("no cache was begun anew")
	}
}
