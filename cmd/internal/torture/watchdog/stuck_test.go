package watchdog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"nightdesk/agent"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
)

// target is what must follow when a part stands still.
const target = "the log names it, the program ends with code 3 within the limit, the next start serves"

// notices says whether the kiosk has noticed, in time and in words.
func notices(ctx context.Context, h *house.House, part string) error {
	code, err := ends(ctx, h, limit+patience)
	if err != nil {
		return err
	}
	if code != agent.ExitStuck {
		return fmt.Errorf("the kiosk ended with code %d, want %d", code, agent.ExitStuck)
	}
	return logged(h, `"stuck":"`+part+`"`, part+" has not moved for", `"goroutines":"goroutine `)
}

// Nothing is in the log that a dump of goroutines must not tell.
func tellsNothing(h *house.House) error {
	text, err := os.ReadFile(h.Kiosk.Log)
	if err != nil {
		return err
	}
	if strings.Contains(string(text), "0x") {
		return errors.New("the dump holds what nobody can name")
	}
	for _, p := range h.Stock.People {
		if strings.Contains(string(text), string(p.Card)) {
			return errors.New("the log holds a card's number")
		}
	}
	return nil
}

func TestADiskThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	needStrace(t)
	run := torture.Start(t, torture.Rig{Harm: "the disk does not answer in the middle of a commit", Unit: "hangs", Target: target, Short: 1, Long: 1})
	m := newManager(t)
	h := build(t, house.Options{Seed: run.Seed, Command: m.environment, Config: watched(limit, 3)})
	h.Start(t)
	ctx := t.Context()
	if err := until(ctx, patience, func() error { return says("the service manager", strings.Join(m.heard(), " "), "WATCHDOG=1") }); err != nil {
		t.Fatal(err)
	}
	answers, pid := stalled(t, h), h.Kiosk.PID()
	began := time.Now()
	if err := callForHelp(ctx, h); err != nil {
		t.Fatal(err)
	}
	if err := until(ctx, limit+patience, func() error { return dead(pid) }); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	answers()
	if err := notices(ctx, h, "ledger"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(tellsNothing(h), logged(h, "waiting for it: desk")); err != nil {
		t.Error(err)
	}
	if heard := m.heard(); !slices.Contains(heard, "STATUS=ledger stuck") {
		t.Errorf("the service manager heard last %q", heard[max(0, len(heard)-3):])
	}
	if err := servesAgain(ctx, h, "ledger stood still"); err != nil {
		t.Fatal(err)
	}
	if err := agrees(ctx, h); err != nil {
		t.Error(err)
	}
	run.Reached("noticed after %.0f s with a limit of %.0f s", took.Seconds(), limit.Seconds())
}

// callForHelp makes the kiosk write something down.
func callForHelp(ctx context.Context, h *house.House) error {
	v, err := look(ctx, h)
	if err != nil {
		return err
	}
	return errors.Join(v.tap(ctx, "help"), until(ctx, patience, func() error { return v.tap(ctx, "call") }))
}

// servesAgain starts the kiosk as a service manager does.
func servesAgain(ctx context.Context, h *house.House, last string) error {
	ctx, cancel := house.Within(ctx, patience)
	defer cancel()
	if err := h.Kiosk.Start(ctx); err != nil {
		return err
	}
	if _, err := comes(ctx, h, "home"); err != nil {
		return err
	}
	return doctor(ctx, h, "WARN  restarts 1 in a row that were a fault", last)
}

// agrees lets everything come to rest, and asks the three witnesses.
func agrees(ctx context.Context, h *house.House) error {
	if err := h.Drained(ctx); err != nil {
		return err
	}
	if err := h.Stop(ctx); err != nil {
		return err
	}
	r, err := h.Read(ctx)
	if err != nil {
		return err
	}
	return house.Harms(check.AtRest(r))
}

func TestALineThatTakesNothing(t *testing.T) {
	t.Parallel()
	run := torture.Start(t, torture.Rig{Harm: "a reader takes no more bytes, and a write to it never comes back", Unit: "hangs", Target: target, Short: 1, Long: 1})
	line, stop := newFullLine(t), make(chan struct{})
	h := build(t, house.Options{Seed: run.Seed, Config: watched(limit, 3)}, `path = "pad"`, fmt.Sprintf("path = %q", line.near.Name()))
	line.fill(t, stop)
	began := time.Now()
	h.Start(t)
	ctx := t.Context()
	if now, err := comes(ctx, h, "home"); err != nil || now.Device == "" {
		t.Errorf("while the pad hangs, the screen says %q of it: %v", now.Device, err)
	}
	if err := errors.Join(notices(ctx, h, "pad pad"), tellsNothing(h)); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	close(stop)
	line.empty()
	if err := servesAgain(ctx, h, "pad pad stood still"); err != nil {
		t.Fatal(err)
	}
	run.Reached("noticed %.0f s after the start with a limit of %.0f s", took.Seconds(), limit.Seconds())
}

// TestWithoutALimitNobodyNotices shows that it is the watchdog that ends a
// kiosk that hangs, and that the rig would see its absence.
func TestWithoutALimitNobodyNotices(t *testing.T) {
	t.Parallel()
	line, stop := newFullLine(t), make(chan struct{})
	defer close(stop)
	h := build(t, house.Options{Config: watched(5*time.Minute, 3)}, `path = "pad"`, fmt.Sprintf("path = %q", line.near.Name()))
	line.fill(t, stop)
	h.Start(t)
	if code, err := ends(t.Context(), h, limit+3*time.Second); err == nil {
		t.Errorf("it ended with code %d, and nobody had set it a limit", code)
	}
}
