package feeds

import (
	"encoding/json"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// aDay is how far central's clock may have been ahead when it numbered a
// generation by the time.
const aDay = 24 * time.Hour

// page is how many rows are read from the record at a time.
const page = 500

// reading is one pull being answered on one snapshot of the record.
type reading struct {
	view  View
	to    Audience
	pull  contract.Pull
	head  circ.FeedVersion // of the feed, now
	start circ.FeedVersion // chunk.To: fixed by the first chunk of a load
	since uint64           // rows of at most this version are left out
	reset bool
	at    time.Time
}

// reading finds out what the kiosk needs. The version that a load arrives at
// is fixed by its first chunk; rows that change meanwhile are sent as they are
// when their turn comes, and again in the next delta.
func (f *Feeds) reading(v View, to Audience, p contract.Pull, at time.Time) (reading, error) {
	r := reading{view: v, to: to, pull: p, at: at, since: p.Have.Version}
	h, err := v.Heads()
	if err != nil {
		return r, err
	}
	r.head = h.Items
	if p.Feed == contract.FeedOwn {
		r.head = h.Own
	}
	if p.Have.Generation > uint64(at.Add(aDay).UnixMilli()) {
		return r, fmt.Errorf("%w: a generation that no central has made yet", contract.ErrMalformed)
	}
	if ahead(p.Have, r.head) || ahead(p.To, r.head) {
		return r, errAhead
	}
	r.reset = p.Have.Version == 0 || p.Have.Generation != r.head.Generation
	if p.Feed == contract.FeedOwn && !r.reset {
		keyed, err := v.Keyed(to.Kiosk)
		if err != nil {
			return r, err
		}
		r.reset = keyed > p.Have.Version
	}
	if r.reset {
		r.since = 0
	}
	r.start = r.head
	if p.Cursor != "" && p.To.Generation == r.head.Generation && p.To.Version >= r.since {
		r.start = p.To
	} else {
		r.pull.Cursor = "" // the load it belongs to cannot be finished: begin again
	}
	return r, nil
}

func ahead(have, head circ.FeedVersion) bool {
	return have.Generation == head.Generation && have.Version > head.Version || have.Generation > head.Generation
}

// section is one kind of rows of a feed: it gives rows after the cursor.
type section func(r reading, c cursor) (rows []contract.Row, after []string, more bool, err error)

func sections(f contract.Feed) []section {
	if f == contract.FeedItems {
		return []section{reading.items}
	}
	return []section{reading.books, reading.borrowers, reading.circs, reading.outcomes}
}

// chunk collects rows until room bytes are full or the feed is at its end.
// At least one row is sent, so that every chunk brings the load on.
func (r reading) chunk(room int) (contract.Chunk, error) {
	c := contract.Chunk{
		Feed: r.pull.Feed, From: r.pull.Have, To: r.start, Reset: r.reset, After: r.pull.Cursor,
		Rows: []contract.Row{},
	}
	all := sections(r.pull.Feed)
	cur, err := parseCursor(r.pull.Cursor, len(all))
	if err != nil {
		return c, err
	}
	if r.reset {
		c.From = circ.FeedVersion{}
	}
	for cur.section < len(all) {
		rows, after, more, err := all[cur.section](r, cur)
		if err != nil {
			return c, err
		}
		for i, row := range rows {
			if room -= size(row); room < 0 && len(c.Rows) > 0 {
				c.Cursor = cur.String()
				return c, nil
			}
			c.Rows = append(c.Rows, row)
			cur.count, cur.after = cur.count+1, after[i]
		}
		if !more {
			cur.section, cur.after = cur.section+1, ""
		}
	}
	c.Last, c.Total = true, cur.count
	return c, r.fold(&c)
}

// fold says on the last chunk which of the kiosk's own events the version
// contains: the version of the first chunk, for rows of that chunk may be
// older than those of the last.
func (r reading) fold(c *contract.Chunk) (err error) {
	if r.pull.Feed == contract.FeedOwn {
		c.Folded, err = r.view.Folded(r.to.Kiosk, r.start.Version)
	}
	return err
}

// size is a row's length in the chunk's JSON, closely enough.
func size(r contract.Row) int { return len(r.Data) + len(r.Key) + len(r.Kind) + 40 }

func row(kind contract.RowKind, key string, ver uint64, gone bool, data any) (contract.Row, error) {
	r := contract.Row{Kind: kind, Key: key, Ver: ver, Deleted: gone}
	if gone {
		return r, nil
	}
	var err error
	if r.Data, err = json.Marshal(data); err != nil {
		err = fmt.Errorf("write %s %s: %w", kind, key, err)
	}
	return r, err
}
