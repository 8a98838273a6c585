package devices

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/table"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
)

func TestMain(m *testing.M) { house.Main(m) }

// The kiosk that is sold, as a process: pad and scanner lose their power and
// get it back, and it holds no more files than before.
func TestTheKioskIsReplugged(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "the cables of a running kiosk's pad and scanner pulled and put in again", Unit: "replugs",
		Target: "both used again within 2 s each time, no file left behind", Short: 10, Long: 500})
	h := house.New(t, house.Options{Seed: run.Seed})
	h.Start(t)
	both := func() bool { return holds(t, h, "pad") && holds(t, h, "scanner") }
	wait(t, "the kiosk uses pad and scanner", both)
	before := files(t, h.Kiosk.PID())
	var took times
	for range run.Count {
		if err := h.Room.Replug(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		wait(t, "the kiosk uses pad and scanner again", both)
		took = append(took, time.Since(began))
	}
	wait(t, "no file is left behind", func() bool { return files(t, h.Kiosk.PID()) <= before+slackFiles })
	run.Reached("used again after %s; %d files open before, %d after", took, before, files(t, h.Kiosk.PID()))
	b := house.NewBorrower(h, run.Seed)
	if err := b.Borrow(t.Context()); err != nil {
		t.Fatalf("after the last replug nothing can be borrowed: %v\n%v", err, b.Story)
	}
	if err := h.Drained(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Judge(t.Context(), b); err != nil {
		t.Error(err)
	}
}

// holds says whether the kiosk has the device open that now has this name.
func holds(t *testing.T, h *house.House, name string) bool {
	t.Helper()
	device, err := filepath.EvalSymlinks(filepath.Join(h.Dir, name))
	if err != nil {
		return false
	}
	dir := fmt.Sprintf("/proc/%d/fd", h.Kiosk.PID())
	open, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(open, func(e os.DirEntry) bool {
		to, err := os.Readlink(filepath.Join(dir, e.Name()))
		return err == nil && to == device
	})
}

// wait waits until it is so.
func wait(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(longest); !so(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
		house.Pause(t.Context().Done(), 5*time.Millisecond)
	}
}

// Two hundred tags at once on the pad of the kiosk that is sold: all are seen,
// as many are lent as the rules allow, and the screen says of each of the others
// why not, in words, and how to go on.
func TestTwoHundredTagsAtOnce(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "a pile of so many tags on the pad at once", Unit: "tags",
		Target: "all seen, as many lent as the rules allow, the screen says what to do about the rest", Short: 200, Long: 220})
	h := house.New(t, house.Options{Seed: run.Seed})
	h.Start(t)
	adult := h.Stock.People[0]
	pile, tags := shelf(h.Stock, run.Count)
	ctx, cancel := within(t, 4*longest)
	defer cancel()
	hand, err := table.NewHand(ctx, h.Kiosk.Address())
	must(t, err)
	wait(t, "the kiosk uses its scanner", func() bool { return holds(t, h, "scanner") && holds(t, h, "pad") })
	must(t, h.Room.ShowCard(adult.Card))
	_, err = hand.Until(ctx, "the list", func(v screen.View) bool { return v.Screen == visit.Borrow })
	must(t, err)
	h.Room.PutDown(pile...)
	began := time.Now()
	v, err := hand.Until(ctx, "an end of every item", func(v screen.View) bool { return ended(v) == len(pile) })
	must(t, err)
	took := time.Since(began)
	lent := said(t, v, adult.Card)
	if len(lent) != adultLimit {
		t.Errorf("%d items are lent, and the rules allow %d", len(lent), adultLimit)
	}
	if v.Note == "" {
		t.Error("the screen does not say that so many are too many")
	}
	h.Room.Lift(pile...)
	_, err = hand.Tap(ctx, visit.TapFinish, "", "the end of the visit", func(v screen.View) bool { return v.Screen == visit.Home || v.Screen == visit.Bye })
	must(t, err)
	must(t, h.Drained(ctx))
	must(t, h.Stop(ctx))
	r, err := h.Read(ctx)
	must(t, err)
	r.Told = lent
	must(t, house.Harms(check.AtRest(r)))
	run.Done(tags)
	run.Reached("all seen; %d of %d items lent and the rest told why, after %.1f s", len(lent), len(pile), took.Seconds())
}

// adultLimit is how many loans the demonstration's rules allow an adult.
const adultLimit = 20

// shelf is so many tags' worth of books, and how many tags they really have.
func shelf(s table.Stock, most int) (pile []table.Book, tags int) {
	for _, b := range s.Books {
		if tags+len(b.Tags) <= most {
			pile, tags = append(pile, b), tags+len(b.Tags)
		}
	}
	return pile, tags
}

func ended(v screen.View) (n int) {
	for _, l := range v.Lines {
		if l.State == visit.LineDone || l.State == visit.LineRefused {
			n++
		}
	}
	return n
}

// said is what the borrower was told was lent; each refusal must have words.
func said(t *testing.T, v screen.View, card circ.Card) (lent []check.Told) {
	t.Helper()
	for _, l := range v.Lines {
		switch {
		case l.State == visit.LineDone:
			lent = append(lent, check.Told{Item: l.Item, Kind: circ.Issue, Card: card})
		case l.Text == "":
			t.Errorf("item %s is refused without a word", l.Item.Tail())
		}
	}
	if len(v.Buttons) == 0 {
		t.Error("the screen offers no way to go on")
	}
	return lent
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
