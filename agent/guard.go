package agent

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"nightdesk/agent/watch"
)

// Exit codes of a kiosk beside 0, which is an end as it was told, and 1, which
// is an error that it could name. 2 is Go's own for a panic, so that it holds
// for one in anybody's goroutine.
const (
	ExitPanic = 2
	ExitStuck = 3 // the watchdog
)

// Times of the watchdog. How long one part may stand still is watch.stuck; some
// may do so for longer, because there is a reason.
const (
	lookEvery  = time.Second
	asleep     = 5 * time.Second  // between two looks: then the whole program was stopped, and nobody is to blame
	cacheMay   = 2 * time.Minute  // a million items are swapped in one piece
	uplinkMay  = 3 * time.Minute  // between two heartbeats, or until a broker has answered
	printerMay = 45 * time.Second // the kernel lets a line that was stopped drain for thirty seconds before it is closed
	lastWords  = 2 * time.Second  // for log and diary: both may be what is stuck
)

// Parts that have a limit of their own.
const (
	partDesk    = "desk"
	partUplink  = "broker"
	partPrinter = "printer"
)

// limit is how long a part may stand still.
func (k *kiosk) limit(part string) time.Duration {
	d := k.cfg.Watch.Stuck.Duration
	switch part {
	case partUplink:
		return max(d, uplinkMay)
	case partPrinter:
		return max(d, printerMay)
	}
	return d
}

// guard looks every second whether all parts move, until done is closed. It
// belongs to no group: it must see an end that does not come, too.
func (k *kiosk) guard(done <-chan struct{}) {
	defer k.catch("watchdog")
	every := lookEvery
	if k.o.Feed > 0 {
		every = min(every, k.o.Feed/2)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	last := k.clock.Now().Mono
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		now := k.clock.Now().Mono
		if gap := now - last; gap > asleep {
			k.watch.Pardon(gap)
		}
		last = now
		if stuck := k.watch.Look(); len(stuck) > 0 {
			k.stuck(stuck)
			return
		}
		if k.o.Feed > 0 {
			k.tell("WATCHDOG=1")
		}
	}
}

// stuck ends the program, because a part of it stands still.
func (k *kiosk) stuck(parts []watch.Stuck) {
	var names []string
	for _, p := range parts {
		names = append(names, p.String())
	}
	text := strings.Join(names, "; ")
	k.fall(ExitStuck, EndStuck, parts[0].Name, func() {
		k.log.Error("a part of the program stands still: it ends, to be started again", "stuck", parts[0].Name, "parts", text)
		k.log.Error("where everything stood", "goroutines", watch.Stacks())
	})
}

// catch ends the program if the goroutine that defers it panics: with a part
// missing, what is left would look alive.
func (k *kiosk) catch(part string) {
	if v := recover(); v != nil {
		k.panicked(part, v, debug.Stack())
	}
}

// panicked tells what may be told. What was panicked with may be anything, a
// card number too; only the runtime's own errors are known not to.
func (k *kiosk) panicked(part string, v any, stack []byte) {
	why := fmt.Sprintf("%T", v)
	if err, ok := v.(runtime.Error); ok {
		why = err.Error()
	}
	k.fall(ExitPanic, EndPanic, part, func() {
		k.log.Error("a fault in the program: it ends, to be started again", "part", part, "why", why, "goroutines", watch.Plain(string(stack)))
	})
}

// fall says last words, notes the end for the next run, and ends the program. It
// waits for neither: the log and the disk may be what is stuck.
func (k *kiosk) fall(code int, how End, what string, say func()) {
	k.once.Do(func() { k.fallOnce(code, how, what, say) })
}

func (k *kiosk) fallOnce(code int, how End, what string, say func()) {
	done := make(chan struct{})
	go func() { // ends with the program
		defer close(done)
		defer func() { _ = recover() }() // there is nobody left to tell
		say()
		k.tell("STATUS=" + what + " " + string(how))
		if k.diary != nil {
			if err := k.diary.change(func(e Ends) Ends { return e.ended(how, what, k.diary.now()) }); err != nil {
				k.log.Error("nobody will know of this end", "err", err)
			}
		}
	}()
	timer := time.NewTimer(lastWords)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	exit := k.o.Exit
	if exit == nil {
		exit = os.Exit
	}
	exit(code)
}

// tell speaks to the service manager, if there is one.
func (k *kiosk) tell(state string) {
	if k.o.Notify != nil {
		k.o.Notify(state)
	}
}

// goes runs a part of the program in the group. Its panic ends the program, and
// so does its error; that is logged at once, because the others may not end.
func (k *kiosk) goes(g *errgroup.Group, part string, run func() error) {
	g.Go(func() error {
		defer k.catch(part)
		err := run()
		if err != nil {
			k.log.Error("the kiosk cannot go on", "part", part, "err", err)
		}
		return err
	})
}

// watched runs a part as goes does, and watches it turn. It is resting until it
// says otherwise.
func (k *kiosk) watched(ctx context.Context, g *errgroup.Group, part string, run func(context.Context) error) {
	loop := k.watch.Loop(part, k.limit(part))
	k.goes(g, part, func() error {
		defer loop.Rest()
		return run(loop.In(ctx))
	})
}

// screenFell is told of a panic in a request: net/http would pass over it.
func (k *kiosk) screenFell(v any) { k.panicked("screen", v, debug.Stack()) }
