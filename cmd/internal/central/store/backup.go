package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Backup writes a whole copy of the database to path, mode 0600. The copy is
// made beside it, synced, and only then given its name: SQLite's own copy is
// not durable when it returns. It is an error if path is there already.
func (s *Store) Backup(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already; name a new file", path)
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".backup-") // mode 0700
	if err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	part := filepath.Join(dir, "part")
	_, err = s.w.ExecContext(ctx, `VACUUM INTO ?`, part)
	if err == nil {
		err = errors.Join(os.Chmod(part, 0o600), syncFile(part))
	}
	if err == nil {
		err = os.Rename(part, path)
	}
	if err == nil {
		err = syncFile(filepath.Dir(path))
	}
	if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
