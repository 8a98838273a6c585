package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
)

//go:embed migrations/*.sql
var migrations embed.FS

// oldestFrom is the schema that says which programs may go on with it.
const oldestFrom = 4

// migrate applies the numbered files that user_version has not seen, each in
// one transaction.
//
// A central that is put back to an older program goes on with a newer database
// if its migrations allow it: one that only adds what an older program can pass
// over says so in a line "-- oldest: N", N being the schema that a program must
// know. Without the line a migration allows no older program.
func (s *Store) migrate(ctx context.Context, files fs.FS) error {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return err
	}
	var done int
	if err := s.w.QueryRowContext(ctx, "PRAGMA user_version").Scan(&done); err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if done > len(names) {
		return s.mayGoOn(ctx, done, len(names))
	}
	for i := done; i < len(names); i++ {
		text, err := fs.ReadFile(files, names[i])
		if err != nil {
			return err
		}
		err = s.write(ctx, func(t *Tx) error {
			return t.script(string(text) + fmt.Sprintf("\nPRAGMA user_version = %d;", i+1))
		})
		if err != nil {
			return fmt.Errorf("bring the schema to version %d: %w", i+1, err)
		}
	}
	if done == len(names) {
		return nil
	}
	return s.write(ctx, func(t *Tx) error { return t.exec(`UPDATE state SET oldest = ?`, allowed(files)) })
}

// mayGoOn says whether this program may go on with a database of a newer schema.
func (s *Store) mayGoOn(ctx context.Context, done, know int) error {
	var oldest int
	err := s.w.QueryRowContext(ctx, `SELECT oldest FROM state`).Scan(&oldest)
	if err == nil && oldest <= know {
		return nil
	}
	return fmt.Errorf("the schema's version is %d and this program knows only %d: install the newer nightdesk-central", done, know)
}

// allowed is the oldest schema that a program must know to go on with what
// these migrations make.
func allowed(files fs.FS) int {
	names, _ := fs.Glob(files, "migrations/*.sql") // the pattern is a good one
	most := oldestFrom
	for i, name := range names {
		if version := i + 1; version > oldestFrom {
			text, _ := fs.ReadFile(files, name) // "" allows nobody
			most = max(most, oldest(string(text), version))
		}
	}
	return most
}

func oldest(text string, version int) int {
	m := regexp.MustCompile(`(?m)^-- oldest: (\d+)$`).FindStringSubmatch(text)
	if m == nil {
		return version
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return version
	}
	return min(n, version)
}
