package uplink

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

func TestFeedsComeInChunks(t *testing.T) {
	d := newDesk(1)
	d.rows[contract.FeedItems] = []string{"i1", "i2", "i3", "i4", "i5"}
	d.rows[contract.FeedOwn] = []string{"rules"}
	d.folds = &contract.Folded{Epoch: d.out.epoch, N: 1}
	d.connect(t)
	got := d.heard()
	for _, pull := range []string{`pull items from 0 at ""`, `pull items from 0 at "2"`, `pull items from 0 at "4"`, `pull own from 0 at ""`} {
		if strings.Count(got, pull) != 1 {
			t.Errorf("central heard %q, want %q once in it", got, pull)
		}
	}
	d.holds(t, contract.FeedItems, "i1 i2 i3 i4 i5")
	d.holds(t, contract.FeedOwn, "rules")
	if d.out.folded != *d.folds {
		t.Errorf("folded: got %+v, want %+v", d.out.folded, *d.folds)
	}
	select {
	case <-d.up.Changed():
	default:
		t.Error("nobody was told of the change")
	}

	d.change(contract.FeedItems, "i6") // the broadcast is the delta
	d.pass(t, 5*time.Second)
	d.want(t, "")
	d.change(contract.FeedOwn, "borrower") // the head asks for a pull
	d.settle(t)
	d.want(t, "")
	d.pass(t, 5*time.Second)
	d.want(t, `pull own from 1 at ""`)
	d.holds(t, contract.FeedItems, "i1 i2 i3 i4 i5 i6")
	d.holds(t, contract.FeedOwn, "rules borrower")
}

func (d *desk) holds(t *testing.T, f contract.Feed, want string) {
	t.Helper()
	if got := strings.Join(d.shelf.rows[f], " "); got != want {
		t.Errorf("feed %s: got %q, want %q", f, got, want)
	}
}

// A broadcast that did not come shows when the next one does.
func TestMissedBroadcast(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems] = []string{"i1"}
	d.connect(t)
	d.drop = func(k contract.Kind, up bool) bool { return !up }
	d.change(contract.FeedItems, "i2")
	d.drop = nothing
	d.heard()
	d.change(contract.FeedItems, "i3")
	d.settle(t)
	d.want(t, `pull items from 1 at ""`)
	d.holds(t, contract.FeedItems, "i1 i2 i3")
}

// While a pull is under way, news that does not fit is no reason for another.
func TestOnePullAtATime(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems] = []string{"i1"}
	d.connect(t)
	d.heard()
	for i := range 5 {
		d.drop = func(k contract.Kind, up bool) bool { return !up && i == 0 }
		d.change(contract.FeedItems, fmt.Sprint("more", i))
		d.drop = func(k contract.Kind, up bool) bool { return k == contract.KindChunk && !up }
		d.settle(t)
	}
	d.want(t, `pull items from 1 at ""`)
	d.drop = nothing
	d.pass(t, time.Minute)
	d.holds(t, contract.FeedItems, "i1 more0 more1 more2 more3 more4")
}

// A restored central starts a new generation, and everything is loaded anew.
func TestNewGeneration(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems] = []string{"i1", "i2", "i3"}
	d.connect(t)
	d.gen, d.rows[contract.FeedItems] = 2, []string{"j1"}
	d.head(nil)
	d.settle(t)
	d.pass(t, 5*time.Second)
	d.holds(t, contract.FeedItems, "j1")
}

func TestLostChunks(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems] = []string{"i1", "i2", "i3"}
	d.drop = lose(contract.KindChunk, false)
	d.connect(t)
	d.heard()
	d.pass(t, 40*time.Second)
	if got := d.heard(); !strings.Contains(got, `pull items from 0 at ""`) {
		t.Errorf("central heard %q, want the pull again", got)
	}
	d.drop = nothing
	d.pass(t, 3*time.Minute)
	d.holds(t, contract.FeedItems, "i1 i2 i3")
}

func TestDuplicateChunks(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems] = []string{"i1", "i2", "i3", "i4", "i5"}
	var again []Message
	d.tell = func(m Message) {
		d.wire = append(d.wire, m, m)
		again = append(again, m)
	}
	d.connect(t)
	d.wire = append(d.wire, again...)
	d.settle(t)
	d.holds(t, contract.FeedItems, "i1 i2 i3 i4 i5")
	if got := strings.Count(d.heard(), "pull items"); got != 3 {
		t.Errorf("got %d pulls, want 3", got)
	}
}

// The transfer goes on where it was, not from the beginning.
func TestPullGoesOnAfterABreak(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems] = []string{"i1", "i2", "i3", "i4", "i5"}
	left := 2
	d.drop = func(k contract.Kind, up bool) bool {
		if k == contract.KindChunk {
			left--
		}
		return k == contract.KindChunk && left < 0
	}
	d.connect(t)
	d.drop = nothing
	d.heard()
	d.connect(t)
	d.want(t, `online true, hello 1-0, pull items from 0 at "4"`)
	d.holds(t, contract.FeedItems, "i1 i2 i3 i4 i5")
}

func TestCacheInTrouble(t *testing.T) {
	d := newDesk(3)
	d.rows[contract.FeedItems] = []string{"i1"}
	d.shelf.broken = errors.New("disk I/O error")
	d.connect(t)
	d.pass(t, 10*time.Minute)
	d.agree(t) // events go on draining
	if n := strings.Count(d.log.String(), "disk I/O error"); n == 0 || n > 5 {
		t.Errorf("got %d lines in the log, want a few:\n%s", n, d.log.String())
	}
}

func TestNothingIsNew(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems], d.rows[contract.FeedOwn] = []string{"i1"}, []string{"rules"}
	d.connect(t)
	d.pass(t, time.Hour)
	if age := d.central.now().Sub(d.shelf.confirmed); age > 2*noteEvery {
		t.Errorf("the cache was last told that nothing is new %v ago, want at most %v", age, 2*noteEvery)
	}
	if !d.up.Online(d.clock.now()) {
		t.Error("offline although central answers")
	}
}

// What is a person's goes to one kiosk: a shard is never told, and not heard.
func TestShardHearsOnlyItems(t *testing.T) {
	d := newDesk(1)
	d.connect(t)
	for _, chunk := range []contract.Chunk{{Feed: contract.FeedOwn}, {Feed: contract.FeedItems, Reset: true}} {
		chunk.Statement = d.says(contract.KindChunk, contract.ShardAudience(own.Shard))
		chunk.Last, chunk.To = true, circ.FeedVersion{Generation: 9, Version: 9}
		chunk.Rows = []contract.Row{{Kind: contract.RowBorrower, Key: "x", Ver: 9}}
		send(d.central, own.ShardDt(), contract.KindChunk, chunk)
	}
	d.settle(t)
	if got := d.up.Refused(); got["b/dt: malformed"] != 2 || len(d.shelf.rows) != 0 {
		t.Errorf("got %v and the rows %v, want 2 refused and no rows", got, d.shelf.rows)
	}
}

func TestHeadGoesBack(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems] = []string{"i1", "i2"}
	d.connect(t)
	d.heard()
	d.head(func(h *contract.Head) { h.Items.Version = 1 })
	d.settle(t)
	d.pass(t, 5*time.Second)
	d.want(t, "")
	if got := d.up.Refused(); got["b/hd: back"] != 1 {
		t.Errorf("got %v, want one of b/hd: back", got)
	}
}

// A cache that finds itself damaged begins anew in the middle of a conversation,
// in which nothing else may happen for a whole night.
func TestACacheThatBeganAnewIsFilled(t *testing.T) {
	d := newDesk(0)
	d.rows[contract.FeedItems], d.rows[contract.FeedOwn] = []string{"i1"}, []string{"rules"}
	d.connect(t)
	d.pass(t, 10*time.Minute)
	d.holds(t, contract.FeedItems, "i1")
	d.shelf.have, d.shelf.rows = map[contract.Feed]circ.FeedVersion{}, map[contract.Feed][]string{}
	d.pass(t, 2*noteEvery)
	d.holds(t, contract.FeedItems, "i1")
	d.holds(t, contract.FeedOwn, "rules")
}
