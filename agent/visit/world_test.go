package visit_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
	"nightdesk/drivers"
)

// world is everything around one visit after another.
type world struct {
	t      testing.TB
	seed   uint64
	rng    *rand.Rand
	been   map[string]bool
	state  visit.State
	now    time.Duration
	may    map[circ.Visit]map[drivers.UID]bool // tags put down in each visit, or said to be theirs
	pads   map[drivers.UID]bool                // what lies there, as far as the visit has been told
	owed   []visit.Event                       // answers on their way
	txs    []circ.Receipt                      // what the ledger has open
	n      int
	ended  int        // visits
	last   circ.Visit // the visit before
	second bool       // a second card was shown, and it is not clear yet whose visit this is
	prompt bool       // the desk is never held up
	watch  func(before visit.State, ev visit.Event, after visit.State, trail []visit.Screen, own int)
}

func newWorld(t testing.TB, seed uint64, been map[string]bool) *world {
	return &world{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), been: been,
		may: map[circ.Visit]map[drivers.UID]bool{}, pads: map[drivers.UID]bool{},
		state: visit.State{House: visit.House{Count: pickCount(seed), Large: 1, Languages: []string{"en-GB", "gu"}}}}
}

// pickCount lets every kind of venue have its turn.
func pickCount(seed uint64) visit.CountWhen {
	return []visit.CountWhen{visit.CountUnstaffed, visit.CountAlways, visit.CountNever}[seed%3]
}

func pick[T any](w *world, from ...T) T { return from[w.rng.IntN(len(from))] }

// broken says what promise was broken, and how to see it again.
func (w *world) broken(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("seed %d, on %s: %s", w.seed, w.state.Screen, fmt.Sprintf(format, args...))
}

// step lets some time pass and one thing happen.
func (w *world) step() {
	w.pass(pick(w, 0, 0, 0, 100*time.Millisecond, time.Second, time.Second, 2*time.Second, 5*time.Second, 11*time.Second, 31*time.Second, 61*time.Second))
	w.happen(w.draw())
	for len(w.owed) > 0 && pick(w, true, true, true, false) {
		ev := w.owed[0]
		w.owed = w.owed[1:]
		w.happen(ev)
	}
}

// pass lets time pass. Mostly the desk wakes the visit in time, sometimes it
// is held up.
func (w *world) pass(d time.Duration) {
	end := w.now + d
	for w.prompt || pick(w, true, true, true, true, true, false) {
		due, ok := w.state.Wake()
		if !ok || due > end {
			break
		}
		w.now = max(w.now, due)
		w.happen(visit.Tick{})
	}
	w.now = end
}

func (w *world) draw() visit.Event {
	read := max(0, w.now-pick(w, 0, 0, 0, 50*time.Millisecond, 8*time.Second))
	if w.state.Screen == visit.Printing && pick(w, true, false) {
		return w.drawLate()
	}
	switch pick(w, "place", "place", "place", "lift", "lift", "card", "card", "item", "scan", "settle", "settle", "settle", "stick", "stick",
		"tap", "tap", "tap", "tap", "tap", "tap", "tap", "tick", "device", "rare") {
	case "place":
		return visit.Placed{Read: read, Tag: w.drawTag(), Found: pick(w, false, false, false, true)}
	case "lift":
		return visit.Lifted{Read: read, UID: w.drawTag().UID}
	case "card":
		return visit.CardShown{Read: read, Who: circ.Borrower{Card: pick(w, circ.Card("4001"), "4001", "4002", "")}}
	case "item":
		return visit.ItemShown{Read: read, Item: pick(w, items...)}
	case "scan":
		return visit.NotUnderstood{Read: read, Why: pick(w, visit.WhyISBN, visit.WhyCheck, visit.WhyPattern)}
	case "settle":
		return w.drawSettled()
	case "stick":
		return w.drawStuck()
	case "tap":
		return w.drawTap()
	case "device":
		return w.drawDevices()
	case "rare":
		return w.drawRare(read)
	}
	return visit.Tick{}
}

// drawTap is mostly a button that means something where the borrower is.
func (w *world) drawTap() visit.Event {
	b := pick(w, append([]visit.Button{visit.TapBorrow, visit.TapReturn, visit.TapFinish, visit.TapBack, visit.TapOK, visit.TapMoreTime,
		visit.TapLeave, visit.TapYes, visit.TapNo, visit.TapFinishOther, visit.TapCarryOn, visit.TapAccount, visit.TapType, visit.TapForgot,
		visit.TapWhy, visit.TapTryAgain, visit.TapList, visit.TapHelp, visit.TapLanguages, visit.TapEase, visit.TapClose, visit.TapCall,
		visit.TapClear}, useful[w.state.Screen]...)...)
	if len(useful[w.state.Screen]) > 0 && pick(w, true, true, false) {
		b = pick(w, useful[w.state.Screen]...)
	}
	tap := visit.Tapped{Button: b, Item: pick(w, "", "", items[0], items[1])}
	switch b {
	case visit.TapDigit:
		tap.Value = pick(w, visit.Secret("7"), "0", "x", "77")
	case visit.TapChoose:
		tap.Value = pick(w, visit.Secret("theme:dark"), "lang:gu", "lang:xx", "time:more", "steady:on", "size:largest", "volume:up", "nonsense")
	case visit.TapEnter:
		if w.state.Screen == visit.PIN {
			w.typePIN()
		}
	}
	return tap
}

// useful are the buttons that lead on.
var useful = map[visit.Screen][]visit.Button{
	visit.CardAsk:  {visit.TapType, visit.TapDigit, visit.TapEnter, visit.TapBack},
	visit.PIN:      {visit.TapEnter, visit.TapEnter, visit.TapEnter, visit.TapDigit, visit.TapBack},
	visit.Tell:     {visit.TapCarryOn, visit.TapCarryOn, visit.TapFinish},
	visit.Stop:     {visit.TapOK, visit.TapReturn, visit.TapTryAgain, visit.TapWhy},
	visit.Borrow:   {visit.TapFinish, visit.TapFinish, visit.TapAccount, visit.TapLeave},
	visit.GiveBack: {visit.TapFinish, visit.TapFinish, visit.TapBorrow, visit.TapLeave},
	visit.Count:    {visit.TapYes, visit.TapYes, visit.TapNo},
	visit.Account:  {visit.TapRenew, visit.TapPay, visit.TapBorrow, visit.TapFinish},
	visit.Renew:    {visit.TapOK},
	visit.Receipt:  {visit.TapPrint, visit.TapEmail, visit.TapNone, visit.TapList},
	visit.Fix:      {visit.TapLeave, visit.TapLeave, visit.TapLeave, visit.TapBack, visit.TapFinish},
	visit.Home:     {visit.TapBorrow, visit.TapReturn, visit.TapAccount, visit.TapChoose},
	visit.Warn:     {visit.TapMoreTime, visit.TapFinish},
}

func (w *world) typePIN() {
	for range w.state.House.Digits() {
		w.happen(visit.Tapped{Button: visit.TapDigit, Value: "5"})
	}
}

func (w *world) drawDevices() visit.Event {
	return visit.Devices{Pads: true, HasPads: true, Scanner: true, ReadOnly: pick(w, false, false, false, true),
		Online: pick(w, true, true, false), PIN: pick(w, false, false, true), Staffed: pick(w, true, false), Headset: pick(w, false, false, true),
		Terminal: pick(w, true, false), HasPaper: pick(w, true, true, false), Printer: pick(w, visit.PrinterReady, visit.PrinterReady, visit.PrinterPaper)}
}

// drawRare is what does not happen every day.
func (w *world) drawRare(read time.Duration) visit.Event {
	switch pick(w, "mode", "mode", "service", "service", "help", "news", "power", "printed", "paid", "paid", "long", "late", "late", "late") {
	case "mode":
		return visit.Moded{Mode: pick(w, visit.Closed, visit.Tech, visit.Out, visit.Emergency)}
	case "service":
		return visit.Moded{Mode: visit.InService}
	case "help":
		return visit.HelpPressed{Read: read}
	case "power":
		w.power()
	case "late":
		return w.drawLate()
	case "long": // the card was shown half an hour ago
		if w.state.Signed > 0 {
			w.now += visit.MostFor
			w.state.Since, w.state.Idle, w.state.Over = w.now, w.now, visit.NoOverlay
		}
	case "printed":
		return visit.Printed{Visit: w.state.Visit, Job: w.state.Paper.Job - pick(w, 0, 1), Fault: pick(w, visit.PrinterReady, visit.PrinterCover)}
	case "paid":
		return visit.Paid{Visit: w.state.Visit, Result: pick(w, visit.PayDone, visit.PayDeclined, visit.PayUnknown)}
	}
	return visit.News{}
}

// drawLate is an answer to the visit before, as like as can be to one that this
// visit waits for.
func (w *world) drawLate() visit.Event {
	return pick[visit.Event](w,
		visit.Printed{Visit: w.last, Job: w.state.Paper.Job},
		visit.Answered{Visit: w.last, Ask: w.state.Asked, PIN: visit.PINRight, Standing: visit.Standing{Reason: circ.OK}},
		visit.Known{Visit: w.last, Ask: w.state.Asked, Standing: visit.Standing{Reason: circ.OK}},
		visit.Renewed{Visit: w.last, OK: true},
		visit.Paid{Visit: w.last, Result: visit.PayDone})
}

// power is a power cut: the visit is forgotten, what lies on the pads is found
// there, and answers to what was asked before never come.
func (w *world) power() {
	lay := w.state.OnPad
	w.state = visit.State{House: w.state.House, Number: w.state.Number + 1000, Began: w.now, Since: w.now, Idle: w.now, Devices: w.state.Devices}
	w.owed, w.txs, w.pads = nil, nil, map[drivers.UID]bool{}
	for _, t := range lay {
		w.happen(visit.Placed{Read: w.now, Tag: t, Found: true})
	}
}

var items = []circ.ItemID{"1001", "1002", "2001"}

// drawTag is one of a dozen tags: books, parts of a set, a twin, and odd ones.
func (w *world) drawTag() visit.Tag {
	role := pick(w, visit.RoleBoth, visit.RoleBoth, visit.RoleBoth, visit.RoleBoth, visit.RoleReturn, visit.RoleBorrow, visit.RoleStaff)
	i := pick(w, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8)
	t := []visit.Tag{
		{Item: "1001", Part: 1, Of: 1}, {Item: "1002"}, {Item: "2001", Part: 1, Of: 2}, {Item: "2001", Part: 2, Of: 2},
		{Item: "2001", Part: 2, Of: 2}, {Item: "1001", Part: 1, Of: 1}, {Item: "1003", Part: 3, Of: 2}, {Fault: visit.BlankTag}, {Item: "4001", Usage: 0x80},
	}[i]
	t.UID, t.Role = drivers.UID{0xE0, byte(i)}, role
	return t
}

func (w *world) drawSettled() visit.Event {
	if len(w.txs) == 0 {
		return visit.Settled{Receipts: []circ.Receipt{{Tx: uuid.New(), Item: "1001", State: circ.Done}}}
	}
	i := w.rng.IntN(len(w.txs))
	if c := slices.IndexFunc(w.txs, func(r circ.Receipt) bool { return r.Kind == circ.Cancel }); c >= 0 {
		i = c
	}
	r := w.txs[i]
	r.Open = r.Open[1:]
	if len(r.Open) == 0 {
		r.State = circ.Done
		if r.Kind == circ.Cancel {
			r.State = circ.Cancelled
		}
		w.txs = append(w.txs[:i:i], w.txs[i+1:]...)
	} else {
		w.txs[i] = r
	}
	return visit.Settled{Receipts: []circ.Receipt{r}}
}

func (w *world) drawStuck() visit.Event {
	if len(w.txs) == 0 {
		return visit.Stuck{UID: drivers.UID{0xE0}}
	}
	r := w.txs[len(w.txs)-1]
	return visit.Stuck{Tx: r.Tx, UID: r.Open[0]}
}

// owe answers an effect, some time.
func (w *world) owe(e visit.Effect) {
	switch e := e.(type) {
	case visit.Look:
		// The title names its visit: on the screen of another it would be seen.
		w.owed = append(w.owed, visit.Known{Visit: e.Visit, Ask: e.Ask, Standing: w.standing(), Items: map[circ.ItemID]circ.ItemFacts{
			"1001": {Known: true, Title: "Treasure of " + e.Visit.String()}}})
	case visit.AskPIN:
		a := visit.Answered{Visit: e.Visit, Ask: e.Ask, Standing: w.standing(),
			PIN: pick(w, visit.PINRight, visit.PINRight, visit.PINWrong, visit.PINShut, visit.PINSilent, visit.PINRefused)}
		if a.PIN == visit.PINWrong {
			a.Left = pick(w, 2, 1, 0)
		}
		w.owed = append(w.owed, a)
	case visit.Judge:
		w.owed = append(w.owed, pick[visit.Event](w, visit.CardShown{Read: w.now, Who: circ.Borrower{Card: "4002"}}, visit.NotUnderstood{Read: w.now, Why: visit.WhyCheck}))
	case visit.AskRenew:
		w.owed = append(w.owed, visit.Renewed{Visit: e.Visit, OK: pick(w, true, true, false)})
	case visit.Print:
		if pick(w, true, true, false) {
			w.owed = append(w.owed, visit.Printed{Visit: e.Visit, Job: e.Job, Fault: pick(w, visit.PrinterReady, visit.PrinterPaper)})
		}
	case visit.Pay:
		if pick(w, true, true, false) {
			w.owed = append(w.owed, visit.Paid{Visit: e.Visit, Result: pick(w, visit.PayDone, visit.PayDeclined)})
		}
	case visit.Record:
		var rs []circ.Receipt
		for _, req := range e.Pile {
			rs = append(rs, w.receive(req))
		}
		w.owed = append(w.owed, visit.Recorded{Visit: e.Visit, Receipts: rs})
	case visit.Drop:
		w.drop(e)
	case visit.Resume:
		if pick(w, false, false, true) {
			w.n++
			r := circ.Receipt{Tx: uuid.NewSHA1(boot, fmt.Append(nil, w.n)), Kind: circ.Issue, Visit: e.Visit, Item: "1002", State: circ.Pending,
				Decision: circ.Decision{Verdict: circ.Yes}, Open: []drivers.UID{{0xE0, 1}}}
			w.txs = append(w.txs, r)
			w.owed = append(w.owed, visit.Recorded{Visit: e.Visit, Receipts: []circ.Receipt{r}})
			w.may[e.Visit][r.Open[0]] = true // the ledger says it is theirs
		}
	}
}

func (w *world) standing() visit.Standing {
	st := visit.Standing{Known: true, Service: visit.FullService, Mail: pick(w, true, false),
		Reason: pick(w, circ.OK, circ.OK, circ.OK, circ.OK, circ.BorrowerBlocked, circ.BorrowerUnknown)}
	if pick(w, false, false, true) {
		st.Notes = []string{"hold-ready"}
	}
	return st
}

func (w *world) receive(req circ.Request) circ.Receipt {
	w.n++
	r := circ.Receipt{Tx: uuid.NewSHA1(boot, fmt.Append(nil, w.n)), Kind: req.Kind, Visit: req.Visit, Item: req.Item, State: circ.Done,
		Decision: circ.Decision{Verdict: pick(w, circ.Yes, circ.Yes, circ.No, circ.Already)}}
	for _, t := range req.Tags {
		r.Open = append(r.Open, t.UID)
	}
	if req.Kind == circ.Cancel && len(r.Open) > 0 {
		r.Decision.Verdict = pick(w, circ.Yes, circ.Yes, circ.Yes, circ.No)
	}
	switch {
	case r.Decision.Verdict == circ.No:
		r.State, r.Open = circ.Refused, nil
	case len(r.Open) > 0:
		r.State = circ.Pending
		w.txs = append(w.txs, r)
	}
	return r
}

func (w *world) drop(e visit.Drop) {
	for i, r := range w.txs {
		if r.Tx == e.Tx {
			w.txs = append(w.txs[:i:i], w.txs[i+1:]...)
			r.State = circ.Unverified
			if r.Kind == circ.Return || r.Kind == circ.Cancel {
				r.State = circ.Incomplete
			}
			w.owed = append(w.owed, visit.Recorded{Visit: e.Visit, Receipts: []circ.Receipt{r}})
			return
		}
	}
}
