package restore

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nightdesk/agent"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
)

func TestMain(m *testing.M) { house.Main(m) }

// The real programs: the kiosk is killed and its disk copied; later it is killed
// again and put back, lends on while the broker is down, and meets central
// again; and then central is killed and put back to an older copy.
func TestPrograms(t *testing.T) {
	house.NeedBroker(t)
	run := torture.Start(t, torture.Rig{
		Harm: "the real kiosk's disk put back while it is out of reach, then central's database", Unit: "rounds",
		Target: "nothing acknowledged lost, nothing doubled, the record is what screens said", Short: 1, Long: 40,
	})
	h := house.New(t, house.Options{Seed: run.Seed})
	h.Start(t)
	b := house.NewBorrower(h, run.Seed)
	var lives []ledger.Report
	for range run.Count {
		life, err := round(t.Context(), h, b)
		if err != nil {
			t.Fatalf("%v\nthe last of the borrower:\n%s", err, strings.Join(b.Story, "\n"))
		}
		lives = append(lives, life)
	}
	if err := h.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := h.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.Told, r.Lives = b.Told, lives
	v := check.AtRest(r)
	if err := house.Harms(v); err != nil {
		t.Error(err)
	}
	run.Reached("%d visits, %d events acknowledged, %d lost, %d doubled", b.Visits, v.Acked, v.Lost, v.Doubled)
}

// round puts both back once, and gives the life of the ledger that ended.
func round(ctx context.Context, h *house.House, b *house.Borrower) (life ledger.Report, err error) {
	data, image := h.Config.Data, filepath.Join(h.Dir, "image")
	database := filepath.Join(h.CentralDir(), "central.db")
	backup := filepath.Join(h.Dir, "backup.db")
	err = all(ctx,
		b.Borrow, kill(h.Kiosk), copies(data, image), h.Kiosk.Start,
		b.Borrow, h.Drained, kill(h.Kiosk))
	if err != nil {
		return life, err
	}
	if life, err = ledger.Audit(ctx, agent.LedgerPath(h.Config)); err != nil {
		return life, err
	}
	return life, all(ctx,
		kill(h.Broker), copies(image, data), h.Kiosk.Start,
		b.Borrow, h.Broker.Start, h.Drained,
		func(ctx context.Context) error {
			if err := os.RemoveAll(backup); err != nil {
				return err
			}
			_, err := h.CentralCommand(ctx, "backup", backup)
			return err
		},
		b.Borrow, h.Drained,
		kill(h.Central), removed(database+"-wal", database+"-shm"), copies(backup, database), h.Central.Start,
		b.Borrow, h.Drained)
}

func all(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func kill(p *house.Program) func(context.Context) error {
	return func(context.Context) error { p.Kill(); return nil }
}

func removed(paths ...string) func(context.Context) error {
	return func(context.Context) error {
		for _, path := range paths {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
		return nil
	}
}

// copies puts a file, or the files of a folder, in another's place.
func copies(from, to string) func(context.Context) error {
	return func(context.Context) error {
		info, err := os.Stat(from)
		if err != nil {
			return err
		}
		if !info.IsDir() {
			body, err := os.ReadFile(from)
			if err != nil {
				return err
			}
			return os.WriteFile(to, body, 0o600)
		}
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		return os.CopyFS(to, os.DirFS(from))
	}
}
