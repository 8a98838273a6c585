package agent

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"nightdesk/agent/watch"
)

// notes is a log, and what the service manager was told.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
	told []string
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(b)
}

func (n *notes) notify(state string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told = append(n.told, state)
}

func (n *notes) fed() (count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.told {
		if s == "WATCHDOG=1" {
			count++
		}
	}
	return count
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// guarded is a kiosk of which nothing is there but what watches it. It notes
// the code that it ends with.
func guarded(t *testing.T) (*kiosk, *notes, chan int) {
	n, codes := &notes{}, make(chan int, 10)
	k := &kiosk{cfg: testConfig(t), clock: NewClock(time.Time{}), log: slog.New(slog.NewTextHandler(n, nil)),
		o: RunOptions{Notify: n.notify, Feed: 30 * time.Second, Exit: func(code int) { codes <- code }}}
	k.watch = watch.New(func() time.Duration { return k.clock.Now().Mono })
	k.diary = startDiary(t, k.cfg)
	return k, n, codes
}

func TestThePartThatStandsStillIsNamedAndEndsTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, n, codes := guarded(t)
		g, ctx := errgroup.WithContext(t.Context())
		stands, done := make(chan struct{}), make(chan struct{})
		k.watched(ctx, g, "pad left", func(ctx context.Context) error {
			for range 60 {
				watch.From(ctx).Beat()
				time.Sleep(time.Second)
			}
			<-stands // the driver's write
			return nil
		})
		go k.guard(done)
		time.Sleep(70 * time.Second)
		if n.fed() < 60 || len(codes) > 0 {
			t.Errorf("while it moved: fed %d times, ended %v; want it fed each second", n.fed(), len(codes) > 0)
		}
		time.Sleep(12 * time.Second)
		if code := <-codes; code != ExitStuck {
			t.Errorf("it ended with %d, want %d", code, ExitStuck)
		}
		fed := n.fed()
		time.Sleep(time.Minute)
		if n.fed() != fed {
			t.Error("the service manager was told that all is well, and it was not")
		}
		for _, want := range []string{`stuck="pad left"`, "pad left has not moved for 20s", "nightdesk/agent.TestThePart"} {
			if !strings.Contains(n.String(), want) {
				t.Errorf("the log does not say %s:\n%s", want, n)
			}
		}
		if e, err := ReadEnds(k.cfg); err != nil || e.Last != EndStuck || e.What != "pad left" || e.Bad != 1 || e.Running {
			t.Errorf("the next run will know %+v, %v", e, err)
		}
		close(stands)
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// mute is a log that takes nothing: a journal that is full, for instance.
type mute struct{ until chan struct{} }

func (m mute) Write(b []byte) (int, error) { <-m.until; return len(b), nil }

func TestTheEndDoesNotWaitForTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _, codes := guarded(t)
		m := mute{make(chan struct{})}
		k.log = slog.New(slog.NewTextHandler(m, nil))
		began := time.Now()
		k.stuck([]watch.Stuck{{Name: "disk", For: 20 * time.Second}})
		if took := time.Since(began); len(codes) != 1 || took > 3*time.Second {
			t.Errorf("ended %d times after %s, want once and within three seconds", len(codes), took)
		}
		close(m.until)
		synctest.Wait()
	})
}

func TestAPanicEndsTheProgramAndTellsNoCard(t *testing.T) {
	k, n, codes := guarded(t)
	g, ctx := errgroup.WithContext(t.Context())
	k.goes(g, "scanner", func() error { panic("odd card 21221012345671") })
	if code := <-codes; code != ExitPanic {
		t.Errorf("it ended with %d, want %d", code, ExitPanic)
	}
	if strings.Contains(n.String(), "2122") || !strings.Contains(n.String(), "part=scanner") || !strings.Contains(n.String(), "TestAPanicEnds") {
		t.Errorf("the log says\n%s", n)
	}
	if e, err := ReadEnds(k.cfg); err != nil || e.Last != EndPanic || e.What != "scanner" || e.Bad != 1 {
		t.Errorf("the next run will know %+v, %v", e, err)
	}
	if err := g.Wait(); err != nil || ctx.Err() == nil {
		t.Errorf("%v", err)
	}
}

func TestARuntimeErrorIsToldInFull(t *testing.T) {
	k, n, codes := guarded(t)
	g, _ := errgroup.WithContext(t.Context())
	var list []int
	k.goes(g, "desk", func() error { list[len(list)] = 1; return nil })
	<-codes
	if !strings.Contains(n.String(), "index out of range") {
		t.Errorf("the log says\n%s", n)
	}
}

func TestTwoPanicsAreOneEnd(t *testing.T) {
	k, _, codes := guarded(t)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			defer k.catch("desk")
			panic("at once")
		})
	}
	both.Wait()
	if e, _ := ReadEnds(k.cfg); e.Bad != 1 || len(codes) != 1 {
		t.Errorf("%d bad ends, ended %d times; want one", e.Bad, len(codes))
	}
}

func TestAnErrorIsLoggedBeforeTheOthersHaveEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, n, codes := guarded(t)
		g, ctx := errgroup.WithContext(t.Context())
		done, stands := make(chan struct{}), make(chan struct{})
		go k.guard(done)
		k.goes(g, "screen", func() error { return errors.New("the address is taken") })
		loop := k.watch.Loop("printer", k.limit(partPrinter))
		k.goes(g, "printer", func() error { loop.Beat(); <-stands; loop.Rest(); return nil })
		<-ctx.Done()
		synctest.Wait()
		if !strings.Contains(n.String(), "the address is taken") {
			t.Errorf("the log says\n%s", n)
		}
		time.Sleep(44 * time.Second)
		if len(codes) > 0 {
			t.Error("a printer has 45 seconds, and was not given them")
		}
		if code := <-codes; code != ExitStuck {
			t.Errorf("it ended with %d, want %d: the printer does not end", code, ExitStuck)
		}
		close(stands)
		_ = g.Wait()
	})
}
