package cache

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"nightdesk/agent/contract"
)

// Migrations are numbered from 0001 without a gap; each runs once, in one
// transaction with the number it brings the file to.
//
// The program itself adds to the one with the number sums: every row's checksum.
//
//go:embed migrations/*.sql
var migrations embed.FS

const sums = 4

// migrate brings the file to the newest schema. A file of a newer schema, and
// one that holds somebody else's tables, is damaged: it is put aside.
func (c *Cache) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql") // in order of name
	if err != nil {
		return err
	}
	var at, tables int
	if err := c.w.QueryRowContext(ctx, "PRAGMA user_version").Scan(&at); err != nil {
		return err
	}
	if at < 0 || at > len(names) {
		return fmt.Errorf("%w: its schema is number %d, and this program knows %d", errDamaged, at, len(names))
	}
	if err := c.w.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	if at == 0 && tables > 0 {
		return fmt.Errorf("%w: it is not a cache", errDamaged)
	}
	for n := at; n < len(names); n++ {
		if err := c.step(ctx, names[n], n+1); err != nil {
			return fmt.Errorf("migrate to schema %d: %w", n+1, err)
		}
	}
	return c.whole(ctx)
}

func (c *Cache) step(ctx context.Context, name string, number int) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	_, err = c.writeHere(ctx, func(tx *sql.Tx) error {
		if _, err := tx.Exec(string(text)); err != nil {
			return err
		}
		if number == sums {
			if err := sealAll(tx); err != nil {
				return err
			}
		}
		_, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d", number))
		return err
	})
	return err
}

// whole asks for the rows without which nothing works, and counts the others.
func (c *Cache) whole(ctx context.Context) error {
	var rows int
	err := c.w.QueryRowContext(ctx,
		"SELECT (SELECT count(*) FROM feed WHERE feed IN ('items', 'own')) + (SELECT count(*) FROM clock)").Scan(&rows)
	if err != nil {
		return err
	}
	if rows != 3 {
		return fmt.Errorf("%w: its first rows are missing", errDamaged)
	}
	_, err = c.writeHere(ctx, func(tx *sql.Tx) error {
		if _, err := floor(tx); err != nil {
			return err
		}
		for _, feed := range []contract.Feed{contract.FeedItems, contract.FeedOwn} {
			if _, err := standing(tx, feed); err != nil {
				return err
			}
		}
		return counts(tx)
	})
	return err
}
