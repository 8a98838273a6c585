package visit_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

var update = flag.Bool("update", false, "rewrite what the scripts in testdata expect")

// TestVisits plays every script in testdata. A line with ">" is what happens
// at the kiosk, a line with "given" what the library knows, a line with "#" is
// for the reader; what is indented is what the kiosk does about it.
func TestVisits(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 25 {
		t.Fatalf("found %d scripts, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, want)
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
				t.Errorf("run with -update if this is meant (-want +got):\n%s", diff)
			}
		})
	}
}

// play writes a script anew.
func play(t *testing.T, script []byte) []byte {
	d := newTable(t)
	for line := range strings.Lines(string(script)) {
		line = strings.TrimRight(line, " \n")
		switch {
		case strings.HasPrefix(line, "  "):
			continue
		case strings.HasPrefix(line, "given "):
			d.say("%s", line)
			d.given(strings.TrimPrefix(line, "given "))
		case strings.HasPrefix(line, "> "):
			d.say("%s", line)
			d.act(strings.TrimPrefix(line, "> "))
		case line == "" || strings.HasPrefix(line, "#"):
			d.say("%s", line)
		default:
			t.Fatalf("this line is nothing: %q", line)
		}
	}
	return d.out.Bytes()
}

// table is a kiosk with one borrower at a time, and a library that knows what
// the script says it knows.
type table struct {
	t     *testing.T
	out   bytes.Buffer
	state visit.State
	now   time.Duration
	view  string // what was drawn last

	standing map[circ.Card]visit.Standing
	items    map[circ.ItemID]circ.ItemFacts
	answers  map[circ.ItemID]circ.Decision
	pending  map[circ.Card]circ.ItemID // unfinished issues
	pins     map[circ.Card]visit.Secret
	wrong    int
	receipts map[circ.Tx]circ.Receipt
	slow     bool
	owed     []visit.Event // answers that a slow library still owes
}

func newTable(t *testing.T) *table {
	return &table{
		t: t, standing: map[circ.Card]visit.Standing{}, items: map[circ.ItemID]circ.ItemFacts{},
		answers: map[circ.ItemID]circ.Decision{}, pins: map[circ.Card]visit.Secret{}, pending: map[circ.Card]circ.ItemID{}, receipts: map[circ.Tx]circ.Receipt{},
	}
}

func (d *table) say(format string, args ...any) { fmt.Fprintf(&d.out, format+"\n", args...) }

// happen gives the visit an event and does what it wants, until nothing more
// is wanted.
func (d *table) happen(ev visit.Event) {
	before, kept := d.state, deepCopy(d.state)
	next, effects := before.Next(circ.Moment{Mono: d.now, Boot: boot, Quality: circ.Synced}, ev)
	if !reflect.DeepEqual(before, kept) {
		d.t.Fatalf("Next changed the state it was called on, by %#v", ev)
	}
	d.state = next
	for _, e := range effects {
		d.say("    %s", d.effect(e))
		answer := d.answer(e)
		switch {
		case answer == nil:
		case d.slow:
			d.owed = append(d.owed, answer)
		default:
			d.happen(answer)
		}
	}
}

var boot = uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")

// answer is what the desk would say to an effect.
func (d *table) answer(e visit.Effect) visit.Event {
	switch e := e.(type) {
	case visit.Look:
		st := d.standing[e.Who.Card]
		if st.Reason == "" {
			st.Reason = circ.BorrowerUnknown
		}
		if st.Service == "" {
			st.Service = visit.FullService
		}
		return visit.Known{Visit: e.Visit, Ask: e.Ask, Standing: st, Items: d.items}
	case visit.AskPIN:
		return d.checkPIN(e)
	case visit.Judge:
		if _, ok := d.standing[circ.Card(e.Text)]; ok {
			return visit.CardShown{Read: d.now, Who: circ.Borrower{Card: circ.Card(e.Text)}}
		}
		return visit.NotUnderstood{Read: d.now, Why: visit.WhyPattern}
	case visit.AskRenew:
		return visit.Renewed{Visit: e.Visit, OK: true}
	case visit.Record:
		var rs []circ.Receipt
		for _, req := range e.Pile {
			rs = append(rs, d.record(req))
		}
		return visit.Recorded{Visit: e.Visit, Receipts: rs}
	case visit.Drop:
		r := d.receipts[e.Tx]
		r.State = circ.Unverified
		if r.Kind == circ.Return || r.Kind == circ.Cancel {
			r.State = circ.Incomplete
		}
		return visit.Recorded{Visit: e.Visit, Receipts: []circ.Receipt{d.keep(r)}}
	case visit.Resume:
		if item, ok := d.pending[e.Who.Card]; ok {
			delete(d.pending, e.Who.Card)
			req := circ.Request{Kind: circ.Issue, Visit: e.Visit, Item: item, Tags: []circ.SeenTag{{UID: uid(item, 1, 1)}}}
			return visit.Recorded{Visit: e.Visit, Receipts: []circ.Receipt{d.record(req)}}
		}
	}
	return nil
}

// checkPIN is central, with three tries.
func (d *table) checkPIN(e visit.AskPIN) visit.Event {
	a := visit.Answered{Visit: e.Visit, Ask: e.Ask, PIN: visit.PINRight, Standing: d.standing[e.Who.Card]}
	if e.PIN != d.pins[e.Who.Card] {
		d.wrong++
		a.PIN, a.Left = visit.PINWrong, 3-d.wrong
	}
	return a
}

// record is a ledger in eight lines: no commit, no wishes, the same receipts.
func (d *table) record(req circ.Request) circ.Receipt {
	r := circ.Receipt{Tx: uuid.NewSHA1(boot, fmt.Append(nil, len(d.receipts))), Kind: req.Kind, Visit: req.Visit, Item: req.Item}
	r.Decision, r.State = d.decide(req), circ.Done
	switch {
	case r.Decision.Verdict == circ.No:
		r.State = circ.Refused
	case len(req.Tags) > 0 && (r.Decision.Verdict == circ.Yes || d.lent(req)):
		r.State = circ.Pending
		for _, t := range req.Tags {
			r.Open = append(r.Open, t.UID)
		}
	}
	return d.keep(r)
}

func (d *table) keep(r circ.Receipt) circ.Receipt {
	d.receipts[r.Tx] = r
	return r
}

func (d *table) decide(req circ.Request) circ.Decision {
	due := time.Date(2026, 3, 24, 23, 59, 59, 0, time.UTC)
	if a, ok := d.answers[req.Item]; ok {
		if a.Verdict == circ.Yes && req.Kind == circ.Issue {
			a.Due = due
		}
		return a
	}
	if d.lent(req) {
		return circ.Decision{Verdict: circ.Already, Reason: circ.ItemAlreadyYours, Shelf: circ.TakeIt}
	}
	if req.Kind == circ.Return {
		return circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Shelf: circ.Bin}
	}
	return circ.Decision{Verdict: circ.Yes, Reason: circ.OK, Shelf: circ.TakeIt, Due: due}
}

// lent says whether what is asked for has been lent in this visit already.
func (d *table) lent(req circ.Request) bool {
	for _, r := range d.receipts {
		if r.Item == req.Item && r.Visit == req.Visit && r.Kind == circ.Issue && req.Kind == circ.Issue && r.State == circ.Done {
			return true
		}
	}
	return false
}

// pass lets time pass, and wakes the visit when it wants to be woken.
func (d *table) pass(wait time.Duration) {
	end := d.now + wait
	for {
		due, ok := d.state.Wake()
		if !ok || due > end {
			break
		}
		if due > d.now {
			d.now = due
		}
		d.say("  at %s", d.now)
		d.happen(visit.Tick{})
		d.draw()
	}
	d.now = end
}

// draw writes what the screen says, if it says something new.
func (d *table) draw() {
	v := look(d.state)
	if v == d.view {
		v = "  nothing changes\n"
	} else {
		d.view = v
	}
	d.out.WriteString(v)
}
