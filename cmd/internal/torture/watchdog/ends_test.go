package watchdog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"nightdesk/agent"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
)

// diesThrice lets the kiosk die as it does of a fault that nobody could catch:
// under the service manager's watchdog (SIGABRT) and by two more signals that
// Go's runtime answers as it answers a fault.
func diesThrice(ctx context.Context, h *house.House) error {
	for _, with := range []syscall.Signal{syscall.SIGSEGV, syscall.SIGABRT, syscall.SIGQUIT} {
		if err := syscall.Kill(h.Kiosk.PID(), with); err != nil {
			return err
		}
		code, err := ends(ctx, h, patience)
		if err != nil {
			return err
		}
		if code != agent.ExitPanic {
			return fmt.Errorf("after %v the exit code is %d, want %d", with, code, agent.ExitPanic)
		}
		if err := h.Kiosk.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// held says whether the kiosk is out of order as it must be: the screen says so,
// central is spoken with, and no device is opened.
func held(ctx context.Context, h *house.House) error {
	now, err := comes(ctx, h, "out")
	if err != nil {
		return err
	}
	return errors.Join(
		says("the screen", strings.Join(now.Body, " "), "It has stopped several times."),
		doctor(ctx, h, "FAIL  restarts out of order after 3 in a row", "Go's runtime", "OK    central  is heard", "WARN  mode     out"))
}

func TestThreeDeathsInARow(t *testing.T) {
	t.Parallel()
	run := torture.Start(t, torture.Rig{Harm: "the kiosk dies three times in a row", Unit: "deaths", Short: 3, Long: 3,
		Target: "no fourth round: out of order on the screen, central is heard, a technician's word puts it back"})
	h := build(t, house.Options{Seed: run.Seed, Config: watched(limit, 3)})
	h.Start(t)
	ctx := t.Context()
	if err := errors.Join(diesThrice(ctx, h), held(ctx, h)); err != nil {
		t.Fatal(err)
	}
	opened := strings.Count(text(t, h), "pad works")
	if err := h.Kiosk.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.Kiosk.Start(ctx), held(ctx, h)); err != nil {
		t.Fatalf("after an orderly restart, of which nobody who has looked knows: %v", err)
	}
	if n := strings.Count(text(t, h), "pad works"); n != opened {
		t.Error("a kiosk that is held opened its pad")
	}
	if err := service(ctx, h); err != nil {
		t.Fatal(err)
	}
	if _, err := comes(ctx, h, "home"); err != nil {
		t.Fatal(err)
	}
	if err := doctor(ctx, h, "OK    pad ", "OK    mode     service", "none now"); err != nil {
		t.Error(err)
	}
	run.Reached("held after three, through an orderly restart, until a technician said service")
}

// TestADayOfPowerCuts: what comes from outside says nothing about the program.
func TestADayOfPowerCuts(t *testing.T) {
	t.Parallel()
	run := torture.Start(t, torture.Rig{Harm: "the power of a vehicle is cut again and again, and the kiosk is killed", Unit: "cuts", Short: 20, Long: 200,
		Target: "that is no fault: the kiosk serves"})
	h := build(t, house.Options{Seed: run.Seed, Config: watched(limit, 3)})
	h.Start(t)
	ctx := t.Context()
	for range run.Count {
		h.Kiosk.Kill()
		if err := h.Kiosk.Start(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := comes(ctx, h, "home"); err != nil {
		t.Fatal(err)
	}
	run.Reached("in service after all of them")
}

// TestWithoutACountNobodyIsHeld shows that it is the count that takes the
// kiosk out of service, and that the rig would see its absence.
func TestWithoutACountNobodyIsHeld(t *testing.T) {
	t.Parallel()
	h := build(t, house.Options{Config: watched(limit, 0)})
	h.Start(t)
	if err := diesThrice(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if _, err := comes(t.Context(), h, "home"); err != nil {
		t.Errorf("a kiosk that does not count is held: %v", err)
	}
}

func text(t *testing.T, h *house.House) string {
	t.Helper()
	b, err := os.ReadFile(h.Kiosk.Log)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
