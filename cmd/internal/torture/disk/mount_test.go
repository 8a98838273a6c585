package disk

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk is a file system of 64 MB in a folder of its own, and what kind it
// is: ext4 on a loop device, or where that cannot be had a limited tmpfs.
func smallDisk(t *testing.T) (dir, kind string) {
	t.Helper()
	if os.Geteuid() != 0 {
		const say = "only root can mount the small disk that this test fills"
		if os.Getenv("CI") == "true" {
			t.Fatal(say)
		}
		t.Skip(say)
	}
	dir = filepath.Join(t.TempDir(), "disk")
	must(t, os.Mkdir(dir, 0o700))
	kind = "ext4"
	if err := mountLoop(filepath.Join(t.TempDir(), "image"), dir); err != nil {
		t.Logf("no loop device, so a tmpfs: %v", err)
		kind = "tmpfs"
		must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"))
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir, kind
}

func mountLoop(image, dir string) error {
	f, err := os.Create(image)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(64<<20), f.Close()); err != nil {
		return err
	}
	for _, command := range [][]string{{"mkfs.ext4", "-q", "-F", "-m", "0", image}, {"mount", "-o", "loop", image, dir}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command[0], err, out)
		}
	}
	return nil
}

// photographs is the file of another program, which takes all the room there is.
type photographs struct{ path string }

// grow writes until nothing more goes on the disk.
func (p photographs) grow(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile(p.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(t, err)
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err = f.Write(make([]byte, size)); err != nil {
			size /= 16 // what is left is smaller
		}
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("fill the disk: %v", err)
	}
	if err := f.Sync(); err != nil && !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
}

func (p photographs) delete(t *testing.T) {
	t.Helper()
	must(t, os.Remove(p.path))
}
