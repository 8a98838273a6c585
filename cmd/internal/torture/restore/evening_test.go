// Package restore is the rig that puts disks back: a kiosk's to an older image
// of it, a kiosk's copy set to work beside it, central's to an older backup,
// and both at once. Nothing that happened may be taken for something else that
// has the same number, and nothing that central once acknowledged may be
// missing in the end without staff being told.
package restore

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/central/record"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture/branch"
)

// evening is a branch with two kiosks, and what the rig noted.
type evening struct {
	*branch.Branch
	chance *rand.Rand
	kiosks []*branch.Kiosk
	lives  []ledger.Report // of the first kiosk's ledger, but not the last
	copies int
	story  []string
	lost   int // acts that are on no disk any more
	stops  int // how often a kiosk was told to stop, and staff let it go on
	wrong  func(*branch.Kiosk) branch.Wrong
}

func open(t testing.TB, chance *rand.Rand) *evening {
	e := &evening{Branch: branch.New(t, chance, 18), chance: chance}
	e.kiosks = []*branch.Kiosk{e.Enrol("syston-1"), e.Enrol("wigston-1")}
	for _, k := range e.kiosks {
		e.Must(k.Talk())
	}
	return e
}

func (e *evening) close() {
	for _, k := range e.kiosks {
		k.SwitchOff()
	}
}

func (e *evening) note(format string, args ...any) {
	e.story = append(e.story, e.Now.Format(time.TimeOnly)+" "+fmt.Sprintf(format, args...))
}

// act lends or takes back a book at one of the kiosks.
func (e *evening) act(k *branch.Kiosk) {
	e.T.Helper()
	e.Pass(time.Duration(1+e.chance.IntN(20)) * time.Minute)
	out := e.Where(false)
	var rs []circ.Receipt
	switch half := e.chance.IntN(10) == 0; {
	case len(out) > 0 && e.chance.IntN(5) < 2:
		rs = k.Return(half, out[:1]...)
	default:
		in := e.Where(true)
		rs = k.Issue(e.Somebody(), half, in[:min(len(in), 1+e.chance.IntN(2))]...)
	}
	for _, r := range rs {
		e.note("%s: %s of %s is %s %s", filepath.Base(k.Dir), r.Kind, r.Item.Tail(), r.State, r.Decision.Reason)
	}
}

// acts are some, at these kiosks; each now and then talks with central.
func (e *evening) acts(n int, talks bool, at ...*branch.Kiosk) {
	e.T.Helper()
	for range n {
		k := at[e.chance.IntN(len(at))]
		e.act(k)
		if talks && e.chance.IntN(3) == 0 {
			e.talk(k)
		}
	}
}

func (e *evening) talk(k *branch.Kiosk) {
	e.T.Helper()
	if e.wrong != nil {
		k.Wrong = e.wrong(k)
	}
	e.Must(k.Talk())
	p, err := k.Ledger.Position(context.Background())
	e.Must(err)
	e.note("%s talks: epoch %s, %d of %d acknowledged, order %q", filepath.Base(k.Dir), p.Epoch.String()[:4], p.Acked, p.Last, k.Uplink.Order())
}

// image is a copy of the first kiosk's disk, as a kill would leave it.
func (e *evening) image() string {
	e.copies++
	dir := filepath.Join(e.Dir, fmt.Sprint("image-", e.copies))
	e.Copy(e.kiosks[0].Dir, dir)
	e.note("the disk of syston-1 is copied")
	return dir
}

// putBack puts the first kiosk's disk back to an image. What no central was
// told of since, nobody knows any more.
func (e *evening) putBack(image string) {
	e.T.Helper()
	k := e.kiosks[0]
	life, err := ledger.Audit(context.Background(), k.LedgerPath())
	e.Must(err)
	e.lives = append(e.lives, life)
	k.SwitchOff()
	e.Copy(image, k.Dir)
	k.On()
	kept, err := ledger.Audit(context.Background(), k.LedgerPath())
	e.Must(err)
	has := map[circ.Tx]bool{}
	for _, x := range kept.Events {
		has[x.Tx] = true
	}
	for _, x := range life.Events {
		if !x.Acked && !has[x.Tx] && x.Item != "" {
			e.Forget(x.Item)
		}
	}
	e.note("the disk of syston-1 is put back: %d events, of %d", len(kept.Events), len(life.Events))
}

// gone finds the acts that are younger than both copies: no disk knows them any
// more, and no program can. Their books are where they are.
func (e *evening) gone() {
	e.T.Helper()
	ctx := context.Background()
	known := map[circ.Tx]bool{}
	for _, k := range e.kiosks {
		l, err := ledger.Audit(ctx, k.LedgerPath())
		e.Must(err)
		for _, x := range l.Events {
			known[x.Tx] = true
		}
	}
	stored, err := e.Central.Events(ctx, e.kiosks[0].Name, 1000)
	e.Must(err)
	for _, x := range stored {
		var said contract.Event
		e.Must(json.Unmarshal(x.Body, &said))
		known[said.Tx] = true
	}
	for i := range e.lives {
		e.lives[i].Events = slices.DeleteFunc(e.lives[i].Events, func(x ledger.AuditedEvent) bool {
			if known[x.Tx] {
				return false
			}
			e.lost++
			e.Forget(x.Item)
			return true
		})
	}
}

// backup is a copy of central's database, made while it is used.
func (e *evening) backup() string {
	e.T.Helper()
	e.copies++
	path := filepath.Join(e.Dir, fmt.Sprintf("central-%d.db", e.copies))
	e.Must(e.Central.Backup(context.Background(), path))
	e.note("central is backed up")
	return path
}

// settle ends everything that is open: staff let a kiosk go on that was told to
// stop, and every kiosk says what it has to say.
func (e *evening) settle() {
	e.T.Helper()
	ctx := context.Background()
	for _, k := range e.kiosks {
		e.Pass(20 * time.Minute)
		_, err := k.Ledger.Expire(ctx, k.Moment(), circ.Visit{})
		e.Must(err)
		for range 4 {
			e.talk(k)
			p, err := k.Ledger.Position(ctx)
			e.Must(err)
			if p.Acked == p.Last {
				break
			}
			e.told(k)
			e.stops++
			e.Must(e.Central.ResumeKiosk(ctx, k.Name))
		}
	}
	for _, k := range e.kiosks { // the feeds, once everything has been said
		e.talk(k)
	}
}

// told says that whatever a kiosk may not send, staff know of.
func (e *evening) told(k *branch.Kiosk) {
	e.T.Helper()
	if !e.cases()["old-epoch "+k.Name] {
		e.T.Errorf("%s has something to say, may not, and no case tells staff", k.Name)
	}
}

// cases are the open ones, by their reasons and what they are about.
func (e *evening) cases() map[string]bool {
	e.T.Helper()
	open, err := e.Central.Cases(context.Background(), false)
	e.Must(err)
	out := map[string]bool{}
	for _, c := range open {
		for _, why := range c.Reasons {
			out[string(why)+" "+c.Kiosk] = true
			out[string(why)+" "+string(c.Item)] = true
		}
	}
	return out
}

// reading takes the witnesses of the first kiosk. Of what staff are asked to
// look at because two acts of one item met, the record may say either.
func (e *evening) reading(excused ...circ.Reason) check.Reading {
	e.T.Helper()
	ctx := context.Background()
	r, err := e.kiosks[0].Read()
	e.Must(err)
	r.Lives = e.lives
	for _, k := range e.kiosks[1:] {
		if k.Name == e.kiosks[0].Name {
			life, err := ledger.Audit(ctx, k.LedgerPath())
			e.Must(err)
			r.Lives = append(r.Lives, life)
		}
	}
	cases := e.cases()
	doubt := map[circ.ItemID]bool{}
	for _, x := range e.Books {
		doubt[x.ID] = slices.ContainsFunc(excused, func(why circ.Reason) bool { return cases[string(why)+" "+string(x.ID)] })
		if doubt[x.ID] {
			r.Told = append(r.Told, check.Told{Item: x.ID, Doubt: true})
		}
	}
	r.Tags = slices.DeleteFunc(r.Tags, func(t check.Tag) bool { return doubt[t.Item] })
	return r
}

// others takes the acts of another kiosk out of what the first is held against:
// it cannot know them, but the record and the tags must.
func (e *evening) others(r check.Reading) check.Reading {
	e.T.Helper()
	for _, k := range e.kiosks[1:] {
		if k.Name == e.kiosks[0].Name {
			continue
		}
		life, err := ledger.Audit(context.Background(), k.LedgerPath())
		e.Must(err)
		theirs, err := check.AtCentral(context.Background(), e.Central, k.Name)
		e.Must(err)
		r.Lives = append(r.Lives, life)
		r.Central.Events = append(r.Central.Events, theirs.Events...)
	}
	return r
}

// judge is the verdict in the end.
func (e *evening) judge(excused ...circ.Reason) check.Verdict {
	e.T.Helper()
	e.settle()
	return check.AtRest(e.others(e.reading(excused...)))
}

// cached finds the books of which a kiosk's cache says otherwise than central.
func (e *evening) cached() (wrong []string) {
	e.T.Helper()
	ctx := context.Background()
	loans, err := e.Central.Loans(ctx, false)
	e.Must(err)
	for _, k := range e.kiosks {
		for _, x := range e.Books {
			f, err := k.Cache.Facts(ctx, k.Moment(), k.Cred.CardKey, circ.Borrower{}, []circ.ItemID{x.ID})
			e.Must(err)
			lent := slices.ContainsFunc(loans, func(l record.Loan) bool { return l.Item == x.ID })
			if i := f.Items[x.ID]; i.OnLoan != lent || !i.Known {
				wrong = append(wrong, fmt.Sprintf("%s: the cache knows %s: %v, on loan: %v; at central: %v", k.Name, x.ID.Tail(), i.Known, i.OnLoan, lent))
			}
		}
	}
	return wrong
}
