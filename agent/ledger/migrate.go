package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
)

// migrate brings the schema up by one numbered file at a time, each in one
// transaction.
//
// A program that is put back to an older version finds files of the newer one.
// It goes on with them if their migrations allow it: one that only adds what an
// older program can pass over says so in a line "-- oldest: N", N being the
// schema that a program must know. What it adds must then have defaults, and
// must not be part of a row's checksum. Without the line a migration allows no
// older program, which says so (ErrNewer) and touches nothing.
func migrate(ctx context.Context, db *sql.DB, files fs.FS) error {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return err
	}
	var have int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return fmt.Errorf("read the schema version: %w", err)
	}
	if have > len(names) {
		return mayGoOn(ctx, db, have, len(names))
	}
	for i := have; i < len(names); i++ {
		text, err := fs.ReadFile(files, names[i])
		if err == nil {
			err = migrateOne(ctx, db, string(text), i+1)
		}
		if err != nil {
			return fmt.Errorf("bring the schema to version %d: %w", i+1, err)
		}
	}
	return nil
}

// mayGoOn says whether this program may go on with a ledger of a newer schema.
func mayGoOn(ctx context.Context, q querier, have, know int) error {
	t, err := readTotals(ctx, q)
	if err == nil && t.oldest <= int64(know) {
		return nil
	}
	return fmt.Errorf("%w: its schema is version %d and this program knows %d; install the newer program", ErrNewer, have, know)
}

func migrateOne(ctx context.Context, db *sql.DB, text string, version int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, text); err != nil {
		return err
	}
	switch {
	case version == totalsFrom:
		err = firstTotals(ctx, tx)
	case version > totalsFrom:
		err = raiseOldest(ctx, tx, oldest(text, version))
	}
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return err
	}
	return tx.Commit()
}

// oldest is the oldest schema that a migration allows a program to know.
func oldest(text string, version int) int64 {
	m := regexp.MustCompile(`(?m)^-- oldest: (\d+)$`).FindStringSubmatch(text)
	if m == nil {
		return int64(version)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil || n > int64(version) {
		return int64(version)
	}
	return n
}

func raiseOldest(ctx context.Context, tx *sql.Tx, to int64) error {
	t, err := readTotals(ctx, tx)
	if err != nil || to <= t.oldest {
		return err
	}
	t.oldest = to
	_, err = tx.ExecContext(ctx, "UPDATE total SET oldest = ?, sum = ?", t.oldest, t.sum())
	return err
}
