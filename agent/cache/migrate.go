package cache

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

// Migrations are numbered from 0001 without a gap; each runs once, in one
// transaction with the number it brings the file to.
//
//go:embed migrations/*.sql
var migrations embed.FS

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
	return c.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.Exec(string(text)); err != nil {
			return err
		}
		_, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d", number))
		return err
	})
}

// whole asks for the rows without which nothing works.
func (c *Cache) whole(ctx context.Context) error {
	var rows int
	err := c.w.QueryRowContext(ctx,
		"SELECT (SELECT count(*) FROM feed WHERE feed IN ('items', 'own')) + (SELECT count(*) FROM clock)").Scan(&rows)
	if err == nil && rows != 3 {
		err = fmt.Errorf("%w: its first rows are missing", errDamaged)
	}
	return err
}
