package power

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/check"
	"nightdesk/drivers"
)

// room is what has a file of its own on the disk.
type room string

const (
	theLedger  room = "kiosk/ledger.db"
	theCache   room = "kiosk/cache.db"
	theCentral room = "central/central.db"
)

// known is what a room holds, as it can be read through its own doors.
type known struct {
	report  ledger.Report        // the ledger's
	wrong   map[circ.CardKey]int // the ledger's: wrong PINs
	central check.Central
	print   string // all that must be equal, in one text
}

// moment is one call to a room: at which operations of the disk it began and
// was answered, and what the room held then.
type moment struct {
	what     string
	from, to int
	clock    clock
	known    known
	witness  []byte // the ledger's: the file beside it that says what was committed last
}

// said is what a borrower was told, or a tag made to say, at an operation.
type said struct {
	from int // operations when the call began whose answer this is
	op   int
	told check.Told
	tag  drivers.UID
	says circ.Security
}

// history is an evening as those remember it who do not lose power.
type history struct {
	rooms map[room][]moment
	said  []said
}

// before is what was last answered when k operations were done, and the call
// that was under way then, if any.
func (h history) before(r room, k int) (last moment, under *moment) {
	for i, m := range h.rooms[r] {
		if m.to > k {
			if m.from <= k && i > 0 {
				under = &h.rooms[r][i]
			}
			break
		}
		last = m
	}
	return last, under
}

// witness is a version of the file that lies beside the ledger and is never
// synced: the last one, an older one, none, or one without content.
func (h history) witness(r room, k int, chance *rand.Rand) []byte {
	var versions [][]byte
	for _, m := range h.rooms[r] {
		if m.to <= k && m.witness != nil {
			versions = append(versions, m.witness)
		}
	}
	n := len(versions)
	switch kind := chance.IntN(8); {
	case n == 0 || kind == 0:
		return nil
	case kind == 1:
		return make([]byte, len(versions[n-1]))
	case kind == 2:
		return versions[chance.IntN(n)]
	}
	return versions[n-1]
}

// tags are the tags' memories when k operations were done.
func (h history) tags(books []*book, k int) (tags []check.Tag) {
	says := map[drivers.UID]circ.Security{}
	for _, s := range h.said {
		if s.op <= k && s.says != "" {
			says[s.tag] = s.says
		}
	}
	for _, b := range books {
		for i, t := range b.tags {
			c := check.Tag{UID: t.uid, Item: b.id, Part: i + 1, Of: len(b.tags), Says: circ.Loud, AFI: 0x07}
			if says[t.uid] == circ.Quiet {
				c.Says, c.AFI = circ.Quiet, 0xC2
			}
			tags = append(tags, c)
		}
	}
	return tags
}

// told is what had been said by then. What was being recorded when the power
// went is in doubt: nobody has been told.
func (h history) told(k int) (told []check.Told) {
	for _, s := range h.said {
		if s.says != "" || s.from > k {
			continue
		}
		s.told.Doubt = s.told.Doubt || s.op > k
		told = append(told, s.told)
	}
	return told
}

// as is a history that begins with what was so when k operations were done.
func (h history) as(k int) history {
	then := history{rooms: map[room][]moment{}}
	for r := range h.rooms {
		last, _ := h.before(r, k)
		last.from, last.to = 0, 0
		then.rooms[r] = []moment{last}
	}
	for _, s := range h.said {
		switch {
		case s.op <= k:
			s.from, s.op = 0, 0
		case s.from <= k && s.says == "":
			s.from, s.op, s.told.Doubt = 0, 0, true
		default:
			continue
		}
		then.said = append(then.said, s)
	}
	return then
}

func look(ctx context.Context, path string, wrong map[circ.CardKey]int) (known, error) {
	r, err := ledger.Audit(ctx, path)
	return known{report: r, wrong: maps.Clone(wrong), print: printLedger(r)}, err
}

// printLedger leaves out the name of an epoch in which nothing has happened:
// it is drawn anew when the ledger is begun anew.
func printLedger(r ledger.Report) string {
	if len(r.Events) == 0 && len(r.Base) == 1 && r.Base[r.Epoch] == 0 {
		return "nothing has happened"
	}
	return text(r)
}

// text is a value with all that is in it.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // none of these types can fail
	}
	return string(b)
}

func lookCentral(ctx context.Context, c *central.Central) (known, error) {
	has, err := check.AtCentral(ctx, c, kiosk)
	if err != nil {
		return known{}, err
	}
	cases, err := c.Cases(ctx, true)
	if err != nil {
		return known{}, err
	}
	items, own, err := heads(ctx, c)
	slices.SortFunc(has.Loans, func(a, b check.Loan) int { return slices.Compare(a.Tx[:], b.Tx[:]) })
	return known{central: has, print: text([]any{has, len(cases), items, own})}, err
}

// heads asks central where its feeds stand.
func heads(ctx context.Context, c *central.Central) (items, own circ.FeedVersion, err error) {
	outs, err := c.Bulletin()(ctx)
	if err != nil || len(outs) == 0 {
		return items, own, fmt.Errorf("ask central where its feeds stand: %v, %w", len(outs), err)
	}
	h, err := contract.Decode[contract.Head](contract.KindHead, outs[0].Payload, c.PublicKey())
	return h.Items, h.Own, err
}
