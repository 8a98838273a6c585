package screen_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

// clock plays a visit with a clock of its own: nothing here waits.
type clock struct {
	t  *testing.T
	st visit.State
	at circ.Moment
}

// borrowing is a visit that stands on Borrow with one item done.
func borrowing(t *testing.T, e visit.Ease) *clock {
	c := &clock{t: t, at: circ.Moment{Mono: time.Second, Boot: uuid.New(), Wall: time.Date(2026, time.February, 17, 10, 0, 0, 0, time.UTC)}}
	c.ev(visit.Devices{HasPads: true, Pads: true, Scanner: true, Online: true, HasPaper: true, Staffed: true})
	c.st.Ease = e
	c.ev(visit.Tapped{Button: visit.TapBorrow})
	c.ev(visit.CardShown{Read: c.at.Mono, Who: circ.Borrower{Card: "29998000001234"}})
	c.ev(visit.Known{Visit: c.st.Visit, Ask: c.st.Asked, Standing: visit.Standing{Known: true, Reason: circ.OK, Service: visit.FullService}})
	c.st.Lines = []visit.Line{{Item: "1", Title: "Wolf Hall", Kind: circ.Issue, State: visit.LineDone, Decision: circ.Decision{Verdict: circ.Yes}}}
	c.on(visit.Borrow)
	return c
}

func (c *clock) ev(e visit.Event) { c.st, _ = c.st.Next(c.at, e) }

// after lets time pass, and the desk's ticks with it.
func (c *clock) after(d time.Duration) {
	c.at.Mono += d
	c.ev(visit.Tick{})
}

func (c *clock) on(s visit.Screen) {
	c.t.Helper()
	if c.st.Screen != s {
		c.t.Fatalf("at %v the screen is %q, want %q", c.at.Mono, c.st.Screen, s)
	}
}

// until gives how long it takes until a screen is there.
func (c *clock) until(s visit.Screen) time.Duration {
	c.t.Helper()
	for from := c.at.Mono; ; {
		due, ok := c.st.Wake()
		if !ok || due-from > time.Hour {
			c.t.Fatalf("the screen is %q, and %q never comes", c.st.Screen, s)
		}
		c.after(due - c.at.Mono)
		if c.st.Screen == s {
			return c.at.Mono - from
		}
	}
}

// left gives how long a screen stands when nobody does anything.
func (c *clock) left(s visit.Screen) time.Duration {
	c.t.Helper()
	c.on(s)
	from := c.at.Mono
	for c.st.Screen == s {
		due, ok := c.st.Wake()
		if !ok {
			c.t.Fatalf("%q stands for ever", s)
		}
		c.after(due - c.at.Mono)
	}
	return c.at.Mono - from
}

// TestAX14TimeIsWarnedOfAndGiven is WCAG 2.2.1: a warning at least 20 seconds
// before, and at least ten times more time for one touch.
func TestAX14TimeIsWarnedOfAndGiven(t *testing.T) {
	for _, screen := range []visit.Screen{visit.PIN, visit.Tell, visit.Stop, visit.Borrow, visit.GiveBack, visit.Count, visit.Fix, visit.Account, visit.Renew} {
		c := borrowing(t, visit.Ease{})
		c.st.Screen, c.st.Since, c.st.Idle = screen, c.at.Mono, c.at.Mono
		if screen == visit.Fix {
			c.st.Lines[0].State = visit.LineUnreadable
		}
		for n := range 11 {
			quiet := c.until(visit.Warn)
			if want := visit.QuietFor; screen == visit.PIN || screen == visit.Stop {
				if quiet < visit.PINFor {
					t.Errorf("AX14 %s: warns after %v, want %v", screen, quiet, visit.PINFor)
				}
			} else if quiet < want {
				t.Errorf("AX14 %s: warns after %v, want %v", screen, quiet, want)
			}
			c.after(19 * time.Second)
			c.on(visit.Warn)
			c.ev(visit.Tapped{Button: visit.TapMoreTime})
			if c.st.Screen != screen {
				t.Fatalf("AX14 %s: more time for the %dth time leads to %q", screen, n+1, c.st.Screen)
			}
		}
		c.until(visit.Warn)
		if got := c.left(visit.Warn); got < 20*time.Second {
			t.Errorf("AX14 %s: the visit ends %v after the warning, want at least 20 s", screen, got)
		}
	}
}

// TestAX15MoreTimeIsThreeTimesAsLong lasts for the visit, and not for the next.
func TestAX15MoreTimeIsThreeTimesAsLong(t *testing.T) {
	c := borrowing(t, visit.Ease{Slow: true})
	if got, want := c.until(visit.Warn), 3*visit.QuietFor; got != want {
		t.Errorf("AX15: warns after %v, want %v", got, want)
	}
	if got, want := c.left(visit.Warn), 3*visit.WarnFor; got != want {
		t.Errorf("AX15: the warning stands for %v, want %v", got, want)
	}
	c.until(visit.Home)
	if c.st.Ease.Slow {
		t.Error("AX15: the next borrower has the last one's time")
	}
	on := borrowing(t, visit.Ease{})
	on.ev(visit.Tapped{Button: visit.TapEase})
	on.ev(visit.Tapped{Button: visit.TapChoose, Value: "time:more"})
	on.ev(visit.Tapped{Button: visit.TapClose})
	if got, want := on.until(visit.Warn), 3*visit.QuietFor; got != want {
		t.Errorf("AX15: chosen in the visit, it warns after %v, want %v", got, want)
	}
}

// TestAX16TheListCanBeReadInPeace has no end of its own, short of the half hour
// after which others may be waiting.
func TestAX16TheListCanBeReadInPeace(t *testing.T) {
	c := borrowing(t, visit.Ease{Slow: true})
	c.ev(visit.Tapped{Button: visit.TapFinish})
	c.on(visit.Receipt)
	c.ev(visit.Tapped{Button: visit.TapList})
	for range 29 {
		c.after(time.Minute)
		c.on(visit.Receipt)
	}
}

// TestEaseEndsWithTheVisit: nobody finds the screen as the last one left it.
func TestEaseEndsWithTheVisit(t *testing.T) {
	c := borrowing(t, visit.Ease{Lang: "ur", Theme: visit.Contrast, Size: visit.Largest, Left: true, Low: true, Slow: true,
		Steady: true, Still: true, Hidden: true, Speech: true, Curtain: true, Volume: 3})
	c.ev(visit.Tapped{Button: visit.TapFinish})
	c.until(visit.Home)
	if c.st.Ease != (visit.Ease{}) {
		t.Errorf("the next visit begins with %+v", c.st.Ease)
	}
	if c.st.Ease.Volume != 0 {
		t.Error("AX21: the loudness stays for the next borrower")
	}
}

// TestAX27ASecondTouchWithinHalfASecondIsNone is EN 301 549, 5.8: only when the
// borrower wants it so, and digits are never swallowed.
func TestAX27ASecondTouchWithinHalfASecondIsNone(t *testing.T) {
	for _, steady := range []bool{true, false} {
		c := borrowing(t, visit.Ease{Steady: steady})
		c.after(time.Second)
		c.ev(visit.Tapped{Button: visit.TapEase})
		c.at.Mono += 500 * time.Millisecond
		c.ev(visit.Tapped{Button: visit.TapClose})
		if open := c.st.Over == visit.Easier; open != steady {
			t.Errorf("AX27 steady %v: half a second later the panel is open: %v", steady, open)
		}
		c.at.Mono += 501 * time.Millisecond
		c.ev(visit.Tapped{Button: visit.TapClose})
		if c.st.Over != visit.NoOverlay {
			t.Errorf("AX27 steady %v: a touch after more than half a second does nothing", steady)
		}
		c.st.Screen, c.st.Devices.PIN = visit.PIN, true
		for _, digit := range []visit.Secret{"1", "2", "2"} {
			c.at.Mono += 100 * time.Millisecond
			c.ev(visit.Tapped{Button: visit.TapDigit, Value: digit})
		}
		if c.st.Typed != "122" {
			t.Errorf("AX27 steady %v: of three quick digits %d are typed", steady, len(c.st.Typed))
		}
	}
}
