package bench

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// times are how long one thing took, each time.
type times []time.Duration

// at is a time that the share q of all, or a little more, did not exceed.
func (t times) at(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t))
	return sorted[min(len(t)-1, int(q*float64(len(t))))]
}

func (t times) metrics(b *testing.B, name string) {
	b.ReportMetric(ms(t.at(0.5)), "p50-ms-"+name)
	b.ReportMetric(ms(t.at(0.99)), "p99-ms-"+name)
	b.ReportMetric(ms(t.at(1)), "max-ms-"+name)
}

// record is the table that is printed at the end.
type record struct {
	before string // load average
	clocks []string
	rows   []string // of times
	sizes  []string // of what must not grow
}

func (r *record) time(what string, t times, target string) {
	r.rows = append(r.rows, fmt.Sprintf("%s\t%d\t%.0f\t%.0f\t%.0f\t%s\t%s\t", what, len(t), ms(t.at(0.5)), ms(t.at(0.99)), ms(t.at(1)), target, load()))
}

// size tells how something grew, and fails the benchmark if it grew too much:
// that is no matter of how fast a computer is.
func (r *record) size(b *testing.B, what string, before, after float64, unit string, judged bool) {
	b.Helper()
	grown := 100 * (after - before) / before
	target := ""
	if judged {
		target = fmt.Sprintf("< %d %%", mostGrowth)
		b.ReportMetric(grown, "%-"+strings.ReplaceAll(what, " ", "-"))
	}
	r.sizes = append(r.sizes, fmt.Sprintf("%s\t%.4g %s\t%.4g %s\t%+.1f %%\t%s\t", what, before, unit, after, unit, grown, target))
	if judged && grown >= mostGrowth {
		b.Errorf("%s has grown from %.4g to %.4g %s, by %.0f %%", what, before, after, unit, grown)
	}
}

// mostGrowth is how much a desk may grow in a long day, in per cent.
const mostGrowth = 20

// clock notes how well the two clocks were known at the start and how far they
// have moved since.
func (r *record) clock(of string, p *page) {
	p.b.Helper()
	end := p.compare()
	r.clocks = append(r.clocks, fmt.Sprintf("%s: the page's clock is %+.2f ms (±%.2f) from ours, corrected; it moved by %+.2f ms (±%.2f)",
		of, ms(p.apart.ahead), ms(p.apart.unsure), ms(end.ahead-p.apart.ahead), ms(end.unsure+p.apart.unsure)))
}

func (r *record) print(w io.Writer, l library) {
	fmt.Fprintf(w, "\n%d items in the cache: filled in %.1f s, %.0f MB. %d processors, load average %s before and %s after.\n",
		titles, l.took.Seconds(), float64(l.bytes)/1e6, runtime.NumCPU(), r.before, load())
	for _, c := range r.clocks {
		fmt.Fprintln(w, c)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(r.rows) > 0 {
		fmt.Fprintln(t, "\nms until it is painted\tn\tp50\tp99\tmax\tp99 wanted\tload\t")
	}
	for _, row := range r.rows {
		fmt.Fprintln(t, row)
	}
	t.Flush()
	if len(r.sizes) > 0 {
		fmt.Fprintln(t, "\ngrowth\tbefore\tafter\t\twanted\t")
	}
	for _, row := range r.sizes {
		fmt.Fprintln(t, row)
	}
	t.Flush()
}

// load is the load average of the last minute (proc_loadavg(5)).
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
