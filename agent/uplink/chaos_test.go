package uplink

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"nightdesk/agent/contract"
)

// Whatever gets lost, comes twice or breaks, in the end both ends agree and
// nothing was stored twice or out of order.
func TestChaos(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := newDesk(rapid.IntRange(0, 120).Draw(r, "events"))
		d.page = 1
		dice := rapid.IntRange(0, 9)
		d.drop = func(contract.Kind, bool) bool { return dice.Draw(r, "drop") < 2 }
		d.tell = func(m Message) {
			d.wire = append(d.wire, m)
			if dice.Draw(r, "twice") == 0 {
				d.wire = append(d.wire, m)
			}
		}
		d.connect(r)
		for i := range 12 {
			switch rapid.IntRange(0, 6).Draw(r, "step") {
			case 0:
				d.connect(r)
			case 1:
				d.out.record(rapid.IntRange(1, 40).Draw(r, "more"))
				d.poke(r)
			case 2:
				d.stored = d.stored[:rapid.IntRange(0, len(d.stored)).Draw(r, "restored to")]
				d.birth = uuid.New()
				d.head(nil)
			case 3:
				d.change(contract.FeedItems, fmt.Sprint("i", i))
			case 4:
				d.change(contract.FeedOwn, fmt.Sprint("o", i))
			default:
				d.pass(r, time.Duration(rapid.IntRange(1, 100).Draw(r, "seconds"))*time.Second)
			}
			d.settle(r)
		}
		d.drop = nothing
		for minutes := 0; minutes < 60 && !(d.agreed() && d.uptodate()); minutes++ {
			d.pass(r, time.Minute)
		}
		d.agree(r)
		for _, f := range []contract.Feed{contract.FeedItems, contract.FeedOwn} {
			if got, want := fmt.Sprint(d.shelf.rows[f]), fmt.Sprint(d.rows[f]); got != want {
				r.Errorf("feed %s: got %s, want %s", f, got, want)
			}
		}
	})
}

// uptodate says whether the cache holds central's newest versions.
func (d *desk) uptodate() bool {
	return d.shelf.have[contract.FeedItems] == d.version(contract.FeedItems) && d.shelf.have[contract.FeedOwn] == d.version(contract.FeedOwn)
}
