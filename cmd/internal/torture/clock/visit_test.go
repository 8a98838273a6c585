package clock

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/policy"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/torture/branch"
)

// kiosk is one that has heard from central.
func kiosk(t *testing.T, seed uint64) *branch.Kiosk {
	k := open(t, rand.New(rand.NewPCG(seed, 0))).Kiosk
	t.Cleanup(k.SwitchOff)
	return k
}

// A visit ends when its time is over, and not because the clock was turned.
func TestAVisitKeepsItsTime(t *testing.T) {
	for _, turned := range turns[:7] {
		t.Run(turned.name, func(t *testing.T) {
			k := kiosk(t, 1)
			k.Restart(time.Minute) // what central told is forgotten
			tick := func() {
				k.Must(k.Desk.Handle(context.Background(), visit.Tick{}))
			}
			k.Must(k.Desk.Handle(context.Background(), visit.CardShown{Read: k.Moment().Mono, Who: k.Desk.Borrower(k.Cards[0])}))
			before := k.State.Screen
			if before == visit.Home {
				t.Fatal("no visit has begun")
			}
			turned.do(k, nil)
			k.Pass(time.Second)
			tick()
			if k.State.Screen != before {
				t.Errorf("the clock was turned, and the screen went from %s to %s", before, k.State.Screen)
			}
			for n := 0; k.State.Screen != visit.Home; n++ {
				if n > 600 {
					t.Fatalf("after ten minutes the screen still shows %s", k.State.Screen)
				}
				k.Pass(time.Second)
				tick()
			}
		})
	}
}

// Three wrong PINs lock a card for a day, and no turning of the clock, with or
// without a restart, makes the day shorter.
func TestALockKeepsItsTime(t *testing.T) {
	for _, turned := range turns[:7] {
		t.Run(turned.name, func(t *testing.T) {
			ctx := context.Background()
			k := kiosk(t, 2)
			who := k.Desk.Borrower(k.Cards[0]).Key
			for range 3 {
				k.Must(k.Ledger.PINTried(ctx, k.Moment(), who, false))
			}
			turned.do(k, nil)
			k.Pass(time.Hour)
			k.Restart(time.Minute)
			turned.do(k, nil)
			s, err := k.Ledger.PINTries(ctx, k.Moment(), who)
			k.Must(err)
			if !s.Locked(circ.PINRule{Tries: 3}) || s.Card < 22*time.Hour {
				t.Errorf("after an hour the card is locked for %s more, want most of the day", s.Card)
			}
			k.Pass(25 * time.Hour)
			if s, err = k.Ledger.PINTries(ctx, k.Moment(), who); err != nil || s.Card > 0 {
				t.Errorf("a day later: %+v, %v, want no lock", s, err)
			}
		})
	}
}

// A tag that was not confirmed waits a quarter of an hour for its borrower, by
// the clock that nobody can turn.
func TestAWishKeepsItsTime(t *testing.T) {
	for _, turned := range turns[:7] {
		t.Run(turned.name, func(t *testing.T) {
			ctx := context.Background()
			k := kiosk(t, 3)
			r := k.Issue(k.Cards[0], true, k.Books[1])
			if len(r) != 1 || r[0].State != circ.Pending {
				t.Fatalf("got %+v, want an issue that waits for its tag", r)
			}
			turned.do(k, nil)
			k.Pass(14 * time.Minute)
			ended, err := k.Ledger.Expire(ctx, k.Moment(), circ.Visit{})
			if err != nil || len(ended) != 0 {
				t.Errorf("after 14 minutes: %+v, %v, want it to wait", ended, err)
			}
			k.Pass(2 * time.Minute)
			ended, err = k.Ledger.Expire(ctx, k.Moment(), circ.Visit{})
			if err != nil || len(ended) != 1 || ended[0].State != circ.Unverified {
				t.Errorf("after 16 minutes: %+v, %v, want it told to staff", ended, err)
			}
		})
	}
}

// What is lent with a cache of some age depends on the age, and a clock that
// stands in the past does not make the cache young.
func TestTheCacheIsAsOldAsItIs(t *testing.T) {
	for _, c := range []struct {
		name    string
		wall    time.Time
		quality circ.ClockQuality
	}{
		{"a right clock", branch.Opened, circ.RTC}, {"1970", time.Unix(0, 0), circ.Restored}, {"2000", time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), circ.RTC},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := kiosk(t, 4)
			k.Down, k.Quality = true, c.quality
			k.Restart(time.Minute)
			k.Set(c.wall.Add(time.Minute))
			for day, want := range []string{0: policy.Full, 4: policy.Capped, 13: policy.Capped, 15: policy.ReturnsOnly} {
				if want == "" {
					continue
				}
				for k.Now.Before(branch.Opened.Add(time.Duration(day) * 24 * time.Hour)) {
					k.Hour()
				}
				if day%2 == 1 {
					k.Restart(10 * time.Second) // a short cut of the power
				}
				wrong := k.Moment().Quality == circ.Unknown
				if got := offered(k); got != want && !(wrong && got == policy.Capped && want == policy.Full) {
					t.Errorf("on day %d it offers %s, want %s", day, got, want)
				}
			}
		})
	}
}

func offered(k *branch.Kiosk) string {
	at := k.Moment()
	f, err := k.Cache.Facts(context.Background(), at, k.Cred.CardKey, k.Desk.Borrower(k.Cards[0]), nil)
	k.Must(err)
	_, service := policy.Rules{Zone: k.Zone()}.Standing(at, f)
	return service
}

// A loan ends with a day in Leicester, also over the nights in which the clocks
// change there.
func TestDueDatesOverSummerTime(t *testing.T) {
	for _, c := range []struct{ now, due string }{
		{"2026-03-07T23:30:00Z", "2026-03-28T23:59:59Z"},
		{"2026-03-08T00:30:00Z", "2026-03-29T23:59:59+01:00"}, // due on the day of 23 hours
		{"2026-03-28T23:59:50Z", "2026-04-18T23:59:59+01:00"},
		{"2026-03-29T00:59:00Z", "2026-04-19T23:59:59+01:00"}, // the last minute of winter
		{"2026-03-29T01:00:00Z", "2026-04-19T23:59:59+01:00"},
		{"2026-03-29T22:59:00Z", "2026-04-19T23:59:59+01:00"}, // one minute to midnight
		{"2026-03-29T23:01:00Z", "2026-04-20T23:59:59+01:00"}, // past midnight there, not in Greenwich
		{"2026-10-04T12:00:00Z", "2026-10-25T23:59:59Z"},      // due on the day of 25 hours
		{"2026-10-25T00:30:00Z", "2026-11-15T23:59:59Z"},      // half past one, for the first time
		{"2026-10-25T01:30:00Z", "2026-11-15T23:59:59Z"},      // and for the second
		{"2026-10-25T23:30:00Z", "2026-11-15T23:59:59Z"},
	} {
		k := kiosk(t, 5)
		now, err := time.Parse(time.RFC3339, c.now)
		k.Must(err)
		k.Restart(now.Sub(k.Now))
		k.Must(k.Talk())
		want, err := time.Parse(time.RFC3339, c.due)
		k.Must(err)
		r := k.Issue(k.Cards[0], false, k.Books[0])
		if d := r[0].Decision; !d.Due.Equal(want) || d.Provisional {
			t.Errorf("lent at %s: %s, due %s, want %s", c.now, d.Reason, d.Due, want)
		}
		k.Must(k.Talk())
		loans, err := k.Central.Loans(context.Background(), false)
		k.Must(err)
		if len(loans) != 1 || !loans[0].Due.Equal(want) {
			t.Errorf("lent at %s: central has %+v, want it due %s", c.now, loans, want)
		}
	}
}

// A kiosk whose clock is years ahead keeps what a restored central will ask for.
func TestAClockAheadForgetsNoEvents(t *testing.T) {
	k := kiosk(t, 6)
	k.Issue(k.Cards[0], false, k.Books[0])
	k.Must(k.Talk())
	for _, years := range []int{94, 10} {
		k.Restart(time.Minute)
		k.Set(k.Now.AddDate(years, 0, 0))
		if gone, err := k.Ledger.Prune(context.Background(), k.Moment()); err != nil || gone != 0 {
			t.Errorf("%d years ahead: %d events are gone, %v", years, gone, err)
		}
	}
	k.Off = 0
	k.Must(k.Talk())
	k.Pass(31 * 24 * time.Hour)
	if gone, err := k.Ledger.Prune(context.Background(), k.Moment()); err != nil || gone != 1 {
		t.Errorf("a month later: %d events are gone, %v, want 1", gone, err)
	}
}
