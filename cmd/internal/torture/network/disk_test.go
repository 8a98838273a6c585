package network

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
)

// The broker is killed while events wait, its disk is wiped, and it comes back
// knowing nothing: no session, no queue, no retained message. Kiosk and central
// find each other again without anybody's help.
func TestEmptyDisk(t *testing.T) {
	beside(t)
	run := torture.Start(t, torture.Rig{
		Harm: "Mosquitto killed with SIGKILL while events wait, its persistence deleted, and started again", Unit: "wipes",
		Target: target + "; feeds go on", Short: 3, Long: 500,
	})
	store := t.TempDir()
	w := newTown(t, run, house.Options{Broker: []string{
		"persistence true", "persistence_location " + store + "/", "autosave_on_changes true", "autosave_interval 1",
	}})
	w.Start(t)
	waited := 0
	w.evening(t, run, func(ctx context.Context) error {
		for i := range run.Count {
			n, err := w.wipe(ctx, filepath.Join(store, "mosquitto.db"))
			if err != nil {
				return fmt.Errorf("wipe %d: %w", i+1, err)
			}
			waited += n
		}
		return w.news(ctx)
	})
	run.Reached("%d events waited", waited)
}

// wipe kills the broker, waits until an event waits for it, and starts it with
// an empty disk.
func (w *town) wipe(ctx context.Context, file string) (waiting int, err error) {
	if err := w.honest(ctx); err != nil {
		return 0, err
	}
	if err := until(ctx, house.Longest, func() bool { _, err := os.Stat(file); return err == nil }); err != nil {
		return 0, fmt.Errorf("the broker has written nothing: %w", err)
	}
	w.Broker.Kill()
	err = until(ctx, house.Longest, func() bool {
		r, err := ledger.Audit(ctx, agent.LedgerPath(w.Config))
		waiting = r.Unacked()
		return err == nil && waiting > 0
	})
	if err != nil {
		return 0, fmt.Errorf("no borrower made an event: %w", err)
	}
	if err := os.Remove(file); err != nil {
		return 0, err
	}
	house.Pause(ctx.Done(), time.Duration(w.rng.IntN(300))*time.Millisecond)
	if err := w.Broker.Start(ctx); err != nil {
		return 0, err
	}
	for _, p := range []*house.Program{w.Kiosk, w.Central} {
		if err := w.connected(ctx, p); err != nil {
			return 0, err
		}
		if err := w.relieve(ctx, p); err != nil {
			return 0, err
		}
	}
	return waiting, nil
}

// news is a new item that central learns of; the kiosk must hear of it, though
// the broker has forgotten where the feeds stand.
func (w *town) news(ctx context.Context) error {
	if err := w.honest(ctx); err != nil {
		return err
	}
	path := filepath.Join(w.Dir, "exports", "items.csv")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(string(text), "\n")
	before, _, _ := strings.Cut(lines[1], ",")
	const fresh = "31221012345679"
	if err := os.WriteFile(path, []byte(string(text)+strings.Replace(lines[1], before, fresh, 1)), 0o600); err != nil {
		return err
	}
	if _, err := w.CentralCommand(ctx, "import", path); err != nil {
		return err
	}
	want, said := fmt.Sprintf("%d items", len(w.Stock.Books)+1), ""
	err = until(ctx, house.Longest, func() bool {
		said, _ = w.KioskCommand(ctx, "doctor")
		return strings.Contains(said, want)
	})
	if err != nil {
		return fmt.Errorf("the kiosk did not hear of a new item: %w: doctor says\n%s", err, said)
	}
	return nil
}
