// Package bench measures the desk: a pile of tags from being put down to being
// listed and to being issued and secured, beside the least time that air and
// cable allow; whatever happens, until Chromium has painted it; and what a long
// day leaves behind. Drivers, disk and browser are real, the reader is simulated
// with the true pace of cable and air. It refuses to judge a time, which is the
// computer's as much as ours: it prints. It judges growth.
package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"nightdesk/agent/visit"
)

// pile is what lies down at once.
type pile struct {
	tags, baud int
	known      bool // the kiosk remembers the tags
}

// repetitions of each pile; the medians are told.
const repetitions = 5

// patience is the longest that a pile may take.
const patience = 20 * time.Second

func piles() (all []pile) {
	for _, baud := range []int{38400, 115200} {
		for _, tags := range []int{1, 5, 20} {
			all = append(all, pile{tags, baud, false}, pile{tags, baud, true})
		}
	}
	return all
}

// result is one pile's way.
type result struct {
	placed  time.Duration // to the last Placed
	listed  time.Duration // to every line on the screen
	secured time.Duration // to every line done
	use
}

func BenchmarkPile(b *testing.B) {
	var rows []string
	for _, p := range piles() {
		name := fmt.Sprintf("tags=%d/baud=%d/%s", p.tags, p.baud, p.memory())
		b.Run(name, func(b *testing.B) {
			var all []result
			for range repetitions * b.N {
				all = append(all, once(b, p))
			}
			m := median(all)
			rows = append(rows, line(p, m))
			report(b, p, m)
		})
	}
	table(os.Stdout, rows)
}

func (p pile) memory() string {
	if p.known {
		return "known"
	}
	return "first"
}

// once puts a pile down before a borrower who has shown the card.
func once(b *testing.B, p pile) result {
	k := newKiosk(b, p)
	if p.known {
		k.learn(b, p.tags)
	}
	ctx, stop := context.WithTimeout(b.Context(), patience)
	defer stop()
	must(b, k.desk.Handle(ctx, visit.Devices{Pads: true, HasPads: true, Scanner: true, Online: true}))
	must(b, k.desk.Handle(ctx, visit.CardShown{Read: k.clock.Now().Mono, Who: k.desk.Borrower(ada)}))
	must(b, k.look.Round(ctx))
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return k.work(ctx) })
	g.Go(func() error { return k.watch(ctx) })

	began := time.Now()
	k.cable.begin(began)
	for i, u := range uids(p.tags) {
		k.table.Put("pad", tag(u, i))
	}
	var r result
	select {
	case at := <-k.done:
		r.secured = at.Sub(began)
	case <-ctx.Done():
	}
	r.use = k.cable.end()
	stop()
	must(b, g.Wait())
	if r.secured == 0 {
		b.Fatalf("%d tags: not every line is done: %+v", p.tags, k.state.Lines)
	}
	r.listed = k.shown.Sub(began)
	for range p.tags {
		r.placed = (<-k.placed).Sub(began)
	}
	return r
}

// median takes the middle of each figure by itself, and the use of the run
// that is in the middle.
func median(all []result) result {
	mid := func(of func(result) time.Duration) time.Duration {
		slices.SortFunc(all, func(a, b result) int { return int(of(a) - of(b)) })
		return of(all[len(all)/2])
	}
	m := result{placed: mid(func(r result) time.Duration { return r.placed }), listed: mid(func(r result) time.Duration { return r.listed })}
	m.secured = mid(func(r result) time.Duration { return r.secured })
	m.use = all[len(all)/2].use
	return m
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

func report(b *testing.B, p pile, m result) {
	least := least(p)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(m.listed), "ms-listed")
	b.ReportMetric(ms(m.secured), "ms-secured")
	b.ReportMetric(ms(least.secured), "ms-bound")
	b.ReportMetric(ratio(m.secured, least.secured), "x-bound")
	b.ReportMetric(float64(m.exchanges())/float64(p.tags), "exchanges/tag")
}

const header = "tags\tbaud\ttag\tplaced\tlisted\tbound\tsecured\tbound\tratio\tgaps\tratio with gaps\tbusy\tpauses\tinv/info/read/write"

func line(p pile, m result) string {
	l := least(p)
	return fmt.Sprintf("%d\t%d\t%s\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.2f\t%.0f\t%.2f\t%.0f\t%.0f\t%d/%d/%d/%d",
		p.tags, p.baud, p.memory(), ms(m.placed), ms(m.listed), ms(l.listed), ms(m.secured), ms(l.secured),
		ratio(m.secured, l.secured), ms(l.gaps()), ratio(m.secured, l.secured+l.gaps()), ms(m.busy), ms(m.pauses),
		m.inventories, m.infos, m.reads, m.writes)
}

func table(w io.Writer, rows []string) {
	fmt.Fprintf(w, "\nA pile of tags, medians of %d, in ms. Bound: air and cable with the read-back; gaps: the reader's %v after each answer, not in it.\n",
		repetitions, psst)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, header+"\t")
	for _, r := range rows {
		fmt.Fprintln(t, r+"\t")
	}
	t.Flush()
}
