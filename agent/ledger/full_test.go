package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"nightdesk/agent/circ"
	"nightdesk/agent/ledger"
)

// A disk of 2 MiB runs full under a ledger: what was acknowledged is there,
// what was refused is not, and it works again when there is room.
func TestAFullDiskRefusesAndLosesNothing(t *testing.T) {
	d := newDesk(t)
	disk := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=2m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mount a small disk: %v", err)
		}
		t.Skip("only root can mount the small disk that this test fills")
	}
	t.Cleanup(func() {
		d.Close()
		if err := unix.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	d.Close()
	d.path, d.o.Reserve = filepath.Join(disk, "ledger.db"), 512<<10
	d.start()

	lend := func(n int) (circ.Receipt, error) {
		rs, err := d.Record(context.Background(), d.now, []circ.Request{d.ask(circ.Issue, circ.ItemID(fmt.Sprint("item ", n)), nil)}, circ.Facts{}, yes)
		if err != nil {
			return circ.Receipt{}, err
		}
		return rs[0], nil
	}
	done := 0
	for ; done < 5; done++ {
		if r, err := lend(done); err != nil || r.State != circ.Done {
			t.Fatalf("issue %d on an empty disk: %+v, %v", done, r, err)
		}
	}
	fill(t, filepath.Join(disk, "photographs"))
	for n := done; ; n++ {
		r, err := lend(n)
		if err == nil && r.Decision.Reason == circ.LedgerReadOnly {
			break // refused in plain words
		}
		if err == nil {
			done++
		}
		if n == 1000 {
			t.Fatalf("%d issues done on a full disk", done)
		}
	}
	back := d.record(d.ask(circ.Return, "item 1", nil))[0]
	if back.State != circ.Done {
		t.Errorf("a return on the full disk: %+v, want done", back)
	}
	r, err := ledger.Audit(context.Background(), d.path)
	if err != nil || len(r.Events) != done+1 {
		t.Fatalf("%d events, %v, want the %d that were acknowledged", len(r.Events), err, done+1)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", unix.MS_REMOUNT, "size=8m"); err != nil {
		t.Fatal(err)
	}
	if r, err := lend(9002); err != nil || r.State != circ.Done {
		t.Errorf("with room again: %+v, %v, want done", r, err)
	}
}

// fill writes until nothing more goes on the disk.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("fill the disk: %v", err)
	}
}
